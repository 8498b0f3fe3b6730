/** Node 20 has no WebSocket of its own. */

import { WebSocket } from "ws";

Object.assign(globalThis, { WebSocket });

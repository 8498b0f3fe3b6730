/** Streams body poses to a posewire server and reads action labels as they happen. */

export { Client, type ClientEvents, type ClientOptions, type Declaration, type State } from "./client.js";
export { DEFAULT_RECONNECT, type Reconnect } from "./backoff.js";
export { type Counts } from "./counts.js";
export { PosewireError, type Reason } from "./closing.js";
export { type Person } from "./codec.js";
export type {
  Actions,
  ActionEvent,
  ErrorMessage,
  Hello,
  Model,
  Notice,
  Options,
  PersonAction,
  SeenPerson,
  SeenPose,
  ServerMessage,
  Taught,
  Timing,
  Welcome,
} from "./messages.js";

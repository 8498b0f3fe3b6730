"""A small honest server of the wire, version 1, with faults to order. It runs in a thread."""

import asyncio
import contextlib
import http
import threading
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from tests.clients.fake_conversation import Conversation
from tests.clients.fake_memory import Memory
from tests.clients.fake_rules import Fault, Rules, Session, Timing


class FakeServer:
    """Listens on a free port of this machine from `with` on.

    Args:
        faults: For the coming connections, in order; None for one without.
        timing: Of the model.
        token: Asked for in `hello`, unless None.
        extra: Messages sent right after `welcome`, as they are.
        memory: Keeps lost sessions; without one they begin anew.
    """

    def __init__(
        self,
        *,
        faults: Iterable[Fault | None] = (),
        timing: Timing | None = None,
        token: str | None = None,
        extra: Iterable[dict[str, Any]] = (),
        memory: Memory | None = None,
    ) -> None:
        self.url = ""
        self._faults = list(faults)
        self._rules = Rules(timing or Timing(), token, list(extra), memory)
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait(5)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(5)

    @property
    def sessions(self) -> list[Session]:
        """All connections so far."""
        return self._rules.sessions

    @property
    def poses(self) -> list[dict[str, Any]]:
        """All poses of all connections."""
        return [pose for session in self.sessions for pose in session.poses]

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopped = asyncio.Event()
        server: Server
        async with serve(
            self._handle, "127.0.0.1", 0, process_request=self._http, close_timeout=0.5
        ) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            self.url = f"ws://127.0.0.1:{port}/v1/stream"
            self._ready.set()
            await self._stopped.wait()

    def _http(self, connection: ServerConnection, request: Request) -> Response | None:
        if request.path != "/v1/stream":
            return connection.respond(http.HTTPStatus.NOT_FOUND, "nothing here\n")
        fault = self._faults[0] if self._faults else None
        if fault is None or fault.status is None:
            return None
        self._faults.pop(0)
        response = connection.respond(http.HTTPStatus(fault.status), "no\n")
        if fault.location:
            response.headers["Location"] = fault.location
        return response

    async def _handle(self, socket: ServerConnection) -> None:
        fault = self._faults.pop(0) if self._faults else None
        conversation = Conversation(socket, self._rules, fault)
        with contextlib.suppress(ConnectionClosed):
            await conversation.hold()
        await socket.wait_closed()
        conversation.session.close_code = socket.close_code

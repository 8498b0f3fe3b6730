"""The connection: uvicorn's websocket, ended so that the client learns why and nothing is left.

A connection that is closed while bytes of the client lie unread is reset, and a reset may overtake
the close frame that says why. So where the server ends a connection in the middle of a message, or
because it stops, it goes on reading, into nothing, until the client is quiet.
"""

from asyncio import TimerHandle
from collections.abc import Iterable, Mapping
from typing import Any, cast

from uvicorn._types import ASGIReceiveEvent, WebSocketReceiveEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import State

QUIET_S = 0.5
"""A client that was told why and sends nothing for so long is closed."""

STOP_S = 2.0
"""How long a client has to close its side once the server stops."""

CLOSE_S = 3.0
"""How long after its session a connection may still be there, whatever the client does."""

READ_AHEAD_BYTES = 16 << 10
"""So much is read of a client before its session takes it. To stop reading after every message, as
uvicorn does, costs two calls of the system for each."""

EVENT_BYTES = 256
"""What a message costs in memory beside its own bytes."""

INTERRUPTION = cast(ASGIReceiveEvent, {"type": "posewire.interruption"})
"""An event that no client sent: whoever waits for a message is to look up."""

LOST = 1006
"""What a connection ends with that just broke."""

NOT_TEXT = 1007
UNANSWERED = 1011
RESTART = 1012

EXTENSION = "posewire"
"""What a session finds its connection under, among the extensions of its ASGI scope."""


class Ended(Exception):
    """A connection has ended, or is about to.

    Attributes:
        code: the closing code.
    """

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Connection(WebSocketsSansIOProtocol):
    """One client's connection."""

    _abort_timer: TimerHandle | None = None
    _ahead_bytes = 0
    _owed_pong = b""

    async def run_asgi(self) -> None:
        """Runs the session; a client that reads nothing loses its connection afterwards."""
        self.scope["extensions"][EXTENSION] = {"connection": self}
        await super().run_asgi()
        if not self.disconnected:
            self._abort_timer = self.loop.call_later(CLOSE_S, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """Lets go of what was waited for."""
        super().connection_lost(exc)
        if self._abort_timer is not None:
            self._abort_timer.cancel()

    def data_received(self, data: bytes) -> None:
        """Takes bytes in; after what cannot be parsed it passes over them."""
        if self.conn.parser_exc is None:
            super().data_received(data)
        else:
            self._close_in(QUIET_S)

    def send_receive_event_to_app(self) -> None:
        """Hands a message over; text that is no text ends the connection."""
        data = b"".join(self.frames)
        self.frames = []
        if self.close_sent:
            return
        event: WebSocketReceiveEvent = {"type": "websocket.receive", "bytes": data}
        if self.curr_msg_data_type == "text":
            try:
                event = {"type": "websocket.receive", "text": data.decode()}
            except UnicodeDecodeError:
                # Where the client's own close came right behind it, that ends the connection.
                if self.conn.state is State.OPEN:
                    self.conn.send_close(NOT_TEXT, "a text message is UTF-8, this one is not")
                    self.handle_parser_exception()
                return
        if self.queue.empty():
            self._ahead_bytes = 0
        self._ahead_bytes += len(data) + EVENT_BYTES
        self.queue.put_nowait(event)
        if self._ahead_bytes >= READ_AHEAD_BYTES and not self.read_paused:
            self.read_paused = True
            self.transport.pause_reading()

    def interrupt(self) -> None:
        """Has whoever waits for a message look up, once those are taken that have come."""
        self.queue.put_nowait(INTERRUPTION)

    async def next_message(self) -> str | bytes | None:
        """Returns the next message, as soon as there is one; None after an interruption.

        Raises:
            Ended: no message comes any more.
        """
        event: Mapping[str, Any] = await self.receive()
        if event["type"] == "websocket.disconnect":
            raise Ended(int(event.get("code") or LOST))
        text: str | None = event.get("text")
        data: bytes | None = event.get("bytes")
        return data if text is None else text

    def tell(self, messages: Iterable[str | bytes]) -> None:
        """Sends messages, all together, to a client that reads.

        Raises:
            Ended: nothing can be sent any more.
        """
        if self.disconnected or self.close_sent or self.conn.state is not State.OPEN:
            raise Ended(LOST)
        for message in messages:
            if isinstance(message, str):
                self.conn.send_text(message.encode())
            else:
                self.conn.send_binary(message)
        self.transport.write(b"".join(self.conn.data_to_send()))

    def handle_parser_exception(self) -> None:
        """Ends a connection on which something came that is no websocket, or is too large."""
        sent = self.conn.close_sent
        code, reason = (sent.code, sent.reason) if sent else (1006, "")
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self._end(QUIET_S)

    def shutdown(self) -> None:
        """Ends the connection because the server stops."""
        if not self.handshake_complete:
            super().shutdown()
        elif self.close_sent:
            self._close_in(QUIET_S)
        else:
            self.end(RESTART, "the server is stopping; connect again")

    def handle_ping(self) -> None:
        """Answers a ping; of those of a client that reads nothing, the newest, once it reads.

        RFC 6455, 5.5.3.
        """
        if self.writable.is_set():
            super().handle_ping()
        else:
            self._owed_pong = b"".join(self.conn.data_to_send())

    def resume_writing(self) -> None:
        """Goes on where the client reads again."""
        super().resume_writing()
        owed, self._owed_pong = self._owed_pong, b""
        if owed and self.conn.state is State.OPEN:
            self.transport.write(owed)

    def keepalive_timeout(self) -> None:
        """Ends a connection whose client has not answered a ping: it is no longer there."""
        if self.read_paused:
            # The answer may lie behind messages that the session has not taken yet.
            self.pong_timer = None
            self.pending_ping_payload = None
            self.schedule_ping()
        else:
            self.end(UNANSWERED, f"no answer to a ping within {self.ping_timeout:g} s")

    def end(self, code: int, reason: str) -> None:
        """Ends the connection, and the session with it, whatever the client does."""
        if self.disconnected or self.conn.state is not State.OPEN:
            return
        self.stop_keepalive()
        self.conn.send_close(code, reason)
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self._end(STOP_S)

    def _end(self, seconds: float) -> None:
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self._close_in(seconds)

    def _close_in(self, seconds: float) -> None:
        if self.close_timer is not None:
            self.close_timer.cancel()
        self.close_timer = self.loop.call_later(seconds, self.transport.close)

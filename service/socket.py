"""The socket: a websocket as an async iterator of decoded messages, with its limits.

Sending never waits for the network while a client keeps up: what it does not read in time goes to
its outbox.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from itertools import islice

from starlette.websockets import WebSocket, WebSocketDisconnect

from service.admission import STOPPING
from service.codec import check_size, decode, encode
from service.connection import EXTENSION, LOST, Connection, Ended
from service.metrics import Metrics
from service.outbox import Outbox
from service.patience import Patience
from service.protocol import (
    MOVED,
    NOT_ALLOWED,
    PROTOCOL,
    RESTART,
    Actions,
    ClientMessage,
    Error,
    Event,
    Hello,
    Image,
    Notice,
    Pose,
    Refusal,
    ServerMessage,
)
from service.settings import Settings

AT_ONCE = 8
"""So many messages are handed to the network together; then it is seen whether the client reads."""


class Gone(Exception):
    """The client has closed its side, or does not read: nothing can be sent any more."""


class ClientSocket:
    """One client's messages in and out.

    A message that cannot be read is answered with an error and passed over; the connection goes on.
    Replies are in the encoding of the first message.

    Args:
        websocket: an accepted websocket of this service's server.
        settings: limits of size and time.
        metrics: where what happens is counted.

    Attributes:
        draining: whether the session was asked to end because the server stops.
        code: the closing code, once the connection has ended without the session's doing.
        received: messages that came.
        sent: messages that were sent.
    """

    def __init__(self, websocket: WebSocket, settings: Settings, metrics: Metrics) -> None:
        self._connection: Connection = websocket.scope["extensions"][EXTENSION]["connection"]
        self._websocket = websocket
        self._settings = settings
        self._metrics = metrics
        self._text: bool | None = None
        self._closed = False
        self._model = ""
        self._images = False
        self._outbox = Outbox(settings.waiting_messages, supersedes=True)
        self._room = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None
        self._patience = Patience(asyncio.get_running_loop(), self._connection.interrupt)
        self.draining = False
        self.code = LOST
        self.received = 0
        self.sent = 0

    @property
    def dropped(self) -> int:
        """Labels that were passed over because the client read too slowly."""
        return self._outbox.dropped

    @property
    def waiting(self) -> tuple[Actions | Event, ...]:
        """Answers and events that the client has not taken yet, and that may be lost with it."""
        return self._outbox.certain

    def suit(self, hello: Hello, model: str, passed_over: int = 0) -> None:
        """Takes from now on what a client announced, and waits for it if it wants every label.

        Args:
            hello: what it announced.
            model: the `name@version` of what answers it, for the metrics.
            passed_over: labels that an earlier connection of its session was not sent.
        """
        self._outbox.dropped = passed_over
        self._model = model
        self._images = hello.layout == "image"
        self._outbox.supersedes = hello.options.drop == "oldest"

    async def receive(self, timeout_s: float, awaited: str) -> ClientMessage:
        """Returns the next message.

        Args:
            timeout_s: how long to wait for it.
            awaited: what the client is told was waited for in vain.

        Raises:
            Refusal: the message cannot be read, is too large, none came in time, or the server
                stops.
            Gone: the client has closed.
        """
        self._patience.begin(timeout_s)
        while (data := await self._receive_data()) is None:
            if self.draining:
                raise Refusal("draining", STOPPING, RESTART)
            if self._patience.over:
                raise Refusal("timeout", f"{awaited} within {timeout_s:g} s", PROTOCOL)
        self._patience.end()
        if self._text is None:
            self._text = isinstance(data, str)
        return self._decoded(data)

    async def messages(self) -> AsyncIterator[ClientMessage]:
        """Yields messages until the client goes; one that cannot be read is refused and left out.

        It ends, too, where the server stops, which the client is told.

        Raises:
            Refusal: one that ends the connection.
        """
        while True:
            try:
                message = await self.receive(self._settings.idle_s, "a client sends something")
            except Refusal as refusal:
                if self.draining:
                    break
                if refusal.close is not None:
                    raise
                await self.refuse(refusal)
                continue
            except Gone:
                return
            if isinstance(message, Pose | Image):
                self._metrics.frame_came("pose" if isinstance(message, Pose) else "image")
            yield message
        await self.send(Notice("draining", STOPPING))

    def drain(self) -> None:
        """Asks the session to end because the server stops."""
        self.draining = True
        self._connection.interrupt()

    def leave(self) -> None:
        """Ends the connection because its client has come back on another."""
        if not self._closed:
            self._end(MOVED, "the session goes on in another connection")

    async def send(self, message: ServerMessage) -> None:
        """Sends a message, at once or as soon as the client has read what came before.

        Raises:
            Gone: the client has closed, or has not read for too long.
        """
        if self._closed:
            raise Gone
        if self._free:
            self._transmit((message,))
            return
        dropped = self._outbox.dropped
        while not self._outbox.put(message):
            if self._outbox.supersedes:
                self._end(NOT_ALLOWED, f"{len(self._outbox)} messages wait for you to read them")
                raise Gone
            self._room.clear()
            await self._room.wait()
            if self._closed:
                raise Gone
        if self._outbox.dropped > dropped:
            self._metrics.dropped("slow-client", self._outbox.dropped - dropped)
        if self._writer is None:
            self._writer = asyncio.create_task(self._empty_outbox())

    async def send_all(self, waiting: deque[Actions | Event]) -> None:
        """Sends messages in their order; each leaves `waiting` when it is sent.

        Raises:
            Gone: as with `send`; what is left was not sent.
        """
        while waiting:
            if self._closed or not self._free:
                await self.send(waiting[0])
                waiting.popleft()
                continue
            together = list(islice(waiting, AT_ONCE))
            self._transmit(together)
            for _ in together:
                waiting.popleft()

    async def refuse(self, refusal: Refusal) -> None:
        """Tells the client what it did wrong, and closes where that ends the connection."""
        self._metrics.refused(refusal.code)
        fatal = refusal.close is not None
        await self.send(Error(refusal.code, str(refusal), fatal))
        if refusal.close is not None:
            await self.close(refusal.close, str(refusal))

    async def flush(self) -> None:
        """Waits until all is sent that waits for the client to read, or nothing can be any more."""
        if self._writer is not None:
            await self._writer

    async def close(self, code: int, reason: str = "") -> None:
        """Closes the connection once all is sent; a close frame holds at most 123 bytes of reason.

        Raises:
            Gone: the client was closed already, or has not read for too long.
        """
        await self.flush()
        if not self._closed:
            self._closed = True
            short = reason.encode()[:123].decode(errors="ignore")
            try:
                async with asyncio.timeout(self._settings.send_s):
                    await self._websocket.close(code, short)
            except TimeoutError:
                self._end(NOT_ALLOWED, f"nothing was read for {self._settings.send_s:g} s")
                raise Gone from None
            except (WebSocketDisconnect, RuntimeError, OSError):
                # RuntimeError is what Starlette says of a socket that is closed already.
                raise Gone from None

    async def release(self) -> None:
        """Lets go of what still waits, once the session is over."""
        self._closed = True
        self._patience.stop()
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.gather(self._writer, return_exceptions=True)

    async def _empty_outbox(self) -> None:
        """Sends what waits, as fast as the client reads it."""
        try:
            while self._outbox:
                async with asyncio.timeout(self._settings.send_s):
                    await self._connection.writable.wait()
                while self._outbox and self._connection.writable.is_set():
                    # What the network did not take is still there for whoever resumes.
                    self._transmit((self._outbox.first,))
                    self._outbox.take()
                self._room.set()
        except TimeoutError:
            self._end(NOT_ALLOWED, f"nothing was read for {self._settings.send_s:g} s")
        except Gone:
            pass
        finally:
            self._writer = None
            self._room.set()

    @property
    def _free(self) -> bool:
        """Whether a message can be handed to the network at once, before no other."""
        return not self._outbox and self._connection.writable.is_set()

    def _transmit(self, messages: Sequence[ServerMessage]) -> None:
        """Hands messages to the transport, which has room."""
        text = self._text is not False
        try:
            self._connection.tell(encode(self._outbox.stamped(m), text=text) for m in messages)
        except Ended:
            self._closed = True
            raise Gone from None
        self.sent += len(messages)
        for message in messages:
            if isinstance(message, Actions):
                self._metrics.answered(self._model, message.timing.queue_ms / 1e3)

    def _end(self, code: int, reason: str) -> None:
        self._closed = True
        self.code = code
        self._connection.end(code, reason)
        self._room.set()

    def _decoded(self, data: str | bytes) -> ClientMessage:
        self.received += 1
        size = len(data.encode()) if isinstance(data, str) else len(data)
        keypoints, images = self._settings.message_bytes, self._settings.image_bytes
        check_size(size, max(keypoints, images) if self._images else keypoints)
        message = decode(data)
        if self._images:
            check_size(size, images if isinstance(message, Image) else keypoints)
        return message

    async def _receive_data(self) -> str | bytes | None:
        try:
            return await self._connection.next_message()
        except Ended as ended:
            if not self._closed:
                self.code = ended.code
            self._closed = True
            raise Gone from None

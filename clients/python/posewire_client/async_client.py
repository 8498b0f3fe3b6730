"""The client for asyncio: poses out, messages in, at the same time, over lost connections."""

import math
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self, Unpack

from posewire_client.codec import Codec, Encoding, People
from posewire_client.counts import Counts
from posewire_client.link import check_address
from posewire_client.messages import (
    PROTOCOL_VERSION,
    Actions,
    Forget,
    Hello,
    HelloFields,
    Message,
    Taught,
    Teach,
    Welcome,
)
from posewire_client.outbox import Frame
from posewire_client.reconnect import DEFAULT_RECONNECT, Reconnect
from posewire_client.stream import Stream


class AsyncClient:
    """One stream to a posewire server, as an async context manager and iterator.

    A stream that loses its socket, or whose server stops, resumes by itself: windows, ids, open
    events and what was taught go on. Where the server cannot, it says so in a `Notice`
    `not-resumed` and begins anew.

    With `drop: never` no frame is lost: `send_pose` waits while too many labels are due or the
    server is away, and the frames that the server has not seen are sent again. Otherwise
    the stream is live: `send_pose` never waits for the server to come back, the newest frame
    supersedes, and `counts` says how many were dropped.

    Args:
        url: Such as `ws://127.0.0.1:8000/v1/stream`.
        hello: What the poses are.
        encoding: Of the stream, both ways.
        reconnect: How long to try again. The first connection is tried again only where the
            server is there and asks for it (1012, 1013, HTTP 429 or 503).
        in_flight: With `drop: never`, how many labels may be due before `send_pose` waits.

    Raises:
        AddressError: `url` is not the address of a websocket.
    """

    def __init__(
        self,
        url: str,
        hello: Hello,
        *,
        encoding: Encoding = "msgpack",
        reconnect: Reconnect = DEFAULT_RECONNECT,
        in_flight: int = 64,
    ) -> None:
        check_address(url)
        self._codec = Codec(encoding, columns=4 if hello.coordinates == "metres" else 3)
        self._stream = Stream(url, hello, self._codec, reconnect, in_flight)
        self._last_t_ms = -math.inf

    @classmethod
    def connect(
        cls,
        url: str,
        *,
        encoding: Encoding = "msgpack",
        reconnect: Reconnect = DEFAULT_RECONNECT,
        **hello: Unpack[HelloFields],
    ) -> Self:
        """Make a client whose `hello` is given as keywords; `async with` then connects it."""
        message = Hello(version=PROTOCOL_VERSION, **hello)
        return cls(url, message, encoding=encoding, reconnect=reconnect)

    async def __aenter__(self) -> Self:
        """Connect.

        Raises:
            UnreachableError: Nobody answers.
            RefusedError: The server will not have this stream.
        """
        await self._stream.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close at once; whoever wants the pending labels says `bye` before."""
        await self._stream.close()

    @property
    def welcome(self) -> Welcome:
        """The server's latest welcome.

        Raises:
            RuntimeError: The client was never connected.
        """
        if self._stream.welcome is None:
            raise RuntimeError("the client is not connected: use it in a with block")
        return self._stream.welcome

    @property
    def counts(self) -> Counts:
        """What became of the frames so far."""
        return self._stream.counts

    async def send_pose(self, t_ms: float, people: People) -> None:
        """Send one frame.

        Args:
            t_ms: Its time on the caller's clock, in milliseconds; never goes back.
            people: The id and the keypoints of each person, or nobody. Keypoints are V rows of
                x, y, score (in metres x, y, z, score), nested or as a buffer such as a NumPy
                array; a buffer travels as raw float32. Ids are None for all to be given by
                the server.

        Raises:
            ValueError: The time is not finite, or goes back.
            TypeError: Keypoints hold something other than numbers.
            PosewireError: The stream has ended, in failure or after `bye`.
        """
        self._check_time(t_ms)
        await self._send(Frame(t_ms, self._codec.encode_pose(t_ms, people)))

    async def send_image(self, t_ms: float, data: bytes) -> None:
        """Send one picture; the client's layout is `image`, its encoding MessagePack.

        The people whom the server finds in it come back as `SeenPose`.

        Args:
            t_ms: Its time on the caller's clock, in milliseconds; never goes back.
            data: JPEG, PNG or WebP.

        Raises:
            ValueError: The time is not finite, or goes back; or the encoding is JSON.
            PosewireError: The stream has ended, in failure or after `bye`.
        """
        self._check_time(t_ms)
        await self._send(Frame(t_ms, self._codec.encode_image(t_ms, data)))

    async def teach(
        self, label: str, from_ms: float, to_ms: float, person: int | None = None
    ) -> Taught:
        """Have a span of the stream known as an action, from the next frame on.

        Args:
            label: Of the action; several examples of one label add up.
            from_ms: When the action begins, on the clock of the frames, within the last minute.
            to_ms: When it ends.
            person: Who did it; None where only one person was seen then.

        Returns:
            What is known now.

        Raises:
            LessonError: The server says why it cannot learn this, and nothing has changed; or the
                connection was lost before it answered.
            ValueError: A time is not finite.
            PosewireError: The stream has ended.
        """
        if not (math.isfinite(from_ms) and math.isfinite(to_ms)):
            raise ValueError(f"a span has finite times; got {from_ms:g} to {to_ms:g} ms")
        return await self._stream.ask(
            Teach(label=label, from_ms=float(from_ms), to_ms=float(to_ms), person=person)
        )

    async def forget(self, label: str) -> Taught:
        """Have a taught action not known any more.

        Returns:
            What is still known.

        Raises:
            LessonError: It was never taught, or cannot be taken out of its saved set; or the
                connection was lost before the server answered.
            PosewireError: The stream has ended.
        """
        return await self._stream.ask(Forget(label))

    async def bye(self) -> None:
        """Ask for all pending labels and wait until the server has closed the stream.

        The labels are then there to be iterated over.

        Raises:
            PosewireError: The stream failed before its end.
        """
        await self._stream.bye()

    async def receive(self) -> Message | None:
        """Wait for the next message; None at the end of the stream.

        Raises:
            PosewireError: The stream failed.
        """
        return await self._stream.inbox.get()

    def __aiter__(self) -> Self:
        """Iterate over all messages: the server's, and `Reconnecting` by the client itself.

        Answers to `teach` and `forget` go to whoever asked, and are not among them.
        """
        return self

    async def __anext__(self) -> Message:
        """Wait for the next message, or stop at the end of the stream."""
        message = await self.receive()
        if message is None:
            raise StopAsyncIteration
        return message

    async def actions(self) -> AsyncIterator[Actions]:
        """Iterate over the labels alone, one message a frame, and skip all else."""
        async for message in self:
            if isinstance(message, Actions):
                yield message

    async def _send(self, frame: Frame) -> None:
        self._last_t_ms = frame.t_ms
        await self._stream.send(frame)

    def _check_time(self, t_ms: float) -> None:
        if not (math.isfinite(t_ms) and t_ms >= self._last_t_ms):
            raise ValueError(
                f"the time of a frame must be finite and not go back; {t_ms:g} ms came "
                f"after {self._last_t_ms:g} ms"
            )

    def arrived(self) -> list[Message]:
        """Take the messages that have come, without waiting; for a loop with its own pace."""
        return self._stream.inbox.take_all()

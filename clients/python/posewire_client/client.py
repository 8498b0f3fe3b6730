"""The plain client: the same verbs as `AsyncClient`, without asyncio.

An `AsyncClient` runs in a thread of its own, so that it receives and reconnects while the
caller is busy. The methods may be called from any one thread at a time.
"""

from collections.abc import Coroutine, Iterator
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

from posewire_client.async_client import AsyncClient
from posewire_client.codec import Encoding, People
from posewire_client.counts import Counts
from posewire_client.loop_thread import LoopThread
from posewire_client.messages import (
    PROTOCOL_VERSION,
    Actions,
    Hello,
    HelloFields,
    Message,
    Taught,
    Welcome,
)
from posewire_client.reconnect import DEFAULT_RECONNECT, Reconnect

Result = TypeVar("Result")


class Client:
    """One stream to a posewire server, as a context manager and iterator.

    What `AsyncClient` says of live streams and of `drop: never` holds here as well.

    Args:
        url: Such as `ws://127.0.0.1:8000/v1/stream`.
        hello: What the poses are.
        encoding: Of the stream, both ways.
        reconnect: How long to try again.
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
        self._client = AsyncClient(
            url, hello, encoding=encoding, reconnect=reconnect, in_flight=in_flight
        )
        self._thread: LoopThread | None = None

    @classmethod
    def connect(
        cls,
        url: str,
        *,
        encoding: Encoding = "msgpack",
        reconnect: Reconnect = DEFAULT_RECONNECT,
        **hello: Unpack[HelloFields],
    ) -> Self:
        """Make a client whose `hello` is given as keywords; `with` then connects it."""
        message = Hello(version=PROTOCOL_VERSION, **hello)
        return cls(url, message, encoding=encoding, reconnect=reconnect)

    def __enter__(self) -> Self:
        """Connect.

        Raises:
            UnreachableError: Nobody answers.
            RefusedError: The server will not have this stream.
        """
        self._thread = LoopThread()
        try:
            self._wait_for(self._client.__aenter__())
        except BaseException:
            self._end_thread()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close at once; whoever wants the pending labels says `bye` before."""
        try:
            self._wait_for(self._client.__aexit__(kind, error, traceback))
        finally:
            self._end_thread()

    @property
    def welcome(self) -> Welcome:
        """The server's latest welcome."""
        return self._client.welcome

    @property
    def counts(self) -> Counts:
        """What became of the frames so far."""
        return self._client.counts

    def send_pose(self, t_ms: float, people: People) -> None:
        """Send one frame, as `AsyncClient.send_pose` does, and raise what it raises."""
        self._wait_for(self._client.send_pose(t_ms, people))

    def send_image(self, t_ms: float, data: bytes) -> None:
        """Send one picture, as `AsyncClient.send_image` does, and raise what it raises."""
        self._wait_for(self._client.send_image(t_ms, data))

    def teach(self, label: str, from_ms: float, to_ms: float, person: int | None = None) -> Taught:
        """Have a span known as an action, as `AsyncClient.teach` does, and raise what it raises."""
        return self._wait_for(self._client.teach(label, from_ms, to_ms, person))

    def forget(self, label: str) -> Taught:
        """Have an action forgotten, as `AsyncClient.forget` does, and raise what it raises."""
        return self._wait_for(self._client.forget(label))

    def bye(self) -> None:
        """Ask for all pending labels and wait until the server has closed the stream.

        Raises:
            PosewireError: The stream failed before its end.
        """
        self._wait_for(self._client.bye())

    def __iter__(self) -> Iterator[Message]:
        """Iterate over all messages, waiting for each, until the stream has ended.

        Raises:
            PosewireError: The stream failed.
        """
        while (message := self.receive()) is not None:
            yield message

    def receive(self) -> Message | None:
        """Wait for the next message; None at the end of the stream.

        Raises:
            PosewireError: The stream failed.
        """
        return self._wait_for(self._client.receive())

    def actions(self) -> Iterator[Actions]:
        """Iterate over the labels alone, one message a frame, and skip all else."""
        return (message for message in self if isinstance(message, Actions))

    def arrived(self) -> list[Message]:
        """Take the messages that have come, without waiting; for a loop with its own pace."""
        return self._wait_for(self._arrived())

    async def _arrived(self) -> list[Message]:
        # In the client's own thread, as all that touches its inbox.
        return self._client.arrived()

    def _wait_for(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        if self._thread is None:
            coroutine.close()
            raise RuntimeError("the client is not connected: use it in a with block")
        return self._thread.wait_for(coroutine)

    def _end_thread(self) -> None:
        if self._thread is not None:
            self._thread.stop()
            self._thread = None

"""The load's socket: a websocket client that takes little of the machine that it shares.

The protocol itself is the library's; left out is what waits for each message and for each write to
be taken, which costs a generator of thousands of messages a second more than the messages do.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import cast

from websockets.client import ClientProtocol
from websockets.exceptions import ConnectionClosedOK
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.uri import parse_uri

PATIENCE_S = 60.0
"""A server that has not opened or closed a connection by then does not do so at all."""


class LoadSocket(asyncio.Protocol):
    """One connection.

    Args:
        url: of the stream.
        heard: is called with every binary message; what it raises ends the hearing.
    """

    def __init__(self, url: str, heard: Callable[[bytes], None]) -> None:
        self._protocol = ClientProtocol(parse_uri(url), max_size=None)
        self._heard = heard
        loop = asyncio.get_running_loop()
        self._opened: asyncio.Future[Exception | None] = loop.create_future()
        self._ended: asyncio.Future[Exception | None] = loop.create_future()
        self._transport: asyncio.Transport | None = None

    async def opened(self) -> None:
        """Waits until messages can be sent.

        Raises:
            WebSocketException: the server does not open the connection.
            TimeoutError: or says nothing.
        """
        await _awaited(self._opened)

    async def ended(self) -> None:
        """Waits until the server has closed the connection.

        Raises:
            WebSocketException: it was no ordinary end.
            TimeoutError: or there was none.
            Exception: what `heard` raised.
        """
        await _awaited(self._ended)

    def send(self, message: bytes) -> None:
        """Sends a message.

        Raises:
            WebSocketException: the connection has ended.
        """
        if self._protocol.state is State.CLOSED:
            raise self._protocol.close_exc
        self._protocol.send_binary(message)
        self._flush()

    def close(self) -> None:
        """Lets go of the connection."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asks for a websocket."""
        # uvloop's are transports by what they do, not by their class.
        self._transport = cast(asyncio.Transport, transport)
        self._protocol.send_request(self._protocol.connect())
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Hands messages over, and answers what the protocol wants answered."""
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if isinstance(event, Response):
                _settle(self._opened, self._protocol.handshake_exc)
            elif isinstance(event, Frame) and event.opcode is Opcode.BINARY:
                self._hear(bytes(event.data))
        self._flush()

    def connection_lost(self, error: Exception | None) -> None:
        """Says how it ended."""
        self._protocol.receive_eof()
        reason = self._protocol.handshake_exc or self._protocol.close_exc
        _settle(self._opened, reason)
        _settle(self._ended, None if isinstance(reason, ConnectionClosedOK) else reason)

    def _hear(self, message: bytes) -> None:
        try:
            if not self._ended.done():
                self._heard(message)
        except Exception as error:
            _settle(self._ended, error)

    def _flush(self) -> None:
        waiting = b"".join(self._protocol.data_to_send())
        if waiting and self._transport is not None:
            self._transport.write(waiting)


@asynccontextmanager
async def connected(url: str, heard: Callable[[bytes], None]) -> AsyncIterator[LoadSocket]:
    """Opens a connection for as long as the block runs.

    Args:
        url: of the stream.
        heard: is called with every binary message.

    Raises:
        OSError: nobody listens there.
        WebSocketException: the server does not open it.
    """
    socket = LoadSocket(url, heard)
    uri = parse_uri(url)
    await asyncio.get_running_loop().create_connection(lambda: socket, uri.host, uri.port)
    try:
        await socket.opened()
        yield socket
    finally:
        socket.close()


async def _awaited(future: "asyncio.Future[Exception | None]") -> None:
    async with asyncio.timeout(PATIENCE_S):
        reason = await asyncio.shield(future)
    if reason is not None:
        raise reason


def _settle(future: "asyncio.Future[Exception | None]", reason: Exception | None) -> None:
    if not future.done():
        future.set_result(reason)

"""The socket: a websocket as an async iterator of decoded messages, with its limits."""

import asyncio
from collections.abc import AsyncIterator

from starlette.websockets import WebSocket, WebSocketDisconnect

from service.protocol import (
    PROTOCOL,
    TOO_LARGE,
    ClientMessage,
    Error,
    Refusal,
    ServerMessage,
    decode,
    encode,
)
from service.settings import Settings


class Gone(Exception):
    """The client has closed its side, or does not read: nothing can be sent any more."""


class ClientSocket:
    """One client's messages in and out.

    A message that cannot be read is answered with an error and passed over; the connection goes on.
    Replies are in the encoding of the first message.

    Args:
        websocket: an accepted websocket.
        settings: limits of size and time.
    """

    def __init__(self, websocket: WebSocket, settings: Settings) -> None:
        self._websocket = websocket
        self._settings = settings
        self._text: bool | None = None
        self._closed = False

    async def receive(self, timeout_s: float, awaited: str) -> ClientMessage:
        """Returns the next message.

        Args:
            timeout_s: how long to wait for it.
            awaited: what the client is told was waited for in vain.

        Raises:
            Refusal: the message cannot be read, is too large, or none came in time.
            Gone: the client has closed.
        """
        try:
            async with asyncio.timeout(timeout_s):
                data = await self._receive_data()
        except TimeoutError:
            raise Refusal("timeout", f"{awaited} within {timeout_s:g} s", PROTOCOL) from None
        if self._text is None:
            self._text = isinstance(data, str)
        size = len(data.encode()) if isinstance(data, str) else len(data)
        limit = self._settings.message_bytes
        if size > limit:
            raise Refusal(
                "too-large", f"a message is at most {limit} bytes, this one has {size}", TOO_LARGE
            )
        return decode(data)

    async def messages(self) -> AsyncIterator[ClientMessage]:
        """Yields messages until the client goes; one that cannot be read is refused and left out.

        Raises:
            Refusal: one that ends the connection.
        """
        while True:
            try:
                message = await self.receive(self._settings.idle_s, "a client sends something")
            except Refusal as refusal:
                if refusal.close is not None:
                    raise
                await self.refuse(refusal)
                continue
            except Gone:
                return
            yield message

    async def send(self, message: ServerMessage) -> None:
        """Sends a message.

        Raises:
            Gone: the client has closed, or has not read for too long.
        """
        data = encode(message, text=self._text is not False)
        try:
            async with asyncio.timeout(self._settings.send_s):
                if isinstance(data, str):
                    await self._websocket.send_text(data)
                else:
                    await self._websocket.send_bytes(data)
        except (TimeoutError, WebSocketDisconnect, RuntimeError, OSError):
            # RuntimeError is what Starlette says of a socket that is closed already.
            self._closed = True
            raise Gone from None

    async def refuse(self, refusal: Refusal) -> None:
        """Tells the client what it did wrong, and closes where that ends the connection."""
        fatal = refusal.close is not None
        await self.send(Error(refusal.code, str(refusal), fatal))
        if refusal.close is not None:
            await self.close(refusal.close, str(refusal))

    async def close(self, code: int, reason: str = "") -> None:
        """Closes the connection; a close frame holds at most 123 bytes of reason."""
        if not self._closed:
            self._closed = True
            short = reason.encode()[:123].decode(errors="ignore")
            try:
                async with asyncio.timeout(self._settings.send_s):
                    await self._websocket.close(code, short)
            except (TimeoutError, WebSocketDisconnect, RuntimeError, OSError):
                raise Gone from None

    async def _receive_data(self) -> str | bytes:
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            self._closed = True
            raise Gone
        text: str | None = message.get("text")
        return text if text is not None else message["bytes"]

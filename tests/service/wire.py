"""A client that speaks the wire with plain dictionaries over a real websocket."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

Message = dict[str, Any]

ANSWER_S = 30.0
"""Longer than any answer takes; a test that waits so long has failed."""


class Wire:
    """One connection.

    Args:
        socket: a connected websocket.
        binary: whether messages go out as MessagePack.
    """

    def __init__(self, socket: ClientConnection, binary: bool = False) -> None:
        self.socket = socket
        self.binary = binary

    async def send(self, *messages: Message | str | bytes) -> None:
        """Sends messages; text and bytes go out as they are."""
        for message in messages:
            if isinstance(message, dict):
                message = (
                    msgspec.msgpack.encode(message)
                    if self.binary
                    else msgspec.json.encode(message).decode()
                )
            await self.socket.send(message)

    async def receive(self, kind: str | None = None) -> Message:
        """Returns the next message, or the next of a kind, passing over the others."""
        async with asyncio.timeout(ANSWER_S):
            while True:
                data = await self.socket.recv()
                message: Message = (
                    msgspec.json.decode(data)
                    if isinstance(data, str)
                    else msgspec.msgpack.decode(data)
                )
                if kind in (None, message["type"]):
                    return message

    async def ask(self, *messages: Message | str | bytes) -> Message:
        """Sends messages and returns the next one that comes."""
        await self.send(*messages)
        return await self.receive()

    async def rest(self) -> list[Message]:
        """Returns what comes until the server closes."""
        messages = []
        try:
            while True:
                messages.append(await self.receive())
        except ConnectionClosed:
            return messages

    async def closed(self) -> tuple[int | None, str]:
        """Waits for the server to close; returns its code and reason."""
        async with asyncio.timeout(ANSWER_S):
            await self.socket.wait_closed()
        return self.socket.close_code, self.socket.close_reason or ""


@asynccontextmanager
async def wire(
    url: str, binary: bool = False, headers: Mapping[str, str] | None = None, **options: Any
) -> AsyncIterator[Wire]:
    """Connects, with more headers and options of `websockets`, and closes at the end."""
    options = {"max_size": None, "close_timeout": 2, "ping_interval": None} | options
    async with connect(url, additional_headers=headers, **options) as socket:
        yield Wire(socket, binary)


def actions(messages: list[Message]) -> list[Message]:
    """The actions among messages."""
    return [message for message in messages if message["type"] == "actions"]

"""A server inside the test's own event loop: real sockets, and an engine that the test holds."""

import asyncio
import socket
from collections.abc import AsyncIterator, Set
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from service.app import create_app
from service.engine import Engine
from service.server import address_of, bind, server
from service.settings import Settings


@dataclass(frozen=True)
class Inside:
    """A server that runs.

    Attributes:
        stream: the address of its websocket.
        connections: those that it has now.
    """

    stream: str
    connections: Set[object]


@asynccontextmanager
async def serving(engine: Engine, **settings: object) -> AsyncIterator[Inside]:
    """Serves an engine on a free port.

    When it has stopped, every task that it made must be gone.
    """
    before = asyncio.all_tasks()
    chosen = Settings.model_validate({"host": "127.0.0.1", "port": 0, **settings})
    with bind(chosen) as taken:
        # Small buffers, so that a client that does not read is noticed soon.
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        running = server(create_app(engine, chosen))
        task = asyncio.create_task(running.serve(sockets=[taken]))
        try:
            await asyncio.to_thread(httpx.get, f"http://{address_of(taken)}/readyz")
            yield Inside(f"ws://{address_of(taken)}/v1/stream", running.server_state.connections)
        finally:
            running.should_exit = True
            await task
    assert asyncio.all_tasks() == before


async def ended(tasks: set[asyncio.Task[Any]]) -> None:
    """Waits until these tasks have ended."""
    assert tasks
    _, pending = await asyncio.wait(tasks, timeout=5)
    assert not pending

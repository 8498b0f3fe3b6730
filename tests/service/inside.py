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
from service.pose_pool import MakeWorker
from service.server import Server, address_of, bind, server
from service.settings import Settings

PATIENCE_S = 30.0
"""Longer than anything takes that is waited for, on a machine that is busy with other things too; a
test that waits so long has failed."""


@dataclass(frozen=True)
class Inside:
    """A server that runs.

    Attributes:
        stream: the address of its websocket.
        http: the address of its pages, without a slash at the end.
        connections: those that it has now.
        server: what runs.
    """

    stream: str
    http: str
    connections: Set[object]
    server: Server

    async def get(self, path: str, **options: Any) -> httpx.Response:
        """Asks for a page."""
        return await asyncio.to_thread(httpx.get, self.http + path, timeout=PATIENCE_S, **options)

    async def until_inside(self, sessions: int) -> None:
        """Waits until there are so many sessions."""
        for _ in range(round(PATIENCE_S / 0.01)):
            if self.server.shared.admission.inside == sessions:
                return
            await asyncio.sleep(0.01)
        raise AssertionError(f"expected {sessions}, got {self.server.shared.admission.inside}")

    async def until_connected(self, connections: int) -> None:
        """Waits until it has so many connections."""
        for _ in range(round(PATIENCE_S / 0.01)):
            if len(self.connections) == connections:
                return
            await asyncio.sleep(0.01)
        raise AssertionError(f"expected {connections}, got {len(self.connections)}")

    async def until_unconnected(self) -> None:
        """Waits until it has no connection left."""
        for _ in range(round(PATIENCE_S / 0.01)):
            if not self.connections:
                return
            await asyncio.sleep(0.01)
        raise AssertionError(f"expected no connections, got {len(self.connections)}")

    async def count(self, sample: str) -> float:
        """Returns a sample of its metrics, 0 where there is none."""
        for line in (await self.get("/metrics")).text.splitlines():
            if line.startswith(f"{sample} "):
                return float(line.removeprefix(f"{sample} "))
        return 0.0


@asynccontextmanager
async def serving(
    engine: Engine, make_worker: MakeWorker | None = None, **settings: object
) -> AsyncIterator[Inside]:
    """Serves an engine on a free port, and pictures with workers of the test's own.

    When it has stopped, every task that it made must be gone.
    """
    before = asyncio.all_tasks()
    chosen = Settings.model_validate({"host": "127.0.0.1", "port": 0, **settings})
    with bind(chosen) as taken:
        # Small buffers, so that a client that does not read is noticed soon.
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        running = server(create_app(engine, chosen, make_worker), chosen)
        task = asyncio.create_task(running.serve(sockets=[taken]))
        try:
            await asyncio.to_thread(
                httpx.get, f"http://{address_of(taken)}/readyz", timeout=PATIENCE_S
            )
            address = address_of(taken)
            yield Inside(
                f"ws://{address}/v1/stream",
                f"http://{address}",
                running.server_state.connections,
                running,
            )
        finally:
            running.should_exit = True
            await task
    assert asyncio.all_tasks() == before


async def ended(tasks: set[asyncio.Task[Any]]) -> None:
    """Waits until these tasks have ended."""
    assert tasks
    _, pending = await asyncio.wait(tasks, timeout=PATIENCE_S)
    assert not pending

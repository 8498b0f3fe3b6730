"""Servers that stop, die or change under load, and their sessions that go on elsewhere."""

import asyncio
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from tests.patience import SOON_S
from tests.service.artifacts import KINECT, write
from tests.service.bodies import STEP_MS, WARM, body, hello, pose
from tests.service.bystander import streaming_beside
from tests.service.process import ServerProcess
from tests.service.redis_process import RedisProcess
from tests.service.wire import Message, Wire, actions, wire

CLIENTS = 5
ADMIN = "an-admin-token-of-enough-letters"


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    process = RedisProcess(tmp_path_factory.mktemp("redis"))
    yield process
    process.kill()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Artifacts that may be loaded, and the admin's token."""
    place = tmp_path_factory.mktemp("upgrades")
    (place / "admins").write_text(f"boss: {ADMIN}\n")
    write(place / "second.onnx", replace(KINECT, version="2"))
    return place


@pytest.fixture(scope="module")
def other(kinect_artifact: Path, redis: RedisProcess, place: Path) -> Iterator[ServerProcess]:
    """The server to which sessions go on."""
    settings = {"redis_url": redis.url, "models": place, "admin_tokens": place / "admins"}
    with ServerProcess(kinect_artifact, **settings) as process:
        yield process


@dataclass
class Follower:
    """A client that goes to another server when it loses its own.

    Attributes:
        urls: of the servers, in turn.
        frames: how many it sends in all.
        labels: frame → what was said of it.
        resumed: what each welcome said.
        streaming: is set when it has been spoken of for a while.
    """

    urls: list[str]
    frames: int
    labels: dict[int, str] = field(default_factory=dict)
    resumed: list[bool] = field(default_factory=list)
    streaming: asyncio.Event = field(default_factory=asyncio.Event)
    _token: str | None = None

    async def run(self) -> None:
        """Streams to the end."""
        for url in self.urls:
            try:
                async with wire(url) as client:
                    await self._stream(client)
                    return
            except ConnectionClosed:
                continue
        raise AssertionError("no server is left")

    async def _stream(self, client: Wire) -> None:
        welcome = await client.ask(hello(KINECT, drop="never") | {"resume": self._token})
        self._token = welcome["resume"]
        self.resumed.append(welcome["resumed"])
        first = 0 if welcome["seen_ms"] is None else round(welcome["seen_ms"] / STEP_MS) + 1
        for number in range(first, self.frames):
            await client.send(pose(number, body(KINECT, left=0.3)))
            self._hear(await client.receive("actions"))
            if number == 3 * WARM:
                self.streaming.set()
            await asyncio.sleep(0.015)
        await client.send({"type": "bye"})
        # What was not sent before the socket broke came first, so that the last are still to come.
        for answer in actions(await client.rest()):
            self._hear(answer)

    def _hear(self, answer: Message) -> None:
        self.labels[round(answer["t_ms"] / STEP_MS)] = answer["people"][0]["label"]

    def check(self) -> None:
        """Every frame has its label, and nobody warmed a second time."""
        warming = ["warming"] * (WARM - 1)
        expected = dict(enumerate([*warming, *["left up"] * (self.frames - len(warming))]))
        assert self.labels == expected
        assert self.resumed == [False, True]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_sessions_outlive_their_server(
    number: signal.Signals, other: ServerProcess, redis: RedisProcess, kinect_artifact: Path
) -> None:
    """Stopped under load or killed: each session goes on elsewhere, and no frame lacks its label.

    A server that was killed had saved its sessions up to a second before; their clients send
    again what came after.
    """
    server = ServerProcess(kinect_artifact, redis_url=redis.url)
    clients = [Follower([server.stream, other.stream], 200) for _ in range(CLIENTS)]
    with streaming_beside(other.stream):
        running = [asyncio.create_task(client.run()) for client in clients]
        await asyncio.gather(*(client.streaming.wait() for client in clients))
        if number is signal.SIGTERM:
            await asyncio.to_thread(server.stop)
        else:
            await asyncio.sleep(0.5)
            server.kill()
        await asyncio.gather(*running)
    for client in clients:
        client.check()


async def test_a_model_is_swapped_under_load(other: ServerProcess) -> None:
    """Streams stay on the model that they began with, new ones get the other; none loses a label.

    What is measured tells the two versions apart.

    The old one is unloaded when its last session has left.
    """
    async with httpx.AsyncClient(
        base_url=other.http, headers={"Authorization": f"Bearer {ADMIN}"}, timeout=SOON_S
    ) as admin:
        with streaming_beside(other.stream):
            loaded = await admin.post("/v1/models", json={"path": "second.onnx", "default": True})
            assert (loaded.status_code, loaded.json()) == (201, {"name": "hands@2"})
            async with wire(other.stream) as client:
                assert (await client.ask(hello(KINECT)))["model"]["version"] == "2"
                await client.ask(pose(0, body(KINECT)))
            for _ in range(1000):
                page = (await admin.get("/metrics")).text
                if 'posewire_batch_windows_count{model="hands@1",' in page:
                    break
                await asyncio.sleep(0.05)
            assert 'posewire_answers_total{model="hands@2"} 1.0' in page
            assert 'posewire_batch_windows_count{model="hands@1",' in page
            assert 'posewire_batch_windows_count{model="hands@2",' not in page
            assert (await admin.delete("/v1/models/hands@1")).status_code == 202
            assert [m["name"] for m in (await admin.get("/v1/models")).json()] == [
                "hands@1",
                "hands@2",
            ]
            await asyncio.sleep(0.2)
        for _ in range(100):
            names = [m["name"] for m in (await admin.get("/v1/models")).json()]
            if names == ["hands@2"]:
                return
            await asyncio.sleep(0.05)
        raise AssertionError(names)


async def test_a_redis_that_is_gone_costs_nothing_but_resuming(
    other: ServerProcess, redis: RedisProcess
) -> None:
    """Streams go on, new ones begin; who comes back with a token begins anew and is told."""
    with streaming_beside(other.stream):
        async with wire(other.stream) as client:
            token = (await client.ask(hello(KINECT)))["resume"]
            redis.kill()
            for number in range(WARM):
                answer = await client.ask(pose(number, body(KINECT, left=0.3)))
            assert answer["people"][0]["label"] == "left up"
            client.socket.transport.abort()
        await asyncio.sleep(0.2)
        async with wire(other.stream) as client:
            welcome = await client.ask(hello(KINECT) | {"resume": token})
            assert (welcome["resumed"], (await client.receive())["code"]) == (
                False,
                "not-resumed",
            )
    assert "Redis does not answer" in other.log

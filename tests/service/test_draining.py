"""Draining: how sessions end when the server stops, and what newcomers are told meanwhile."""

import asyncio
import re
import signal
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from service.protocol import VERSION
from service.server import GRACE_S
from tests.service.artifacts import KINECT
from tests.service.bodies import WARM, body, hello, pose
from tests.service.engines import HeldEngine
from tests.service.inside import Inside, serving
from tests.service.process import ServerProcess
from tests.service.slow_reader import narrow
from tests.service.test_posted import FRAMES, JSON, posted
from tests.service.wire import actions, wire

STOPPING = "the server is stopping; connect again"
AT_ONCE_S = 50.0
"""What does not wait for `drain_s`, here a minute, is over by then on a busy machine too."""


def begin_to_stop(server: Inside) -> None:
    """As a signal does."""
    server.server.handle_exit(0, None)
    server.server._captured_signals.clear()


async def test_who_is_inside_gets_every_label_and_who_comes_is_turned_away() -> None:
    """While one session still waits for its labels, the server says that it is not ready.

    Newcomers get 1012. Who is inside gets a notice, what is pending, and 1012.
    """
    engine = HeldEngine()
    async with (
        serving(engine) as server,
        wire(server.stream) as client,
        wire(server.stream) as mute,
    ):
        await client.ask(hello(KINECT, drop="never"))
        await client.send(*(pose(frame, body(KINECT)) for frame in range(WARM)))
        await engine.until_asked(1)
        assert (await server.get("/readyz")).status_code == 200
        begin_to_stop(server)
        ready = await server.get("/readyz")
        assert (ready.status_code, ready.json()["ready"]) == (503, False)
        assert (await server.get("/healthz")).status_code == 200
        async with wire(server.stream) as late:
            (error,) = await late.rest()
            assert (error["code"], error["message"]) == ("draining", STOPPING)
            assert await late.closed() == (1012, STOPPING)
        # Whoever had not said hello yet.
        assert [m["code"] for m in await mute.rest()] == ["draining"]
        engine.let(1000)
        rest = await client.rest()
        (notice,) = [m for m in rest if m["type"] == "notice"]
        assert (notice["code"], notice["message"]) == ("draining", STOPPING)
        assert len(actions(rest)) == WARM
        assert await client.closed() == (1012, STOPPING)


async def test_a_session_has_only_so_long_to_end() -> None:
    """One whose labels do not come is closed after drain_s all the same."""
    engine = HeldEngine()
    async with serving(engine, drain_s=0.3) as server, wire(server.stream) as client:
        await client.ask(hello(KINECT))
        await client.send(*(pose(frame, body(KINECT)) for frame in range(WARM)))
        await engine.until_asked(1)
        begun_s = time.perf_counter()
        begin_to_stop(server)
        assert [m["type"] for m in await client.rest()][-1] == "notice"
        assert await client.closed() == (1012, STOPPING)
        assert 0.3 <= time.perf_counter() - begun_s < GRACE_S
        engine.let(1000)


async def test_a_posted_recording_does_not_hold_the_server_up() -> None:
    """One that is being labelled, and one whose body is still on its way, are told 503 at once."""
    engine = HeldEngine()
    async with (
        serving(engine, drain_s=60) as server,
        httpx.AsyncClient(base_url=server.http, headers=JSON) as client,
    ):
        whole = asyncio.create_task(client.post("/v1/actions", content=posted(FRAMES)))
        address = urlsplit(server.http)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        writer.write(
            b"POST /v1/actions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: 1000\r\n\r\n{"
        )
        await engine.until_asked(1)
        await server.until_inside(2)
        begun_s = time.perf_counter()
        begin_to_stop(server)
        reply = await whole
        assert (reply.status_code, reply.json()["detail"]) == (503, STOPPING)
        assert reply.headers["Retry-After"] == "1"
        said = await reader.read()
        assert said.startswith(b"HTTP/1.1 503")
        assert STOPPING.encode() in said
        assert time.perf_counter() - begun_s < AT_ONCE_S
        writer.close()
        engine.let(1000)


async def until_read_no_further(server: ServerProcess) -> None:
    """Waits until a server has refused nothing for a second, of what it does nothing but refuse."""
    before = 0.0
    async with httpx.AsyncClient(base_url=server.http) as pages:
        for _ in range(60):
            page = (await pages.get("/metrics")).text
            now = sum(map(float, re.findall(r"^posewire_refusals_total\S* (\S+)$", page, re.M)))
            if now == before > 0:
                return
            before = now
            await asyncio.sleep(1)
    raise AssertionError(f"it has read on, {before:g} messages so far")


async def test_a_second_signal_ends_it_at_once(kinect_artifact: Path) -> None:
    """Clients that keep the drain waiting are cut off, and the exit status is still 0."""
    server = ServerProcess(kinect_artifact, drain_s=60, send_s=60, waiting_messages=4)
    unknown = {"type": "x" * 60}
    async with narrow(server.stream) as client:
        assert (await client.ask(hello(KINECT, drop="never")))["version"] == VERSION
        # It reads nothing, so that in the end it cannot be answered.
        flooding = asyncio.create_task(client.send(*[unknown] * 500_000))
        await until_read_no_further(server)
        server.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.5)
        async with httpx.AsyncClient(base_url=server.http) as pages:
            assert (await pages.get("/healthz")).status_code == 200  # it waits, as it should
        begun_s = time.perf_counter()
        await asyncio.to_thread(server.stop, signal.SIGTERM)
        assert time.perf_counter() - begun_s < AT_ONCE_S
        client.socket.transport.abort()
        await asyncio.gather(flooding, return_exceptions=True)

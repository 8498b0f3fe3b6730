"""Faults, injected into real processes: what breaks costs its own session and nobody else's."""

import asyncio
import contextlib
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from tests.patience import SOON_S
from tests.service.artifacts import KINECT
from tests.service.bodies import STEP_MS, WARM, body, hello, pose
from tests.service.bystander import streaming_beside
from tests.service.process import ServerProcess
from tests.service.raw_socket import TEXT, frame
from tests.service.test_taught_sets import TEACH, labels, shown
from tests.service.wire import Message, wire

CONNECTS = 1000
UPGRADE = (
    b"GET /v1/stream HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
HELLO = b'{"type":"hello","version":1,"layout":"kinect20","coordinates":"metres"}'


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("faults")


@pytest.fixture(scope="module")
def faulty(kinect_artifact: Path, place: Path) -> Iterator[ServerProcess]:
    """A server that keeps what is taught in a file, and lets a slow client go soon."""
    settings = {"taught": place / "taught.sqlite", "send_s": 1, "waiting_messages": 4}
    with ServerProcess(kinect_artifact, **settings) as process:
        yield process


def connected(server: ServerProcess, receive_buffer: int | None = None) -> socket.socket:
    """A raw connection whose handshake is done."""
    host, port = server.http.removeprefix("http://").split(":")
    raw = socket.socket()
    if receive_buffer is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    raw.settimeout(SOON_S)
    raw.connect((host, int(port)))
    raw.sendall(UPGRADE)
    assert raw.recv(4096).startswith(b"HTTP/1.1 101")
    return raw


def reset(raw: socket.socket) -> None:
    """Closes as the system does for a process that was killed with bytes unread."""
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raw.close()


def metrics(server: ServerProcess) -> str:
    """Its page for Prometheus."""
    return httpx.get(f"{server.http}/metrics", timeout=SOON_S).text


def sessions(server: ServerProcess) -> float:
    """How many sessions there are now."""
    page = metrics(server).splitlines()
    states = [line for line in page if line.startswith("posewire_sessions{")]
    return sum(float(line.split()[-1]) for line in states if "suspended" not in line)


def until_left(server: ServerProcess, left: int = 0) -> None:
    """Waits until so many sessions are left."""
    for _ in range(200):
        if sessions(server) == left:
            return
        time.sleep(0.05)
    raise AssertionError(f"{sessions(server):g} sessions are left")


def test_a_client_that_dies_in_the_middle_of_a_frame_is_forgotten(faulty: ServerProcess) -> None:
    """Half a frame and a reset: its session ends, and the stream beside it has every label."""
    with streaming_beside(faulty.stream):
        for _ in range(20):
            raw = connected(faulty)
            raw.sendall(frame(TEXT, HELLO))
            raw.recv(4096)
            raw.sendall(frame(TEXT, b'{"type":"pose","t_ms":0,"people":[]}')[:-9])
            reset(raw)
    until_left(faulty)


def test_a_thousand_clients_come_and_go_and_nothing_is_left(faulty: ServerProcess) -> None:
    """Dropped before, after or in the middle of their hello: no file, thread or memory stays."""
    process = psutil.Process(faulty.pid)

    def come_and_go(count: int) -> tuple[int, int, int]:
        for number in range(count):
            raw = connected(faulty)
            raw.sendall(frame(TEXT, HELLO)[: (0, 20, None)[number % 3]])
            reset(raw)
        until_left(faulty, left=1)
        return process.num_fds(), process.num_threads(), process.memory_info().rss

    with streaming_beside(faulty.stream):
        come_and_go(CONNECTS // 5)
        files, threads, memory = come_and_go(1)
        files_after, threads_after, memory_after = come_and_go(CONNECTS)
    assert files_after <= files + 2
    assert threads_after <= threads + 2
    assert memory_after - memory < 16 << 20


def test_a_reader_that_has_fallen_asleep_is_let_go(faulty: ServerProcess) -> None:
    """It sends, and never reads what is answered: it loses its session, and nobody else a label."""
    unknown = frame(TEXT, b'{"type":"' + b"x" * 60 + b'"}')
    left = memoryview(unknown * 100_000)
    with streaming_beside(faulty.stream):
        raw = connected(faulty, receive_buffer=2048)
        raw.sendall(frame(TEXT, HELLO))
        raw.setblocking(False)
        for _ in range(200):
            with contextlib.suppress(BlockingIOError, ConnectionError):
                left = left[raw.send(left) :]
            if sessions(faulty) == 1:
                break
            time.sleep(0.02)
        until_left(faulty, left=1)
        assert 'posewire_sessions_ended_total{code="1008"} 1.0' in metrics(faulty)
        reset(raw)
    until_left(faulty)


async def test_a_clock_that_jumps_costs_its_own_client_a_warm_up(faulty: ServerProcess) -> None:
    """A year ahead, and back: everybody is new, the client is told, and no frame is lost."""
    year_ms = 365 * 86_400_000.0
    with streaming_beside(faulty.stream):
        async with wire(faulty.stream) as client:
            await client.ask(hello(KINECT, drop="never", events=False))
            for turn, start_ms in enumerate((0.0, year_ms, 0.0)):
                said: list[Message] = []
                for number in range(30):
                    rows = pose(0, body(KINECT, left=0.3))
                    await client.send(rows | {"t_ms": start_ms + number * STEP_MS})
                    said.append(await client.receive())
                    if said[-1]["type"] == "notice":
                        said.append(await client.receive())
                kinds = [m["type"] for m in said]
                set_back = ["error"] * 4 + ["notice"] + ["actions"] * 26
                assert kinds == (set_back if turn == 2 else ["actions"] * 30)
                answers = [m for m in said if m["type"] == "actions"]
                found = [m["people"][0]["label"] for m in answers]
                assert found == ["warming"] * (WARM - 1) + ["left up"] * (len(found) - WARM + 1)


async def test_a_disk_that_is_full_while_teaching_costs_one_lesson(
    faulty: ServerProcess, place: Path
) -> None:
    """The client is told, its stream and what was saved go on, and it can be taught later."""
    process = psutil.Process(faulty.pid)
    written = place / "taught.sqlite-wal"
    with streaming_beside(faulty.stream):
        async with wire(faulty.stream) as client:
            await shown(client, taught="home")
            assert (await client.ask(TEACH))["examples"] == 1
            process.rlimit(psutil.RLIMIT_FSIZE, (written.stat().st_size, -1))
            try:
                error = await client.ask(TEACH)
                assert (error["code"], error["fatal"]) == ("not-saved", False)
                assert "what was taught is as it was before" in error["message"]
                assert await labels(client) == {"bow"}
            finally:
                process.rlimit(psutil.RLIMIT_FSIZE, (-1, -1))
            assert (await client.ask(TEACH))["examples"] == 2
        async with wire(faulty.stream) as other:
            assert (await other.ask(hello(KINECT) | {"taught": "home"}))["taught"] == ["bow"]


async def test_a_socket_that_is_half_open_is_taken_over(faulty: ServerProcess) -> None:
    """Its other end is gone without a word; the client comes back long before a ping finds out."""
    async with wire(faulty.stream) as lost:
        token = (await lost.ask(hello(KINECT, drop="never")))["resume"]
        for number in range(WARM):
            await lost.send(pose(number, body(KINECT, left=0.3)))
            await lost.receive("actions")
        lost.socket.transport.pause_reading()
        async with wire(faulty.stream) as back:
            welcome = await back.ask(hello(KINECT, drop="never") | {"resume": token})
            assert (welcome["resumed"], welcome["seen_ms"]) == (True, (WARM - 1) * STEP_MS)
            answer = await back.ask(pose(WARM, body(KINECT, left=0.3)))
            assert answer["people"][0]["label"] == "left up"
        lost.socket.transport.abort()
    await asyncio.to_thread(until_left, faulty)

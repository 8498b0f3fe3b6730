"""Limits that are reached over a real socket: time, sizes, people, rate, TLS."""

import asyncio
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest

from service.taught_routes import FILE_BYTES
from tests.patience import SOON_S
from tests.service.artifacts import COCO, KINECT
from tests.service.bodies import body, hello, pose
from tests.service.engines import HeldEngine
from tests.service.inside import serving
from tests.service.pictures import ScriptedWorker, image
from tests.service.process import ServerProcess
from tests.service.raw_socket import PING, TEXT, frame
from tests.service.wire import Message, actions, wire

UPGRADE = (
    b"GET /v1/stream HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


async def test_whoever_answers_no_ping_is_closed() -> None:
    """A peer that is there on paper only loses its session after two ping times, and is told why.

    One that answers them stays.
    """
    async with serving(HeldEngine(), ping_s=2) as server, wire(server.stream) as lively:
        await lively.ask(hello(KINECT))
        host, port = server.stream.split("/")[2].split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(UPGRADE)
        async with asyncio.timeout(SOON_S):
            await reader.readuntil(b"\r\n\r\n")
            assert await reader.readexactly(2) == b"\x89\x04"  # a ping
            await reader.readexactly(4)
            opcode, size = await reader.readexactly(2)
            said = await reader.readexactly(size)
        assert (opcode, int.from_bytes(said[:2])) == (0x88, 1011)
        assert said[2:] == b"no answer to a ping within 2 s"
        await server.until_inside(1)
        writer.close()
        await asyncio.sleep(4.5)
        await lively.send({"type": "bye"})
        await lively.rest()
        assert (await lively.closed())[0] == 1000


async def test_whoever_connects_and_asks_nothing_is_let_go() -> None:
    """The head of a request comes within hello_s, also that of a second one, or nobody waits."""
    page = b"GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n"

    async def lasted_s(said: bytes, host: str, port: int) -> float:
        begun_s = asyncio.get_running_loop().time()
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(said)
        async with asyncio.timeout(SOON_S):
            await reader.read()
        writer.close()
        return asyncio.get_running_loop().time() - begun_s

    async with serving(HeldEngine(), hello_s=1, idle_s=SOON_S) as server:
        host, port = server.stream.split("/")[2].split(":")
        heads = (b"", b"GET /hea", page, page + page + b"GE")
        lasted = await asyncio.gather(*(lasted_s(head, host, int(port)) for head in heads))
        assert all(0.9 < each_s < SOON_S / 2 for each_s in lasted), lasted
        # A websocket is a session's, and waits as long as sessions do.
        async with wire(server.stream) as client:
            await client.ask(hello(KINECT))
            for _ in range(4):
                await asyncio.sleep(0.4)
                await client.send({"type": "forget", "label": "nothing"})
                assert (await client.receive())["code"] == "not-taught"


async def test_whoever_sends_no_body_or_reads_no_answer_is_let_go() -> None:
    """Where nobody asked for a token yet, and behind buffers that are full."""
    unsent = b"POST /v1/models HTTP/1.1\r\nHost: here\r\nContent-Length: 10\r\n\r\n"
    unread = b"GET /openapi.json HTTP/1.1\r\nHost: here\r\n\r\n" * 40
    async with serving(HeldEngine(), idle_s=1, send_s=1) as server:
        host, port = server.stream.split("/")[2].split(":")
        with socket.socket() as mute, socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            for client, said in ((mute, unsent), (deaf, unread)):
                client.connect((host, int(port)))
                client.sendall(said)
            await server.until_connected(2)
            await server.until_unconnected()


async def test_whoever_pings_and_reads_nothing_is_let_go() -> None:
    """Its answers fill no memory, and its session and connection end though nothing is read."""
    async with serving(HeldEngine(), send_s=0.5) as server:
        host, port = server.stream.split("/")[2].split(":")
        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.connect((host, int(port)))
            pings = frame(PING, b"x" * 125) * 100
            parts = [UPGRADE, frame(TEXT, msgspec.json.encode(hello(KINECT))), *[pings] * 200]
            for part in (*parts, frame(TEXT, b'{"type":"bye"}')):
                await asyncio.to_thread(deaf.sendall, part)
            await server.until_unconnected()


async def test_a_body_comes_in_time_or_its_place_is_free_again() -> None:
    """408 for a recording that is not whole within idle_s; who goes away leaves nothing behind."""
    head = (
        b"POST /v1/actions HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n"
        b"Content-Length: 1000\r\n\r\n{"
    )
    async with serving(HeldEngine(), idle_s=2) as server:
        host, port = server.stream.split("/")[2].split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(head)
        async with asyncio.timeout(SOON_S):
            answer = await reader.readuntil(b"}")
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert answer.endswith(b'{"detail":"a body comes within 2 s"}')
        writer.close()
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(head)
        await server.until_inside(1)
        writer.transport.abort()
        await server.until_inside(0)


def test_a_body_is_no_larger_than_its_address_takes(server: ServerProcess) -> None:
    """413, whether the size is announced or only found out."""

    def unannounced() -> Iterator[bytes]:
        for _ in range(100):
            yield bytes(1000)

    for content in (bytes(20_000), unannounced()):
        assert httpx.post(f"{server.http}/v1/models", content=content).status_code == 413
    fits = httpx.post(f"{server.http}/v1/models", content=b'"' + b"x" * 16_000 + b'"')
    assert fits.status_code == 403


async def test_a_picture_is_large_only_for_whom_it_is_announced() -> None:
    """A message above message_bytes is refused where the hello announced keypoints."""
    async with (
        serving(HeldEngine(), message_bytes=2000, image_bytes=9000) as server,
        wire(server.stream, binary=True) as client,
    ):
        await client.ask(hello(KINECT))
        await client.send({"type": "image", "t_ms": 0, "data": bytes(3000)})
        (error,) = await client.rest()
        assert error["message"].startswith("a message is at most 2000 bytes, this one has ")
        assert (await client.closed())[0] == 1009


@pytest.mark.parametrize(
    ("too_large", "most_bytes"),
    [
        ({"type": "image", "t_ms": 0, "data": bytes(9000)}, 9000),
        ({"type": "teach", "label": "x" * 2000, "from_ms": 0, "to_ms": 1}, 2000),
    ],
)
async def test_a_picture_has_a_limit_of_its_own(too_large: Message, most_bytes: int) -> None:
    """Where the hello announced pictures, image_bytes is theirs, and message_bytes all others'."""
    async with (
        serving(
            HeldEngine(COCO),
            lambda: ScriptedWorker(lambda t_ms: []),
            message_bytes=2000,
            image_bytes=9000,
        ) as server,
        wire(server.stream, binary=True) as client,
    ):
        await client.ask(hello(COCO) | {"layout": "image"})
        fits = await client.ask({"type": "image", "t_ms": 0, "data": bytes(8000)})
        assert (fits["code"], fits["fatal"]) == ("bad-image", False)
        await client.send(too_large)
        (error,) = await client.rest()
        assert error["message"].startswith(f"a message is at most {most_bytes} bytes, this one ")
        assert await client.closed() == (1009, error["message"])


async def test_no_more_people_are_looked_for_than_may_be_sent() -> None:
    """A client of pictures that asks for more gets as many as `people` allows."""
    worker = ScriptedWorker(lambda t_ms: [])
    async with (
        serving(HeldEngine(COCO), lambda: worker, pose_workers=1, people=2) as server,
        wire(server.stream, binary=True) as client,
    ):
        welcome = await client.ask(hello(COCO, people=5) | {"layout": "image"})
        await client.ask(image(0))
    assert (welcome["limits"]["people"], worker.most_people) == (2, 2)


@pytest.mark.parametrize(
    ("options", "answers"), [({"rate_limit_hz": 240}, 30), ({}, 30), ({"drop": "never"}, 90)]
)
async def test_nobody_is_answered_more_often_than_rate_hz(options: Message, answers: int) -> None:
    """Of three seconds at 30 Hz a live client gets 10 a second, whatever it asks for.

    It is told so, and what it does not get is counted; who wants every label has every one.
    """
    async with serving(HeldEngine(runs=1000), rate_hz=10) as server, wire(server.stream) as client:
        assert (await client.ask(hello(KINECT, **options)))["limits"]["rate_hz"] == 10
        await client.send(*(pose(frame, body(KINECT)) for frame in range(90)), {"type": "bye"})
        said = actions(await client.rest())
        thinned = await server.count('posewire_dropped_total{cause="rate"}')
    assert thinned == pytest.approx(90 - answers, abs=1)
    assert len(said) + said[-1]["dropped"] == 90 - thinned


@pytest.mark.parametrize("size", [None, [0, 480], [640, 1e7]])
async def test_a_picture_has_a_size_within_reason(size: list[float] | None) -> None:
    """Keypoints of a picture whose size is not known, or is none, are refused before they come."""
    async with serving(HeldEngine(COCO)) as server, wire(server.stream) as client:
        error = await client.ask(hello(COCO) | {"size": size})
        assert error["message"].startswith("pixels need the picture's size [width, height], above")
        assert await client.closed() == (4400, error["message"][:123])


async def test_a_taught_set_is_no_larger_than_its_limit() -> None:
    """413 and the limit, which is its own and above that of other bodies."""
    async with serving(HeldEngine()) as server, httpx.AsyncClient() as pages:
        for size, status, sentence in (
            (FILE_BYTES + 1, 413, f"a body is at most {FILE_BYTES} bytes, this one has more"),
            (1 << 20, 422, "the file is no taught set"),
        ):
            reply = await pages.put(f"{server.http}/v1/taught/home", content=bytes(size))
            assert reply.status_code == status
            assert sentence in reply.json()["detail"]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1 and its key."""
    place = tmp_path_factory.mktemp("tls")
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-days", "2", "-subj", "/CN=posewire", "-addext"]
    command += ["subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "certificate.pem"]
    try:
        subprocess.run(command, cwd=place, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    return place / "certificate.pem", place / "key.pem"


async def test_with_a_certificate_it_speaks_tls(
    certificate: tuple[Path, Path], kinect_artifact: Path
) -> None:
    """Pages and streams are encrypted, the printed addresses say so, and plain ones get nowhere."""
    chain, key = certificate
    trusted = ssl.create_default_context(cafile=chain)
    with ServerProcess(kinect_artifact, tls_certificate=chain, tls_key=key) as server:
        assert server.stream.startswith("wss://")
        async with wire(server.stream, ssl=trusted) as client:
            assert (await client.ask(hello(KINECT)))["type"] == "welcome"
        async with httpx.AsyncClient(verify=trusted) as pages:
            assert (await pages.get(f"{server.http}/readyz")).status_code == 200
        host, port = server.http.removeprefix("https://").split(":")
        with socket.create_connection((host, int(port)), timeout=SOON_S) as raw:
            raw.sendall(UPGRADE)
            assert not raw.recv(1024).startswith(b"HTTP")

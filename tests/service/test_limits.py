"""Limits of a connection that are reached over a real socket: time, bodies, TLS."""

import asyncio
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.service.artifacts import KINECT
from tests.service.bodies import hello
from tests.service.engines import HeldEngine
from tests.service.inside import serving
from tests.service.process import ServerProcess
from tests.service.wire import wire

UPGRADE = (
    b"GET /v1/stream HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


async def test_whoever_answers_no_ping_is_closed() -> None:
    """A peer that is there on paper only loses its session after two ping times, and is told why.

    One that answers them stays.
    """
    async with serving(HeldEngine(), ping_s=0.3) as server, wire(server.stream) as lively:
        await lively.ask(hello(KINECT))
        host, port = server.stream.split("/")[2].split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(UPGRADE)
        async with asyncio.timeout(5):
            await reader.readuntil(b"\r\n\r\n")
            assert await reader.readexactly(2) == b"\x89\x04"  # a ping
            await reader.readexactly(4)
            opcode, size = await reader.readexactly(2)
            said = await reader.readexactly(size)
        assert (opcode, int.from_bytes(said[:2])) == (0x88, 1011)
        assert said[2:] == b"no answer to a ping within 0.3 s"
        await server.until_inside(1)
        writer.close()
        await asyncio.sleep(0.7)
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
        async with asyncio.timeout(5):
            await reader.read()
        writer.close()
        return asyncio.get_running_loop().time() - begun_s

    async with serving(HeldEngine(), hello_s=1, idle_s=0.5) as server:
        host, port = server.stream.split("/")[2].split(":")
        heads = (b"", b"GET /hea", page, page + page + b"GE")
        lasted = await asyncio.gather(*(lasted_s(head, host, int(port)) for head in heads))
        assert all(0.9 < each_s < 3 for each_s in lasted), lasted
        # A websocket is a session's, and waits as long as sessions do.
        async with wire(server.stream) as client:
            await client.ask(hello(KINECT))
            for _ in range(4):
                await asyncio.sleep(0.4)
                await client.send({"type": "forget", "label": "nothing"})
                assert (await client.receive())["code"] == "not-taught"


async def test_a_body_comes_in_time_or_its_place_is_free_again() -> None:
    """408 for a recording that is not whole within idle_s; who goes away leaves nothing behind."""
    head = (
        b"POST /v1/actions HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n"
        b"Content-Length: 1000\r\n\r\n{"
    )
    async with serving(HeldEngine(), idle_s=0.3) as server:
        host, port = server.stream.split("/")[2].split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(head)
        async with asyncio.timeout(5):
            answer = await reader.readuntil(b"}")
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert answer.endswith(b'{"detail":"a body comes within 0.3 s"}')
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

    for body in (bytes(20_000), unannounced()):
        assert httpx.post(f"{server.http}/v1/models", content=body).status_code == 413
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
        with socket.create_connection((host, int(port)), timeout=5) as raw:
            raw.sendall(UPGRADE)
            assert not raw.recv(1024).startswith(b"HTTP")

"""Bad input to a real server: each gets one clear sentence, and the other sessions go on."""

import asyncio
import math
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.patience import SOON_S
from tests.service.artifacts import KINECT
from tests.service.bodies import WARM, body, hello, pose
from tests.service.process import ServerProcess
from tests.service.wire import Message, actions, wire

HELLO = hello(KINECT)


def frame(number: int) -> Message:
    return pose(number, body(KINECT, left=0.3))


def people(keypoints: object, t_ms: float = 1e6) -> Message:
    return {"type": "pose", "t_ms": t_ms, "people": [{"id": 1, "keypoints": keypoints}]}


def with_value(value: object) -> Message:
    rows: list[list[Any]] = body(KINECT).tolist()
    rows[3][1] = value
    return people(rows)


@asynccontextmanager
async def bystander(server: ServerProcess) -> AsyncIterator[None]:
    """Streams beside what happens in the block, and must get a label for every frame it sends."""
    done = asyncio.Event()

    async def stream() -> tuple[int, list[Message]]:
        async with wire(server.stream) as client:
            await client.ask(hello(KINECT, drop="never"))
            sent, answers = 0, []
            while sent < WARM + 10 or not done.is_set():
                await client.send(frame(sent))
                answers.append(await client.receive("actions"))
                sent += 1
            await client.send({"type": "bye"})
            assert actions(await client.rest()) == []
            assert await client.closed() == (1000, "")
            return sent, answers

    streaming = asyncio.create_task(stream())
    try:
        yield
    finally:
        done.set()
        sent, answers = await streaming
    assert [answer["t_ms"] for answer in answers] == [frame(n)["t_ms"] for n in range(sent)]
    labels = [answer["people"][0]["label"] for answer in answers]
    assert labels == ["warming"] * (WARM - 1) + ["left up"] * (sent - WARM + 1)


@pytest.mark.parametrize(
    ("first", "code", "sentence"),
    [
        (frame(0), "no-hello", "the first message is a hello, got a pose"),
        ({"type": "bye"}, "no-hello", "the first message is a hello, got a bye"),
        ("hello?", "not-decodable", "the message is not JSON"),
        (b"\xc1\x00\xff", "not-decodable", "the message is not MessagePack"),
        ('{"type":' * 100_000, "not-decodable", "nested too deeply"),
        (b"\x91" * 100_000, "invalid-message", "Expected `object`, got `array`"),
        (HELLO | {"version": 2}, "version", "this server speaks version 1, not 2"),
        (HELLO | {"layout": "coco18"}, "layout", "'coco18' is unknown; known are coco17, "),
        (HELLO | {"layout": "x" * 100_000}, "layout", "is unknown; known are coco17, "),
        (
            HELLO | {"coordinates": "pixels", "size": [640, 480]},
            "coordinates",
            "the model hands reads metres, not pixels",
        ),
        (
            HELLO | {"coordinates": "feet"},
            "invalid-message",
            "'feet' - at `$.coordinates`; expected one of pixels, normalised, metres",
        ),
        (hello(KINECT, top_k=0), "top-k", "top_k is from 1 to 100, got 0"),
        (hello(KINECT, lookahead_ms=1e5), "lookahead", "from 0 to 766.667, got 100000"),
        (hello(KINECT, hop_ms=0.5), "hop", "hop_ms is from 1 to 766.667, the length of a window; "),
        (hello(KINECT, hop_ms=1e5), "hop", "hop_ms is from 1 to 766.667, the length of a window; "),
        (hello(KINECT, rate_limit_hz=0), "rate", "rate_limit_hz is at least 0.01, got 0"),
        (
            hello(KINECT, drop="newest"),
            "invalid-message",
            "'newest' - at `$.options.drop`; expected one of oldest, never",
        ),
    ],
    ids=lambda value: str(value)[:24],
)
async def test_a_conversation_that_cannot_begin_is_ended(
    first: Message | str | bytes, code: str, sentence: str, server: ServerProcess
) -> None:
    """A first message that this model cannot serve is answered with a sentence, then closed.

    The closing code is 4400, and its reason the same sentence.
    """
    async with bystander(server), wire(server.stream) as client:
        await client.send(first)
        (error,) = await client.rest()
        closing, reason = await client.closed()
    assert (error["type"], error["code"], error["fatal"]) == ("error", code, True)
    assert sentence in error["message"]
    assert len(error["message"]) < 300
    assert closing == 4400
    assert error["message"].startswith(reason)
    assert reason


@pytest.mark.parametrize(
    ("wrong", "code", "sentence"),
    [
        (people(body(KINECT).tolist()[:19]), "wrong-keypoints", "kinect20 has 20 keypoints"),
        (people([row[:3] for row in body(KINECT).tolist()]), "wrong-keypoints", "has 3 numbers"),
        (people(b"\0" * 319), "wrong-keypoints", "320 bytes (20 joints of 4 float32)"),
        (with_value(math.nan), "not-finite", "a missing joint has score 0; person 0 has NaN"),
        (with_value(-math.inf), "not-finite", "NaN or infinity"),
        (with_value("0.5"), "invalid-message", "got `str` - at `$.people[0].keypoints[3][1]`"),
        (with_value(None), "invalid-message", "got `None`"),
        (frame(0) | {"t_ms": 0}, "time-back", "t_ms 0 came after 0"),
        (frame(0) | {"t_ms": -5.25}, "time-back", "t_ms -5.25 came after 0"),
        (frame(0) | {"t_ms": math.nan}, "bad-time", "got nan"),
        (frame(0) | {"t_ms": 1e300}, "bad-time", "within ±9007199254740992; got 1e+300"),
        (frame(0) | {"t_ms": "now"}, "invalid-message", "`float`, got `str` - at `$.t_ms`"),
        (pose(9, *[body(KINECT)] * 17), "too-many-people", "at most 16 people, this one 17"),
        (HELLO, "second-hello", "a client says hello once"),
        ({"type": "teach"}, "invalid-message", "missing required field `label`"),
        ("garbage", "not-decodable", "the message is not JSON"),
        (bytes(range(200, 256)), "not-decodable", "the message is not MessagePack"),
        ("", "not-decodable", "the message is not JSON"),
        ("[" * 500_000, "invalid-message", "Expected `object`, got `array`"),
        ('{"x":' + "[" * 500_000, "not-decodable", "nested too deeply"),
        (b"\x81\xa1x" + b"\x91" * 500_000, "not-decodable", "nested too deeply"),
    ],
    ids=lambda value: str(value)[:24],
)
async def test_one_bad_message_costs_only_itself(
    wrong: Message | str | bytes, code: str, sentence: str, server: ServerProcess
) -> None:
    """A message that is refused is answered with a sentence that is not fatal.

    The frame before it and the frames after it are labelled as if it had never come.
    """
    async with bystander(server), wire(server.stream, binary=True) as client:
        await client.ask(HELLO)
        assert (await client.ask(frame(0)))["t_ms"] == 0
        error = await client.ask(wrong)
        assert (error["type"], error["code"], error["fatal"]) == ("error", code, False)
        assert sentence in error["message"]
        assert len(error["message"]) < 300
        for number in range(1, WARM):
            answer = await client.ask(frame(number))
        assert answer["people"][0]["label"] == "left up"


async def test_the_sentence_about_time_shows_what_differs(server: ServerProcess) -> None:
    """Milliseconds since 1970 have thirteen digits before the point: both times are shown whole."""
    async with wire(server.stream) as client:
        await client.send(HELLO, frame(0) | {"t_ms": 1732159999123.25})
        await client.receive("actions")
        error = await client.ask(frame(0) | {"t_ms": 1732159999123})
    assert "t_ms 1732159999123 came after 1732159999123.25" in error["message"]


async def test_a_message_of_two_megabytes_is_too_large(server: ServerProcess) -> None:
    """It is answered with the sizes, and closed with 1009 and the same sentence."""
    for large in ("x" * (2 << 20), b"x" * (2 << 20)):
        async with bystander(server), wire(server.stream, isinstance(large, bytes)) as client:
            await client.ask(HELLO)
            await client.send(large)
            (error,) = await client.rest()
            assert (error["code"], error["fatal"]) == ("too-large", True)
            assert error["message"] == "a message is at most 1048576 bytes, this one has 2097152"
            assert await client.closed() == (1009, error["message"])


async def test_a_message_of_twenty_megabytes_is_closed_with_its_reason(
    server: ServerProcess,
) -> None:
    """Above the library's own limit the reason of the close says why."""
    async with bystander(server), wire(server.stream) as client:
        await client.ask(HELLO)
        await client.send("x" * (20 << 20))
        assert await client.rest() == []
        code, reason = await client.closed()
    assert code == 1009
    assert "20971520 bytes exceeds limit of 16777216" in reason


def test_the_reason_reaches_a_client_that_sends_before_it_reads(server: ServerProcess) -> None:
    """The server goes on reading: a reset would reach such a client first, and no reason."""
    host, port = server.http.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=SOON_S) as raw:
        raw.sendall(
            b"GET /v1/stream HTTP/1.1\r\nHost: here\r\n"
            b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        assert raw.recv(4096).startswith(b"HTTP/1.1 101")
        masked_binary = b"\x82\xff" + (20 << 20).to_bytes(8) + bytes(4)
        raw.sendall(masked_binary)
        for _ in range(20):
            raw.sendall(bytes(1 << 20))
        said = raw.makefile("rb").read()
    assert said[0] == 0x88  # a close frame, of fewer than 126 bytes
    assert int.from_bytes(said[2:4]) == 1009
    assert b"exceeds limit" in said[4:]


async def test_text_that_is_no_text_is_closed_with_its_reason(server: ServerProcess) -> None:
    """A text message that is not UTF-8 is closed with 1007 and a sentence."""
    async with bystander(server), wire(server.stream) as client:
        await client.ask(HELLO)
        await client.socket.send(b"\xff\xfe", text=True)
        assert await client.rest() == []
        assert await client.closed() == (1007, "a text message is UTF-8, this one is not")


async def test_bytes_that_are_no_websocket_are_closed(server: ServerProcess) -> None:
    """A client that speaks something else after the handshake is closed with 1002."""
    async with bystander(server), wire(server.stream) as client:
        await client.ask(HELLO)
        client.socket.transport.write(b"\xff" * 64)
        assert await client.rest() == []
        assert (await client.closed())[0] == 1002


def test_what_is_no_http_is_answered(server: ServerProcess) -> None:
    """Bytes that are no request at all get a 400, and the server stays."""
    host, port = server.http.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=SOON_S) as raw:
        raw.sendall(b"\x16\x03\x01 what?\r\n\r\n")
        assert raw.recv(1024).startswith(b"HTTP/1.1 400")


@pytest.fixture(scope="module")
def impatient(kinect_artifact: Path) -> Iterator[ServerProcess]:
    """A server that waits for nobody."""
    with ServerProcess(kinect_artifact, hello_s=2, idle_s=4) as process:
        yield process


async def test_silence_is_ended(impatient: ServerProcess) -> None:
    """Whoever says no hello in time, or nothing for too long, is told so and closed with 4400."""

    async def silent(*messages: Message) -> tuple[Message, int | None]:
        async with wire(impatient.stream) as client:
            await client.send(*messages)
            *_, error = await client.rest()
            return error, (await client.closed())[0]

    async with bystander(impatient):
        (mute, mute_code), (idle, idle_code) = await asyncio.gather(silent(), silent(HELLO))
    assert (mute["code"], mute["fatal"], mute_code) == ("timeout", True, 4400)
    assert mute["message"] == "a client says hello within 2 s"
    assert (idle["code"], idle["fatal"], idle_code) == ("timeout", True, 4400)
    assert idle["message"] == "a client sends something within 4 s"

"""Recordings posted to a server: the labels of a stream, in one answer, for whom may stream."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from tests.service.artifacts import KINECT
from tests.service.bodies import body, hello, pose
from tests.service.engines import HeldEngine
from tests.service.inside import serving
from tests.service.test_taught_sets import STILL, TEACH, motion, shown
from tests.service.wire import actions, wire

ALWAYS = 100_000
FRAMES = [pose(n, body(KINECT, left=0.5 if n // 25 % 2 else -1.0)) for n in range(120)]
JSON = {"Content-Type": "application/json"}


def posted(frames: list[dict[str, Any]], **fields: Any) -> bytes:
    return msgspec.json.encode({**hello(KINECT), "frames": frames, **fields})


async def test_a_posted_recording_says_what_its_stream_says() -> None:
    """Frame for frame, with the live stream beside it; a set that it names is known in it."""
    async with (
        serving(HeldEngine(runs=ALWAYS)) as server,
        httpx.AsyncClient(base_url=server.http, headers=JSON) as client,
    ):

        async def streamed() -> list[Any]:
            async with wire(server.stream) as live:
                await live.ask(hello(KINECT, drop="never"))
                await live.send(*FRAMES, {"type": "bye"})
                return actions(await live.rest())

        reply, told = await asyncio.gather(
            client.post("/v1/actions", content=posted(FRAMES)), streamed()
        )
        assert reply.status_code == 200
        said = reply.json()
        assert said["frames"] == [{"t_ms": m["t_ms"], "people": m["people"]} for m in told]
        assert [s["label"] for s in said["segments"]] == ["left up", "left up"]
        assert said["labels"] == list(KINECT.labels)
        async with wire(server.stream) as teacher:
            await shown(teacher, taught="home")
            await teacher.ask(TEACH)
        reply = await client.post("/v1/actions", content=posted(motion(), taught="home"))
        assert reply.json()["labels"][-1] == "bow"
        assert reply.json()["frames"][-1]["people"][0]["label"] == "bow"
        assert reply.json()["frames"][STILL - 1]["people"][0]["label"] != "bow"


async def test_who_may_not_stream_may_not_post(tmp_path: Path) -> None:
    """A token is asked for; a posted recording takes a session's place."""
    tokens = tmp_path / "tokens"
    tokens.write_text("hall: a-token-of-enough-letters\n")
    bearer = {"Authorization": "Bearer a-token-of-enough-letters", **JSON}
    engine = HeldEngine()
    async with (
        serving(engine, tokens=tokens, sessions_per_token=1) as server,
        httpx.AsyncClient(base_url=server.http, headers=JSON) as client,
    ):
        assert (await client.post("/v1/actions", content=posted(FRAMES))).status_code == 401
        first = asyncio.create_task(
            client.post("/v1/actions", content=posted(FRAMES), headers=bearer)
        )
        await engine.until_asked(1)
        second = await client.post("/v1/actions", content=posted(FRAMES), headers=bearer)
        assert second.status_code == 503
        assert second.json()["detail"].startswith("all 1 sessions of this token are taken")
        engine.let(ALWAYS)
        assert (await first).status_code == 200


async def test_nothing_more_is_run_for_a_client_that_went() -> None:
    """Of a recording that nobody waits for any more, only the run in hand is done."""
    engine = HeldEngine()
    async with serving(engine) as server:
        async with httpx.AsyncClient(base_url=server.http, headers=JSON) as client:
            asked = asyncio.create_task(client.post("/v1/actions", content=posted(FRAMES)))
            await engine.until_asked(1)
            asked.cancel()
            await asyncio.gather(asked, return_exceptions=True)
        await asyncio.sleep(0.1)
        engine.let(ALWAYS)
        await server.until_inside(0)
        assert engine.asked == 1


@pytest.mark.parametrize(
    ("content", "kind", "status", "sentence"),
    [
        (b"frames", "text/plain", 415, "a recording is of the type application/json"),
        (b"{", "application/json", 400, "not json"),
        (b" " * 5000, "application/json", 413, "at most 4500 bytes, this one has more"),
        (posted(FRAMES[:1] * 2), "application/json", 422, "frame 1: time goes forward"),
        (posted([], layout="image", coordinates="pixels"), "application/json", 422, "metres"),
        (posted([], taught=" "), "application/json", 422, "a set's name has 1 to 60"),
    ],
)
async def test_a_bad_recording_is_one_sentence(
    content: bytes, kind: str, status: int, sentence: str
) -> None:
    """Its status says what kind of wrong it is."""
    async with serving(HeldEngine(runs=ALWAYS), recording_bytes=4500) as server:
        reply = await asyncio.to_thread(
            httpx.post,
            f"{server.http}/v1/actions",
            content=content,
            headers={"Content-Type": kind},
        )
        assert (reply.status_code, sentence in reply.text) == (status, True), reply.text

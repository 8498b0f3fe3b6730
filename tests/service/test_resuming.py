"""A lost session is taken up over a new socket: what is said is what one socket would have said."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from websockets.asyncio.client import connect

from tests.service.artifacts import COCO, KINECT
from tests.service.bodies import STEP_MS, WARM, body, hello, pose
from tests.service.engines import HeldEngine
from tests.service.inside import Inside, serving
from tests.service.pictures import ScriptedWorker, image, seen
from tests.service.redis_process import RedisProcess
from tests.service.test_draining import begin_to_stop
from tests.service.wire import Message, Wire, actions, wire

ALWAYS = 100_000
BYE = {"type": "bye"}
FRAMES = 90
ASIDE = np.array([1.5, 0, 0, 0], np.float32)


def frames(count: int = FRAMES) -> list[Message]:
    """Two people without ids; the first raises a hand now and then."""
    return [
        pose(
            n,
            body(KINECT, left=0.5 if n // 25 % 2 else -1.0),
            body(KINECT, right=0.3) + ASIDE,
            ids=False,
        )
        for n in range(count)
    ]


@asynccontextmanager
async def breaking(url: str, binary: bool = False) -> AsyncIterator[Wire]:
    """A connection that breaks at the end of the block."""
    async with connect(url, ping_interval=None) as socket:
        yield Wire(socket, binary)
        socket.transport.abort()


async def resumed(client: Wire, token: str, **options: Any) -> Message:
    """Says hello again with a token."""
    return await client.ask(hello(KINECT, **options) | {"resume": token})


def said(messages: list[Message]) -> list[Any]:
    """What is told of frames, without what is of the moment."""
    return [
        {key: value for key, value in message.items() if key != "timing"}
        for message in messages
        if message["type"] in ("actions", "event")
    ]


async def whole(server: Inside, **options: Any) -> list[Any]:
    async with wire(server.stream) as client:
        await client.ask(hello(KINECT, **options))
        await client.send(*frames(), BYE)
        return said(await client.rest())


async def answered(client: Wire, messages: list[Message]) -> list[Message]:
    """Sends frames one by one, each after the label of the one before, and returns all told."""
    told = []
    for message in messages:
        await client.send(message)
        told.append(await client.receive())
        while told[-1]["type"] != "actions":
            told.append(await client.receive())
    return told


@pytest.mark.parametrize("drop", ["oldest", "never"])
async def test_a_session_that_was_lost_goes_on_as_if_it_had_not(drop: str) -> None:
    """Labels, scores, ids, events and counts are those of one connection, wherever it broke."""
    async with serving(HeldEngine(runs=ALWAYS)) as server:
        expected = await whole(server, drop="never")
        told: list[Message] = []
        token, seen_ms = None, None
        sessions = set()
        for first, last in ((0, 10), (10, 37), (37, 70), (70, FRAMES)):
            async with breaking(server.stream) as client:
                welcome = await client.ask(hello(KINECT, drop=drop) | {"resume": token})
                assert (welcome["resumed"], welcome["seen_ms"]) == (token is not None, seen_ms)
                assert token != welcome["resume"]
                sessions.add(welcome["session"])
                token, seen_ms = welcome["resume"], (last - 1) * STEP_MS
                told += await answered(client, frames()[first:last])
                if last == FRAMES:
                    await client.send(BYE)
                    told += await client.rest()
            await server.until_inside(0)
        assert await server.count('posewire_resumes_total{outcome="here"}') == 3
        assert await server.count('posewire_sessions{state="suspended"}') == 0
    assert said(told) == expected
    assert len(sessions) == 1


async def test_what_was_being_run_when_the_socket_broke_is_told_afterwards() -> None:
    """Each frame that was taken in gets its label once, after the welcome of the new socket."""
    engine = HeldEngine()
    async with serving(engine) as server:
        async with breaking(server.stream) as client:
            welcome = await client.ask(hello(KINECT, drop="never"))
            await client.send(*frames(WARM))
            for _ in range(WARM - 1):
                await client.receive("actions")
            await engine.until_asked(1)
        await asyncio.sleep(0.05)
        engine.let(ALWAYS)
        await server.until_inside(0)
        assert await server.count('posewire_sessions{state="suspended"}') == 1
        async with wire(server.stream) as client:
            again = await resumed(client, welcome["resume"], drop="never")
            assert (again["resumed"], again["seen_ms"]) == (True, (WARM - 1) * STEP_MS)
            assert (await client.receive("actions"))["t_ms"] == (WARM - 1) * STEP_MS
            await client.send(*frames(WARM + 1), BYE)
            rest = await client.rest()
            # What was seen before is refused, and what comes after is answered.
            assert [m["code"] for m in rest if m["type"] == "error"] == ["time-back"] * WARM
            assert [m["t_ms"] for m in actions(rest)] == [WARM * STEP_MS]


async def test_a_socket_that_is_dead_on_paper_is_handed_over() -> None:
    """The client is back before the server noticed: the old connection ends with 4409."""
    async with serving(HeldEngine(runs=ALWAYS)) as server, wire(server.stream) as old:
        welcome = await old.ask(hello(KINECT))
        await answered(old, frames(40))
        async with wire(server.stream) as new:
            again = await resumed(new, welcome["resume"])
            assert (again["resumed"], again["session"]) == (True, welcome["session"])
            answer = await new.ask(frames(41)[-1])
            assert [p["label"] == "warming" for p in answer["people"]] == [False, False]
            assert await old.closed() == (4409, "the session goes on in another connection")
            await server.until_inside(1)
            # The same token once more opens nothing.
            async with wire(server.stream) as thief:
                assert (await resumed(thief, welcome["resume"]))["resumed"] is False
                assert (await thief.receive())["code"] == "not-resumed"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"resume": "nothing"}, "no session is kept under this token"),
        ({"up": "z"}, 'as it was declared: up was "y", now it is "z"'),
    ],
)
async def test_why_a_session_begins_anew_is_said(change: Message, sentence: str) -> None:
    """A notice after the welcome says why; the stream begins all the same."""
    async with serving(HeldEngine(runs=ALWAYS)) as server:
        async with breaking(server.stream) as client:
            token = (await client.ask(hello(KINECT)))["resume"]
        await server.until_inside(0)
        async with wire(server.stream) as client:
            welcome = await client.ask(hello(KINECT) | {"resume": token} | change)
            notice = await client.receive()
            assert (welcome["resumed"], notice["code"]) == (False, "not-resumed")
            assert sentence in notice["message"]
            assert (await client.ask(frames(1)[0]))["people"][0]["label"] == "warming"
        assert await server.count('posewire_resumes_total{outcome="unknown"}') == 1


async def test_who_said_bye_or_may_not_resume_leaves_nothing() -> None:
    """After bye a token opens nothing; where resume_s is 0 there is none."""
    async with serving(HeldEngine(runs=ALWAYS)) as server:
        async with wire(server.stream) as client:
            token = (await client.ask(hello(KINECT)))["resume"]
            await client.send(BYE)
            await client.rest()
        async with wire(server.stream) as client:
            assert (await resumed(client, token))["resumed"] is False
    async with serving(HeldEngine(runs=ALWAYS), resume_s=0) as server:
        async with wire(server.stream) as client:
            assert (await client.ask(hello(KINECT)))["resume"] is None


async def test_a_lost_session_is_kept_for_resume_s_and_no_longer() -> None:
    """Whoever comes back later begins anew, and is told."""
    async with serving(HeldEngine(runs=ALWAYS), resume_s=0.1) as server:
        async with breaking(server.stream) as client:
            token = (await client.ask(hello(KINECT)))["resume"]
        await server.until_inside(0)
        await asyncio.sleep(0.2)
        async with wire(server.stream) as client:
            assert (await resumed(client, token))["resumed"] is False
            notice = await client.receive("notice")
            assert notice["message"].startswith("no session is kept under this token")


async def test_people_in_pictures_keep_their_ids() -> None:
    """A stream of images goes on with who is who, though somebody had left before it was lost."""

    def people(t_ms: float) -> Any:
        return [seen(x=200)] if t_ms >= 20 * STEP_MS else [seen(), seen(x=200)]

    declared = hello(COCO, drop="never") | {"layout": "image"}
    async with serving(HeldEngine(COCO, runs=ALWAYS), lambda: ScriptedWorker(people)) as server:
        async with breaking(server.stream, binary=True) as client:
            token = (await client.ask(declared))["resume"]
            for frame in range(60):
                await client.send(image(frame))
                before = await client.receive("actions")
        await server.until_inside(0)
        async with wire(server.stream, binary=True) as client:
            assert (await client.ask(declared | {"resume": token}))["resumed"] is True
            await client.send(image(60))
            after = await client.receive("actions")
    assert [p["id"] for p in before["people"]] == [p["id"] for p in after["people"]] == [1]
    assert after["people"][0]["label"] != "warming"


async def test_a_server_that_stops_passes_its_sessions_on(tmp_path: Path) -> None:
    """With a Redis a session that is drained goes on elsewhere: no event ends, nobody warms anew.

    Its client is told, has every label that is due, and is closed with 1012.
    """
    redis = RedisProcess(tmp_path)
    try:
        async with serving(HeldEngine(runs=ALWAYS), redis_url=redis.url) as other:
            expected = await whole(other, drop="never", lookahead_ms=100)
            async with (
                serving(HeldEngine(runs=ALWAYS), redis_url=redis.url) as server,
                wire(server.stream) as client,
            ):
                welcome = await client.ask(hello(KINECT, drop="never", lookahead_ms=100))
                await client.send(*frames()[:50])
                before: list[Message] = []
                while sum(message["type"] == "actions" for message in before) < 47:
                    before.append(await client.receive())
                begin_to_stop(server)
                told = await client.rest()
                assert [m["code"] for m in told if m["type"] == "notice"] == ["draining"]
                assert [m["event"] for m in told if m["type"] == "event"] in ([], ["start"])
                assert (await client.closed())[0] == 1012
            async with wire(other.stream) as client:
                token = welcome["resume"]
                again = await resumed(client, token, drop="never", lookahead_ms=100)
                assert (again["resumed"], again["seen_ms"]) == (True, 49 * STEP_MS)
                await client.send(*frames()[50:], BYE)
                rest = said(await client.rest())
            assert await other.count('posewire_resumes_total{outcome="elsewhere"}') == 1
        assert said(before + told) + rest == expected
        assert actions(rest)[0]["t_ms"] == 47 * STEP_MS
    finally:
        redis.kill()

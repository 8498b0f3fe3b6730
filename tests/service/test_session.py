"""A session over real sockets, with an engine that the test holds: what is answered, and when."""

import asyncio
import logging
from typing import Any

import pytest
from websockets.asyncio.client import connect

from model.pose.stream import PERSON_ENDS_MS
from service.answering import MOST_WAITING
from tests.service.artifacts import COCO, KINECT
from tests.service.bodies import STEP_MS, WARM, body, hello, pose, score
from tests.service.engines import FailingEngine, HeldEngine
from tests.service.inside import ended, serving
from tests.service.slow_reader import CROWD, flood, narrow
from tests.service.wire import Message, Wire, actions, wire

ALWAYS = 100_000
BYE = {"type": "bye"}


def times_ms(messages: list[Message]) -> list[float]:
    return [message["t_ms"] for message in actions(messages)]


def frames(count: int, first: int = 0) -> list[Message]:
    return [pose(frame, body(KINECT, left=0.3)) for frame in range(first, first + count)]


async def warmed(client: Wire, **options: Any) -> None:
    """Says hello and sends the frames that need no run."""
    assert (await client.ask(hello(KINECT, **options)))["type"] == "welcome"
    for message in frames(WARM - 1):
        assert (await client.ask(message))["people"][0]["label"] == "warming"


async def test_each_frame_gets_the_label_of_its_own_time() -> None:
    """An answer is computed from the very frame that it names: the hand's height says it."""
    engine = HeldEngine(runs=ALWAYS)
    heights = [0.02 * frame - 0.5 for frame in range(40)]
    async with serving(engine) as server, wire(server.stream) as client:
        await client.ask(hello(KINECT, drop="never"))
        for frame, height in enumerate(heights):
            await client.send(pose(frame, body(KINECT, left=height)))
        await client.send(BYE)
        answers = actions(await client.rest())
        assert await client.closed() == (1000, "")
    assert times_ms(answers) == [frame * STEP_MS for frame in range(40)]
    for answer, height in zip(answers[WARM - 1 :], heights[WARM - 1 :], strict=True):
        (person,) = answer["people"]
        expected = score(height)
        assert person["label"] == max(expected, key=lambda label: expected[label])
        assert dict(person["top"]) == pytest.approx(expected, abs=1e-5)
        assert person["score"] == pytest.approx(expected[person["label"]], abs=1e-5)


async def test_the_newest_frame_supersedes_those_that_wait() -> None:
    """drop: oldest answers the newest frame when a run ends, and counts what it superseded."""
    engine = HeldEngine()
    async with serving(engine) as server, wire(server.stream) as client:
        await warmed(client)
        dropped = 0
        for round_ in range(1, 4):
            newest = WARM - 1 + 6 * (round_ - 1)
            await client.send(*frames(1, newest))
            await engine.until_asked(2 * round_ - 1)
            await client.send(*frames(5, newest + 1), {"type": "nothing"})
            assert (await client.receive("error"))["code"] == "unknown-type"  # all were read
            engine.let(2)
            first, second = await client.receive("actions"), await client.receive("actions")
            assert (first["t_ms"], first["dropped"]) == (newest * STEP_MS, dropped)
            dropped += 4
            assert (second["t_ms"], second["dropped"]) == ((newest + 5) * STEP_MS, dropped)
        await client.send(BYE)
        assert times_ms(await client.rest()) == []


async def test_nothing_is_dropped_from_a_client_that_floods() -> None:
    """drop: never answers every frame in order, however fast they come, a run a frame."""
    engine = HeldEngine(runs=ALWAYS)
    async with serving(engine) as server, wire(server.stream, binary=True) as client:
        sent = [pose(frame, body(KINECT)) for frame in range(300)]
        await client.send(hello(KINECT, drop="never"), *sent, BYE)
        answers = actions(await client.rest())
    assert times_ms(answers) == [message["t_ms"] for message in sent]
    assert {answer["dropped"] for answer in answers} == {0}
    assert len(engine.clips) == 300 - (WARM - 1)


async def test_bye_is_answered_with_all_that_is_pending() -> None:
    """After bye come all labels still waiting, for a look-ahead too, then 1000.

    What is sent after it is not read.
    """
    engine = HeldEngine()
    async with serving(engine) as server, wire(server.stream) as client:
        await client.ask(hello(KINECT, drop="never", lookahead_ms=200))
        await client.send(*frames(WARM + 4), BYE, *frames(5, 100))
        await engine.until_asked(1)
        engine.let(ALWAYS)
        assert times_ms(await client.rest()) == [frame * STEP_MS for frame in range(WARM + 4)]
        assert await client.closed() == (1000, "")


async def test_a_look_ahead_waits_and_then_speaks_of_the_frame_itself() -> None:
    """With a look-ahead of k frames a frame is answered when the k-th after it comes.

    It is answered from its own place in that window; the welcome says what was agreed.
    """
    engine = HeldEngine(runs=ALWAYS)
    async with serving(engine) as server, wire(server.stream) as client:
        welcome = await client.ask(hello(KINECT, lookahead_ms=100))
        assert welcome["model"]["lookahead_ms"] == pytest.approx(100)
        await client.send(*(pose(f, body(KINECT, left=0.01 * f)) for f in range(3)))
        for frame in range(3, 40):
            await client.send(pose(frame, body(KINECT, left=0.01 * frame)))
            answer = await client.receive("actions")
            assert answer["t_ms"] == (frame - 3) * STEP_MS
            if frame >= WARM - 1:
                top = dict(answer["people"][0]["top"])
                assert top == pytest.approx(score(0.01 * (frame - 3)), abs=1e-5)


async def test_a_rate_limit_answers_fewer_frames_but_sees_them_all() -> None:
    """At a third of the rate a third of the frames are answered, and all enter the window.

    So the person is warm after 16 frames, not 16 answers.
    """
    engine = HeldEngine(runs=ALWAYS)
    async with serving(engine) as server, wire(server.stream) as client:
        await client.send(hello(KINECT, rate_limit_hz=10, drop="never"), *frames(90), BYE)
        answers = actions(await client.rest())
    assert len(answers) in (30, 31)
    assert {answer["dropped"] for answer in answers} == {0}
    for answer in answers:
        warming = answer["people"][0]["label"] == "warming"
        assert warming == (round(answer["t_ms"] / STEP_MS) < WARM - 1)


async def test_two_people_are_answered_each_for_himself() -> None:
    """Everybody in a frame gets a label, in the order in which they came, of their own hands."""
    engine = HeldEngine(COCO, runs=ALWAYS)
    async with serving(engine) as server, wire(server.stream) as client:
        await client.ask(hello(COCO, top_k=1))
        for frame in range(WARM):
            people = [body(COCO, left=0.4), body(COCO, right=0.2)]
            answer = await client.ask(pose(frame, *people))
    assert engine.clips[0].shape[0] == 2
    for person, (number, label, probability) in zip(
        answer["people"],
        [(1, "left up", score(0.4)["left up"]), (2, "right up", score(-1, 0.2)["right up"])],
        strict=True,
    ):
        assert (person["id"], person["label"], person["known"]) == (number, label, True)
        assert person["top"] == [[label, pytest.approx(probability, abs=1e-5)]]


async def test_a_person_who_is_gone_ends() -> None:
    """A person unseen for more than a second ends, and so does the action.

    The event names the last frame in which it was said; the same id then begins anew, warming.
    """
    engine = HeldEngine(runs=ALWAYS)
    async with serving(engine) as server, wire(server.stream) as client:
        await client.send(hello(KINECT, drop="never"))
        await client.send(*(pose(f, body(KINECT, left=0.5), body(KINECT)) for f in range(30)))
        start = await client.receive("event")
        assert (start["event"], start["person"], start["label"]) == ("start", 1, "left up")
        assert start["t_ms"] == (WARM - 1) * STEP_MS
        last_ms = 29 * STEP_MS
        away = {"type": "pose", "people": []}
        for later_ms in (400.0, 800.0, PERSON_ENDS_MS):
            await client.send(away | {"t_ms": last_ms + later_ms})
            assert (await client.receive("actions")) is not None
        await client.send(away | {"t_ms": last_ms + PERSON_ENDS_MS + 1})
        end = await client.receive("event")
        assert (end["event"], end["person"], end["t_ms"]) == ("end", 1, last_ms)
        await client.send(pose(70, body(KINECT, left=0.5)))
        await client.send(BYE)
        (answer,) = [a for a in actions(await client.rest()) if a["people"]]
        assert answer["people"][0]["label"] == "warming"


async def test_an_engine_that_fails_ends_only_the_session_that_it_failed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A run that raises closes its own session with 1011 and a sentence, and is logged once.

    The other session is answered as before.
    """
    async with (
        serving(FailingEngine()) as server,
        wire(server.stream) as one,
        wire(server.stream) as other,
    ):
        await warmed(one)
        await warmed(other)
        with caplog.at_level(logging.ERROR):
            await one.send(pose(WARM - 1, body(KINECT, left=3.0)))
            (error,) = await one.rest()
        assert (error["code"], error["fatal"]) == ("internal", True)
        assert "the graph fell over" not in error["message"]
        assert await one.closed() == (1011, error["message"])
        assert [record.message.split()[-1] for record in caplog.records] == ["failed"]
        assert (await other.ask(*frames(1, WARM)))["people"][0]["label"] == "left up"


@pytest.mark.parametrize("drop", ["oldest", "never"])
async def test_a_client_that_vanishes_leaves_nothing_behind(drop: str) -> None:
    """A connection that breaks in the middle of a run ends its tasks, and the server goes on.

    That is long before all is answered that the client had sent.
    """
    engine = HeldEngine()
    async with serving(engine) as server:
        before = asyncio.all_tasks()
        async with connect(server.stream, ping_interval=None) as socket_:
            client = Wire(socket_)
            await warmed(client, drop=drop)
            its_tasks = asyncio.all_tasks() - before
            await client.send(*frames(200, WARM))
            await engine.until_asked(1)
            socket_.transport.abort()
        engine.let(ALWAYS)
        await ended(its_tasks)
        assert engine.asked < 20
        async with wire(server.stream) as client:
            await warmed(client)


async def test_a_client_that_does_not_read_is_let_go() -> None:
    """Whoever takes no answer for send_s is let go, with everything that was kept for it.

    The client here sends on and on, never closes, and keeps its end open. How long it takes until
    its answers fill the buffers is the machine's, so it floods for as long as it is listened to.
    """
    engine = HeldEngine(runs=ALWAYS)
    async with serving(engine, send_s=0.2, people=CROWD) as server:
        before = asyncio.all_tasks()
        async with narrow(server.stream) as client:
            await client.ask(hello(KINECT))
            its_tasks = asyncio.all_tasks() - before
            flooding = asyncio.create_task(flood(client, 100_000))
            await ended(its_tasks)
            assert await server.count('posewire_sessions_ended_total{code="1008"}') == 1
            await server.until_unconnected()
            flooding.cancel()
            await asyncio.gather(flooding, return_exceptions=True)
            client.socket.transport.abort()


async def test_what_waits_for_a_slow_engine_is_bounded() -> None:
    """A client that floods a held engine is read no further once so many of its frames wait.

    In the end every frame is answered or counted as dropped.
    """
    engine = HeldEngine()
    count = 3 * MOST_WAITING
    async with serving(engine, rate_hz=240) as server, wire(server.stream, binary=True) as client:
        await warmed(client)
        messages = frames(count, WARM)
        sending = asyncio.create_task(client.send(*messages, BYE))
        await engine.until_asked(1)
        for _ in range(1000):
            if await server.count('posewire_frames_total{kind="pose"}') >= MOST_WAITING:
                break
            await asyncio.sleep(0.05)
        engine.let(ALWAYS)
        answers = actions(await client.rest())
        await sending
    assert MOST_WAITING / 2 < answers[1]["dropped"] <= MOST_WAITING
    assert len(answers) + answers[-1]["dropped"] == count
    assert answers[-1]["t_ms"] == messages[-1]["t_ms"]


async def test_replies_come_in_the_encoding_of_the_hello() -> None:
    """A hello in JSON is answered in JSON, one in MessagePack in MessagePack, whatever follows."""
    engine = HeldEngine(runs=ALWAYS)
    async with serving(engine) as server:
        for binary in (False, True):
            async with wire(server.stream, binary) as client:
                await client.send(hello(KINECT))
                kinds = {type(await client.socket.recv())}
                client.binary = not binary
                await client.send(frames(1)[0])
                kinds.add(type(await client.socket.recv()))
                assert kinds == {bytes if binary else str}

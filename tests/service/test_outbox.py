"""The outbox: what a client that reads slowly gets in the end, and what it costs the others."""

import asyncio
from collections.abc import Iterable
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.websockets import WebSocket

from service.connection import EXTENSION, LOST, Connection, Ended
from service.metrics import Metrics
from service.outbox import Outbox
from service.protocol import Actions, Error, Event, SeenPose, ServerMessage, Timing
from service.settings import Settings
from service.socket import ClientSocket
from tests.service.artifacts import KINECT
from tests.service.bodies import STEP_MS, body, hello, pose
from tests.service.engines import HeldEngine
from tests.service.inside import serving
from tests.service.slow_reader import CROWD, flood, narrow
from tests.service.wire import actions, wire

ALWAYS = 100_000


def label(t_ms: float) -> Actions:
    return Actions(t_ms, (), Timing(0, 0), 0)


MESSAGES = st.one_of(
    st.floats(0, 1e6).map(label),
    st.builds(SeenPose, st.floats(0, 1e6), st.just(())),
    st.builds(
        Event, st.just("start"), st.integers(0, 9), st.just("wave"), st.just(0.0), st.just(1.0)
    ),
    st.builds(Error, st.text(), st.text(), st.just(False)),
)


@given(st.lists(MESSAGES, max_size=60), st.integers(1, 10), st.booleans())
def test_it_is_bounded_and_loses_only_labels(
    messages: list[ServerMessage], most: int, supersedes: bool
) -> None:
    """What comes out is what was taken in, in order, less the oldest labels and drawn poses.

    Those that are missing are older than any of their kind that is there, labels are counted, and
    nothing is lost where nothing may be.
    """
    outbox = Outbox(most, supersedes=supersedes)
    accepted = [message for message in messages if outbox.put(message)]
    assert len(outbox) <= most
    out = [outbox.take() for _ in range(len(outbox))]
    passing = [m for m in accepted if isinstance(m, Actions | SeenPose)]
    kept = [m for m in out if isinstance(m, Actions | SeenPose)]
    lost = passing[: len(passing) - len(kept)]
    assert kept == passing[len(lost) :]
    assert outbox.dropped == sum(isinstance(m, Actions) for m in lost)
    assert [m for m in out if m not in passing] == [m for m in accepted if m not in passing]
    if not supersedes:
        assert out == messages[:most]


def test_a_label_tells_how_many_were_passed_over() -> None:
    """Two labels that had to make room are counted in those that are sent after them."""
    outbox = Outbox(2, supersedes=True)
    assert all(outbox.put(label(t_ms)) for t_ms in (1, 2, 3, 4))
    assert [
        (m.t_ms, m.dropped) for m in (outbox.stamped(outbox.take()),) if isinstance(m, Actions)
    ] == [(3, 2)]


async def test_a_slow_reader_gets_the_newest_label() -> None:
    """While it does not read, newer labels take the place of older ones, and it is told how many.

    Meanwhile another session is answered as ever.
    """
    engine = HeldEngine(runs=ALWAYS)
    async with (
        serving(engine, waiting_messages=4, people=CROWD, rate_hz=240, send_s=3600) as server,
        narrow(server.stream) as slow,
        wire(server.stream) as other,
    ):
        await slow.ask(hello(KINECT, top_k=3))
        await other.ask(hello(KINECT))
        flooding = asyncio.create_task(flood(slow, 300))
        for frame in range(20):
            answer = await other.ask(pose(frame, body(KINECT)))
            assert answer["t_ms"] == pytest.approx(frame * STEP_MS)
        await flooding
        passed_over = await server.count('posewire_dropped_total{cause="slow-client"}')
        assert passed_over > 20
        await slow.send({"type": "bye"})
        answers = actions(await slow.rest())
    assert answers[-1]["t_ms"] == pytest.approx(299 * STEP_MS)
    assert len(answers) + answers[-1]["dropped"] == 300
    assert answers[-1]["dropped"] >= passed_over


async def test_whoever_wants_every_label_is_waited_for() -> None:
    """With `drop: never` a slow reader is read no further instead, and in the end has them all."""
    engine = HeldEngine(runs=ALWAYS)
    async with (
        serving(engine, waiting_messages=4, people=CROWD) as server,
        narrow(server.stream) as slow,
    ):
        await slow.ask(hello(KINECT, drop="never"))
        flooding = asyncio.create_task(flood(slow, 150))
        await asyncio.sleep(0.7)  # while it reads nothing
        reading = asyncio.create_task(slow.rest())
        await flooding
        await slow.send({"type": "bye"})
        answers = actions(await reading)
        assert await server.count('posewire_dropped_total{cause="slow-client"}') == 0
    assert [a["t_ms"] for a in answers] == pytest.approx([f * STEP_MS for f in range(150)])
    assert answers[-1]["dropped"] == 0


@pytest.mark.parametrize("drop", ["oldest", "never"])
async def test_a_client_that_never_reads_is_closed(drop: str) -> None:
    """Once nothing was read for send_s its session ends, with 1008 where it can still be told."""
    engine = HeldEngine(runs=ALWAYS)
    async with (
        serving(engine, waiting_messages=4, people=CROWD, send_s=0.3) as server,
        narrow(server.stream) as slow,
    ):
        await slow.ask(hello(KINECT, drop=drop))
        flooding = asyncio.create_task(flood(slow, 10_000))
        await server.until_inside(1)
        await server.until_inside(0)
        flooding.cancel()
        await slow.rest()
        assert await slow.closed() == (1008, "nothing was read for 0.3 s")
        await asyncio.gather(flooding, return_exceptions=True)
        assert await server.count('posewire_sessions_ended_total{code="1008"}') == 1


async def test_what_may_not_be_dropped_is_bounded_too() -> None:
    """A client that only errs and never reads is closed once its errors fill the outbox."""
    async with serving(HeldEngine(), waiting_messages=8) as server, narrow(server.stream) as slow:
        await slow.ask(hello(KINECT))

        async def err() -> None:
            while True:
                await slow.send(b"\xc1" * 8)
                await asyncio.sleep(0)

        erring = asyncio.create_task(err())
        await server.until_inside(0)
        erring.cancel()
        await slow.rest()
        assert await slow.closed() == (1008, "8 messages wait for you to read them")
        await asyncio.gather(erring, return_exceptions=True)


class Broken:
    """A connection that took nothing, and breaks once it has room again."""

    def __init__(self) -> None:
        self.writable = asyncio.Event()

    def interrupt(self) -> None:
        """Nobody waits for a message."""

    def tell(self, messages: Iterable[bytes]) -> None:
        raise Ended(LOST)


async def test_what_a_broken_connection_did_not_take_is_all_there() -> None:
    """Whoever resumes is told of it: the first that waited too."""
    connection = Broken()
    websocket = SimpleNamespace(scope={"extensions": {EXTENSION: {"connection": connection}}})
    sender = ClientSocket(cast("WebSocket", websocket), Settings(), Metrics())
    waiting = [label(t_ms) for t_ms in range(3)]
    for message in waiting:
        await sender.send(message)
    connection.writable.set()
    await sender.flush()
    assert sender.waiting == tuple(waiting)


def test_a_connection_that_was_lost_is_not_ended_again() -> None:
    """There is nothing to write to any more: some event loops raise where that is tried."""
    connection = Connection.__new__(Connection)
    connection.disconnected = True
    connection.end(LOST, "handed over")

"""The batcher: sessions whose windows are run together, told apart again, and failed apart."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import numpy as np
import pytest
from numpy.typing import NDArray

from model.pose.layout import layout_named
from model.pose.stream import FrameAnswer, LabelStream
from service.batcher import Answered, Batcher, Cut, Run
from tests.patience import SOON_S
from tests.service.artifacts import KINECT, known_logits
from tests.service.bodies import STEP_MS, body
from tests.service.engines import FailingEngine, HeldEngine, known_outputs

ALWAYS = 100_000


def clips(count: int, seed: int = 0) -> NDArray[np.float32]:
    shape = (count, 3, KINECT.frames, len(KINECT.joints), KINECT.persons)
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)


def ready(windows: NDArray[np.float32]) -> Cut:
    """Windows that need not be cut."""
    return lambda: windows


@contextmanager
def seated(batcher: Batcher, sessions: int) -> Iterator[None]:
    with ExitStack() as stack:
        for _ in range(sessions):
            stack.enter_context(batcher.seat())
        yield


async def test_sessions_are_run_together_and_each_gets_its_own() -> None:
    """Windows of sessions that ask at once share a run; each gets the rows that are its own."""
    engine = HeldEngine(runs=ALWAYS, parallel=1)
    seen: list[Run] = []
    batcher = Batcher(engine, windows=8, wait_ms=60_000, observe=seen.append)
    asked = [clips(count, seed) for seed, count in enumerate((1, 3, 2))]
    with seated(batcher, 3):
        answered = await asyncio.gather(*(batcher.run(ready(c)) for c in asked))
    assert [len(run) for run in engine.clips] == [6]
    for windows, answer in zip(asked, answered, strict=True):
        expected = known_outputs(windows, KINECT)
        np.testing.assert_array_equal(answer.outputs.logits, expected.logits)
        np.testing.assert_array_equal(answer.outputs.features, expected.features)
        assert answer.begun_s <= answer.ended_s
    (run,) = seen
    assert (run.model, run.provider) == ("hands@1", "HeldExecutionProvider")
    assert (run.windows, run.sessions, run.failed) == (6, 3, False)


async def test_more_windows_than_a_run_holds_come_back_whole_and_in_order() -> None:
    """A session of many people is answered once all of its windows were run, others before it."""
    engine = HeldEngine(runs=ALWAYS, parallel=1)
    batcher = Batcher(engine, windows=4, wait_ms=0)
    order: list[str] = []

    async def ask(name: str, windows: NDArray[np.float32]) -> Answered:
        answered = await batcher.run(ready(windows))
        order.append(name)
        return answered

    crowd, one = clips(11), clips(1, seed=1)
    answers = await asyncio.gather(ask("crowd", crowd), ask("one", one))
    assert order == ["one", "crowd"]
    assert max(len(run) for run in engine.clips) == 4
    np.testing.assert_array_equal(answers[0].outputs.logits, known_logits(crowd, KINECT))
    np.testing.assert_array_equal(
        answers[0].outputs.features, known_outputs(crowd, KINECT).features
    )
    np.testing.assert_array_equal(answers[1].outputs.logits, known_logits(one, KINECT))


async def test_windows_are_cut_when_the_engine_is_free() -> None:
    """While a run is held nothing is cut: the newest that has come by then is what is run."""
    engine = HeldEngine(parallel=1)
    batcher = Batcher(engine, wait_ms=0)
    first = asyncio.create_task(batcher.run(ready(clips(1))))
    await engine.until_asked(1)
    newest = clips(1, seed=1)
    second = asyncio.create_task(batcher.run(lambda: newest))
    await asyncio.sleep(0.01)
    newest = clips(1, seed=2)
    engine.let(2)
    await first
    np.testing.assert_array_equal((await second).outputs.logits, known_logits(newest, KINECT))


async def test_a_lone_session_waits_for_nobody() -> None:
    """Where all who have a seat have asked, a run begins at once; else after the wait."""
    never = Batcher(HeldEngine(runs=ALWAYS), wait_ms=1000 * 3600)
    with seated(never, 1):
        await never.run(ready(clips(1)))
    batcher = Batcher(HeldEngine(runs=ALWAYS), wait_ms=300)
    with seated(batcher, 2):
        begun_s = asyncio.get_running_loop().time()
        await batcher.run(ready(clips(1)))
        assert asyncio.get_running_loop().time() - begun_s > 0.25


async def test_a_seat_that_was_left_is_waited_for_no_more() -> None:
    """Whoever is the last to stay is alone again."""
    batcher = Batcher(HeldEngine(runs=ALWAYS), wait_ms=1000 * 3600)
    with seated(batcher, 3):
        pass
    with seated(batcher, 1):
        await asyncio.wait_for(batcher.run(ready(clips(1))), SOON_S)


async def test_no_windows_are_answered_without_a_run() -> None:
    """Whoever still warms up has no window, and needs no engine."""
    engine = HeldEngine()
    answered = await Batcher(engine, wait_ms=0).run(ready(clips(0)))
    assert len(answered.outputs.logits) == 0
    assert engine.asked == 0


@pytest.mark.parametrize("parallel", [1, 2])
async def test_only_whose_windows_fail_is_told(parallel: int) -> None:
    """A run that raises is done again session by session: the others get their answers.

    So does who fails to cut his windows fail alone.
    """
    engine = FailingEngine(parallel)
    batcher = Batcher(engine, windows=16, wait_ms=20)
    wrong = clips(2) + 5

    def broken() -> NDArray[np.float32]:
        raise LookupError("no such window")

    good = [clips(2, seed) for seed in range(4)]
    cuts = [*map(ready, good[:2]), ready(wrong), broken, *map(ready, good[2:])]
    answers = await asyncio.gather(*(batcher.run(cut) for cut in cuts), return_exceptions=True)
    assert [type(answers[2]), type(answers[3])] == [RuntimeError, LookupError]
    for windows, answer in zip(good, answers[:2] + answers[4:], strict=True):
        assert isinstance(answer, Answered)
        np.testing.assert_array_equal(answer.outputs.logits, known_logits(windows, KINECT))
    assert len((await batcher.run(ready(good[0]))).outputs.logits) == 2


async def test_who_goes_while_he_waits_takes_his_windows_along() -> None:
    """A session that is cancelled is neither cut nor run, and nobody else notices."""
    engine = HeldEngine(parallel=1)
    batcher = Batcher(engine, wait_ms=0)
    held = asyncio.create_task(batcher.run(ready(clips(1))))
    await engine.until_asked(1)

    def never() -> NDArray[np.float32]:
        raise AssertionError("cut though it had gone")

    gone = asyncio.create_task(batcher.run(never))
    other = asyncio.create_task(batcher.run(ready(clips(1, seed=1))))
    await asyncio.sleep(0)
    gone.cancel()
    engine.let(2)
    await asyncio.gather(held, other)
    assert engine.asked == 2


async def labelled(batcher: Batcher, seed: int, frames: int) -> list[FrameAnswer]:
    """Streams a recording of two people, a window a frame."""
    stream = LabelStream(KINECT, layout_named(KINECT.layout), top_k=3)
    answers = []
    for people in recording(seed, frames):
        stream.push(*people)
        due = stream.due()
        assert due is not None
        answered = await batcher.run(ready(due.clips))
        answers += stream.answers(due, answered.outputs.logits)
    return answers


def recording(seed: int, frames: int) -> Iterator[tuple[float, dict[int, NDArray[np.float32]]]]:
    heights = np.cumsum(np.random.default_rng(seed).normal(0, 0.1, (frames, 4)), axis=0).clip(-1, 1)
    for frame, (a, b, c, d) in enumerate(heights.tolist()):
        yield frame * STEP_MS, {1: body(KINECT, a, b), 2: body(KINECT, c, d)}


async def test_streams_side_by_side_say_what_each_says_alone() -> None:
    """Labels, scores and times through the batcher, beside eleven others, are the offline ones."""
    engine = HeldEngine(runs=ALWAYS)
    batcher = Batcher(engine, windows=5, wait_ms=0.5)
    together = await asyncio.gather(*(labelled(batcher, seed, 40) for seed in range(12)))
    assert max(len(run) for run in engine.clips) == 5
    for seed, streamed in enumerate(together):
        stream = LabelStream(KINECT, layout_named(KINECT.layout), top_k=3)
        offline: list[FrameAnswer] = []
        for people in recording(seed, 40):
            stream.push(*people)
            due = stream.due()
            assert due is not None
            logits = known_logits(due.clips, KINECT) if len(due.clips) else due.clips
            offline += stream.answers(due, logits)
        for one, other in zip(streamed, offline, strict=True):
            assert one.time_ms == other.time_ms
            for (person, said), (same, alone) in zip(one.people, other.people, strict=True):
                assert (person, said.label, said.known) == (same, alone.label, alone.known)
                assert dict(said.top) == pytest.approx(dict(alone.top), abs=1e-6)

"""The label stream against a plain second telling of which frame a label speaks of."""

from dataclasses import dataclass, field

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from model.pose.stream import LabelStream
from model.pose.window import WindowSpec, resampled
from tests.model.pose.spelling import KINECT, STEP_MS, Keypoints, pose_of, spelled, spelling_spec

PEOPLE = 4


@dataclass(frozen=True)
class Event:
    """A client frame, and whether what is due is asked for after it."""

    time_ms: float
    people: dict[int, Keypoints]
    wanted: bool
    asked: bool


@dataclass
class Life:
    """All that was seen of a person from when they came to when they went."""

    times_ms: list[float] = field(default_factory=list)
    poses: list[Keypoints] = field(default_factory=list)


@st.composite
def events(draw: st.DrawFn) -> list[Event]:
    """People who come and go, gaps, times that stand still or step back, frames not wanted."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    step_ms = draw(st.sampled_from([9.0, STEP_MS, 45.0]))
    unwanted, unasked, backwards, gaps, change = (
        draw(st.sampled_from([0.0, rare])) for rare in (0.3, 0.3, 0.1, 0.05, 0.1)
    )
    time_ms, here = 1000.0, {0}
    told = []
    for _ in range(draw(st.integers(1, 90))):
        later_ms = step_ms * rng.uniform(0.7, 1.3)
        later_ms += rng.uniform(200, 2500) if rng.random() < gaps else 0
        later_ms = rng.choice([-60, -1, 0]) if rng.random() < backwards else later_ms
        here ^= {int(rng.integers(PEOPLE))} if rng.random() < change else set()
        order = rng.permutation(sorted(here)).tolist()
        people = {person: pose_of(int(rng.integers(2**32))) for person in order}
        told.append(
            Event(time_ms + later_ms, people, rng.random() >= unwanted, rng.random() >= unasked)
        )
        time_ms = max(time_ms, time_ms + later_ms)
    return told


class Telling:
    """The rule told plainly: it keeps everything for ever and looks at all of it each time."""

    def __init__(self, window: WindowSpec) -> None:
        self._window = window
        self._newest_ms = -np.inf
        self._lives: dict[int, Life] = {}
        self._waiting: list[tuple[float, dict[int, Life]]] = []
        self._count = 0

    def push(self, event: Event) -> bool:
        if event.time_ms <= self._newest_ms:
            return False
        self._newest_ms = event.time_ms
        for person, pose in event.people.items():
            life = self._lives.get(person)
            if life is None or event.time_ms - life.times_ms[-1] > 1000:
                life = self._lives[person] = Life()
            life.times_ms.append(event.time_ms)
            life.poses.append(pose)
        if event.wanted:
            self._waiting.append((event.time_ms, {who: self._lives[who] for who in event.people}))
            self._count += 1
        return True

    def run(
        self, finish: bool
    ) -> tuple[list[tuple[float, dict[int, str]]], list[Keypoints]] | None:
        """Returns (time, person → label) of what is answered now, and the rows' windows."""
        if (self._count < self._window.hop_frames and not finish) or not self._waiting:
            return None
        self._count = 0
        end_ms = self._newest_ms
        until_ms = end_ms - (0 if finish else self._window.lookahead_ms) + 0.001
        ready = [frame for frame in self._waiting if frame[0] <= until_ms]
        self._waiting = [frame for frame in self._waiting if frame[0] > until_ms]
        window_ms = end_ms - np.arange(self._window.frames - 1, -1, -1) * STEP_MS
        rows: list[Life] = []
        answers = []
        for time_ms, people in ready:
            said = {}
            for person, life in people.items():
                held = [at_ms for at_ms in life.times_ms if at_ms >= window_ms[0] - 0.001]
                if len(held) < 16:
                    said[person] = "warming"
                    continue
                row = next((r for r, other in enumerate(rows) if other is life), len(rows))
                rows += [life] if row == len(rows) else []
                said[person] = f"{row}:{np.argmin(np.abs(window_ms - time_ms))}"
            answers.append((time_ms, said))
        windows = [
            resampled(np.array(life.times_ms), np.array(life.poses), end_ms, self._window)
            for life in rows
        ]
        return answers, windows


@settings(max_examples=150)
@given(told=events(), hop=st.integers(1, 5), lookahead=st.sampled_from([0, 1, 4, 17, 40, 63]))
def test_every_wanted_frame_is_answered_once_from_the_window_position_of_its_time(
    told: list[Event], hop: int, lookahead: int
) -> None:
    """Oldest first, with its own time and people, whatever hops, looks ahead, comes or goes."""
    spec = spelling_spec(hop, lookahead, frames=64)
    stream, telling = LabelStream(spec, KINECT), Telling(spec.window)
    refused = 0
    answered: list[float] = []
    for number, event in enumerate(told, start=1):
        taken = stream.push(event.time_ms, event.people, event.wanted)
        assert taken == telling.push(event)
        refused += not taken
        last = number == len(told)
        if not last and not event.asked:
            continue
        due = stream.finish() if last else stream.due()
        expected = telling.run(finish=last)
        if due is None or expected is None:
            assert expected is None
            assert due is None or not due.frames
            continue
        answers = stream.answers(due, spelled(due, spec))
        said = [
            (answer.time_ms, {who: decision.label for who, decision in answer.people})
            for answer in answers
        ]
        assert said == expected[0]
        assert [list(dict(answer.people)) for answer in answers] == [
            list(people) for _, people in expected[0]
        ]
        for clip, window in zip(due.clips, expected[1], strict=True):
            np.testing.assert_array_equal(clip[..., 0], window[..., :3].transpose(2, 0, 1))
        answered += [answer.time_ms for answer in answers]

    assert stream.refused == refused
    assert stream.dropped == 0
    assert stream.finish() is None
    newest_ms, wanted = -np.inf, []
    for event in told:
        if event.time_ms > newest_ms:
            newest_ms = event.time_ms
            wanted += [newest_ms] if event.wanted else []
    assert answered == wanted


@settings(max_examples=60)
@given(told=events(), hop=st.integers(1, 4), lookahead=st.sampled_from([0, 3, 20]))
def test_what_is_superseded_is_dropped_and_counted(
    told: list[Event], hop: int, lookahead: int
) -> None:
    """Answered and dropped make up all that was wanted; what is dropped is older than its run."""
    spec = spelling_spec(hop, lookahead)
    stream = LabelStream(spec, KINECT)
    answered: list[float] = []
    wanted: list[float] = []
    for event in told:
        if stream.push(event.time_ms, event.people, event.wanted) and event.wanted:
            wanted.append(event.time_ms)
        dropped = stream.dropped
        due = stream.due(drop_superseded=True) if event.asked else None
        if due is None:
            assert stream.dropped == dropped
            continue
        lost = stream.dropped - dropped
        times_ms = [answer.time_ms for answer in stream.answers(due, spelled(due, spec))]
        gone = len(answered) + dropped
        assert times_ms == wanted[gone + lost : gone + lost + len(times_ms)]
        if lookahead == 0:
            assert len(times_ms) == hop
        answered += times_ms
    if due := stream.finish():
        answered += [answer.time_ms for answer in stream.answers(due, spelled(due, spec))]
    assert len(answered) + stream.dropped == len(wanted)
    assert answered == sorted(set(answered))


@settings(max_examples=60)
@given(told=events(), hop=st.integers(1, 4), lookahead=st.sampled_from([0, 3, 20]))
def test_nothing_is_dropped_where_every_run_happens(
    told: list[Event], hop: int, lookahead: int
) -> None:
    """However unevenly frames come: a frame that waited for its look-ahead was not superseded."""
    spec = spelling_spec(hop, lookahead)
    stream = LabelStream(spec, KINECT)
    for event in told:
        stream.push(event.time_ms, event.people, event.wanted)
        stream.due(drop_superseded=True)
    assert stream.dropped == 0

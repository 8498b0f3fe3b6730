"""Who is who: people keep their ids while they move as people do, and nobody gets another's."""

from random import Random

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from model.pose.layout import layout_named
from service.assignment import assign
from service.tracker import Tracker, TrackerState

JOINTS = len(layout_named("coco17").joints)
STEP_MS = 1000 / 30
SHAPE = np.random.default_rng(5).uniform(-0.5, 0.5, (JOINTS, 2)) * [0.5, 1.7]
"""A body of 1.7 m, seen from in front."""

Body = NDArray[np.float32]


def body(x: float, y: float = 0.0, scale: float = 1.0, score: float = 0.9) -> Body:
    """A person whose middle stands at x, y metres; `scale` makes pixels of them."""
    rows = np.zeros((JOINTS, 4), np.float32)
    rows[:, :2] = (SHAPE + np.array([x, y])) * scale
    rows[:, 3] = score
    return rows


def ids_of(tracker: Tracker, frames: list[list[Body]], step_ms: float = STEP_MS) -> list[list[int]]:
    return [tracker.step(number * step_ms, people) for number, people in enumerate(frames)]


@given(
    st.integers(1, 7).flatmap(
        lambda columns: st.lists(
            st.lists(
                st.one_of(st.just(0.0), st.floats(0.1, 1)), min_size=columns, max_size=columns
            ),
            min_size=1,
            max_size=7,
        )
    )
)
def test_the_assignment_is_the_best_there_is(rows: list[list[float]]) -> None:
    """No row or column is used twice, nothing worthless is paired, and SciPy finds no more."""
    optimize = pytest.importorskip("scipy.optimize")
    worth = np.array(rows)
    pairs = assign(worth)
    assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == len(pairs)
    assert all(worth[pair] > 0 for pair in pairs)
    best = worth[optimize.linear_sum_assignment(-worth)].sum()
    assert sum(worth[pair] for pair in pairs) == pytest.approx(best)


@pytest.mark.parametrize("scale", [1.0, 250.0])
@pytest.mark.parametrize("hz", [10.0, 30.0])
def test_crossing_people_keep_their_ids(scale: float, hz: float) -> None:
    """Two who walk past one another at 1.4 m/s, shaking by 2 cm, are never swapped.

    In metres and in pixels, at 10 and at 30 frames a second; those further off never matter.
    """
    generator = np.random.default_rng(0)
    tracker = Tracker(64)
    met = []
    for number in range(int(4 * hz)):
        across = 1.4 * (number / hz - 2)
        people = [body(across, scale=scale), body(-across, 0.3, scale), body(6, scale=scale)]
        for person in people:
            person[:, :2] += generator.normal(0, 0.02 * scale, (JOINTS, 2))
        met.append(tracker.step(number * 1000 / hz, people))
    assert met == [met[0]] * len(met)
    assert len(set(met[0])) == 3


def test_a_person_who_jumps_is_a_new_one() -> None:
    """Among others, who is suddenly two body lengths off is somebody else; the others stay."""
    tracker = Tracker(64)
    before = ids_of(tracker, [[body(0), body(3)]] * 10)[-1]
    after = tracker.step(10 * STEP_MS, [body(0), body(6.5)])
    assert after[0] == before[0]
    assert after[1] not in before


@pytest.mark.parametrize(("away_ms", "same"), [(400.0, True), (900.0, True), (1100.0, False)])
def test_who_comes_back_within_a_second_is_the_same(away_ms: float, same: bool) -> None:
    """A person hidden for up to a second keeps the id, whoever else was there; later not."""
    tracker = Tracker(64)
    (first, second) = ids_of(tracker, [[body(0), body(3)]] * 10)[-1]
    hidden_ms = 9 * STEP_MS
    for step in range(1, int(away_ms / STEP_MS)):
        assert tracker.step(hidden_ms + step * STEP_MS, [body(3)]) == [second]
    back = tracker.step(hidden_ms + away_ms, [body(0.2), body(3)])
    assert (back[0] == first) is same
    assert back[1] == second


def test_those_seen_badly_take_nobodys_place() -> None:
    """A faint body nearer to where a person stood gets the id only if no clear body wants it."""
    tracker = Tracker(64)
    (first, second) = tracker.step(0, [body(0), body(3)])
    clear, faint = body(0.15), body(0.02, score=0.2)
    met = tracker.step(STEP_MS, [faint, clear, body(3)])
    assert met[1:] == [first, second]
    assert met[0] not in (first, second)
    other = Tracker(64)
    (first, second) = other.step(0, [body(0), body(3)])
    assert other.step(STEP_MS, [faint, body(3)]) == [first, second]


def test_people_without_a_joint_in_common_are_strangers() -> None:
    """Legs are not taken for the arms of somebody who stood there; nobody without joints counts."""
    tracker = Tracker(64)
    upper, lower, nobody = body(0), body(0), np.zeros((JOINTS, 4), np.float32)
    upper[11:, 3] = lower[:11, 3] = 0
    first = tracker.step(0, [upper, body(3)])
    second = tracker.step(STEP_MS, [lower, body(3), nobody])
    assert second[1] == first[1]
    assert len({*first, *second}) == 4


def test_the_tracker_forgets_rather_than_grows() -> None:
    """It remembers at most so many people, and forgets who was not seen for longest."""
    tracker = Tracker(limit=4)
    (steady, _) = tracker.step(0.0, [body(0), body(2)])
    for number in range(1, 100):
        steady_again, _ = tracker.step(float(number), [body(0), body(10.0 * number)])
        assert steady_again == steady
    assert len(tracker._tracks) == 4


crowds = st.lists(
    st.lists(
        st.tuples(st.integers(-50, 50), st.integers(-20, 20), st.sampled_from([0.2, 0.6, 0.9])),
        max_size=6,
        unique_by=lambda person: person[:2],
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=60)
@given(crowds, st.randoms(use_true_random=False), st.floats(5, 500))
def test_ids_are_never_shared_and_the_order_in_a_message_is_nothing(
    crowd: list[list[tuple[int, int, float]]], random: Random, step_ms: float
) -> None:
    """Whatever the people do: ids differ within a frame, and shuffled people keep theirs."""
    frames = [[body(x / 10, y / 10, score=score) for x, y, score in people] for people in crowd]
    plain, shuffled = Tracker(64), Tracker(64)
    for number, people in enumerate(frames):
        met = plain.step(number * step_ms, people)
        assert len(set(met)) == len(people)
        order = list(range(len(people)))
        random.shuffle(order)
        again = shuffled.step(number * step_ms, [people[place] for place in order])
        assert again == [met[place] for place in order]


def test_whoever_is_hidden_is_looked_for_where_they_were_going() -> None:
    """Who runs at 3 m/s and is hidden for 0.3 s is not whoever stands where they vanished."""
    tracker = Tracker(64)
    (runner, other) = ids_of(tracker, [[body(0.1 * n), body(9)] for n in range(10)])[-1]
    met = tracker.step(9 * STEP_MS + 300, [body(0.9), body(1.8), body(9)])
    assert met[1:] == [runner, other]


@settings(max_examples=60)
@given(crowds, st.integers(0, 12), st.floats(5, 500))
def test_a_tracker_that_goes_on_from_its_state_gives_the_same_ids(
    crowd: list[list[tuple[int, int, float]]], cut: int, step_ms: float
) -> None:
    """Through bytes, wherever it was cut: who moved moves on, and no id is given twice."""
    whole, parted = Tracker(64), Tracker(64)
    for number, people in enumerate(crowd):
        if number == cut:
            kept = msgspec.msgpack.encode(parted.state())
            parted = Tracker(64)
            parted.restore(msgspec.msgpack.decode(kept, type=TrackerState))
        frame = [body(x / 10, y / 10, score=score) for x, y, score in people]
        assert parted.step(number * step_ms, frame) == whole.step(number * step_ms, frame)

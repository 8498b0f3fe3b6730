"""The segments: what flickers is no action, what pauses is one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.pose.artifact import BACKGROUND, START_MS, Calibration
from model.pose.decision import STILL_WARMING, Decision
from model.pose.hysteresis import END_MS
from model.pose.window import MAX_GAP_MS
from service.protocol import Event
from service.segments import Segments

FRAME_MS = 20.0


def said(label: str, score: float = 0.5, known: bool = True) -> Decision:
    return Decision(label, score, known)


NOTHING = said(BACKGROUND)


def told(*runs: tuple[float, Decision], segments: Segments | None = None) -> list[Event]:
    """The events of decisions that each last for some milliseconds, one after the other."""
    segments = segments or Segments(7, Calibration())
    events, time_ms = [], 0.0
    for lasts_ms, decision in runs:
        for _ in range(round(lasts_ms / FRAME_MS)):
            events += segments.step(time_ms, decision)
            time_ms += FRAME_MS
    return events + segments.close()


def test_it_takes_more_to_start_an_action_than_to_go_on() -> None:
    """At 0.7 asked for, a wave of 0.6 starts nothing, and one of 0.9 goes on at 0.4.

    Half a second at 0.6 and then 0.9 start once the mean of the last 11 frames is 0.7: 4 of the
    latter weigh up 7, however long it was doubtful.
    """
    sure = Calibration(start_thresholds={"wave": 0.7})
    assert told((500, said("wave", 0.6)), segments=Segments(7, sure)) == []
    assert len(told((500, said("kick", 0.1)), segments=Segments(7, sure))) == 2
    start, end = told(
        (200, said("wave", 0.9)), (20, said("wave", 0.9)), (600, said("wave", 0.4)),
        segments=Segments(7, sure),
    )  # fmt: skip
    assert (start.t_ms, end.t_ms) == (0.0, 800.0)
    late = Segments(7, sure)
    for frame in range(25):
        assert late.step(frame * FRAME_MS, said("wave", 0.6)) == []
    events = [late.step((25 + frame) * FRAME_MS, said("wave", 0.9)) for frame in range(20)]
    assert [bool(each) for each in events].index(True) == 3
    (start,) = events[3]
    assert start.t_ms == 0.0
    assert start.score == pytest.approx((25 * 0.6 + 4 * 0.9) / 29)


def test_an_action_is_told_from_its_first_frame_to_its_last() -> None:
    """A start names when the action was first said, an end when last, both its mean score."""
    waving = [(200, said("wave", 0.25)), (200, said("wave", 0.75))]
    assert told((100, NOTHING), *waving, (400, NOTHING)) == [
        Event("start", 7, "wave", 100.0, (10 * 0.25 + 0.75) / 11),
        Event("end", 7, "wave", 480.0, 0.5),
    ]


def test_a_flicker_is_no_start() -> None:
    """What is said for less than START_MS without break is not told, however often it comes."""
    short = START_MS - FRAME_MS
    assert told(*[(short, said("wave")), (FRAME_MS, NOTHING)] * 9) == []
    assert told(*[(short, said("wave")), (short, said("sit"))] * 9) == []
    assert len(told((START_MS + FRAME_MS, said("wave")))) == 2


def test_nothing_lasts_across_a_silence() -> None:
    """Whoever was not spoken of for longer than a gap may be has done nothing in between."""
    segments = Segments(7, Calibration())
    assert [segments.step(time_ms, said("wave")) for time_ms in (0.0, 950.0)] == [[], []]
    segments = Segments(7, Calibration())
    times_ms = (0.0, 100.0, 200.0, 1150.0)
    events = [event for ms in times_ms for event in segments.step(ms, said("wave"))]
    assert [(event.event, event.t_ms) for event in events] == [("start", 0.0), ("end", 200.0)]


def test_who_is_answered_once_a_second_is_told_too() -> None:
    """A second between two answers is a silence only for who asked for more of them."""
    for gap_ms, count in ((2000.0, 1), (MAX_GAP_MS, 0)):
        segments = Segments(7, Calibration(), gap_ms)
        events = [e for s in range(10) for e in segments.step(1000.0 * s, said("wave", 0.9))]
        assert [event.event for event in events] == ["start"] * count


def test_a_calibration_says_how_long_an_action_is_said_before_it_starts() -> None:
    """At 60 ms and 20 ms a frame, the first four in a row that are sure enough on their mean."""
    hasty = Segments(7, Calibration(start_ms=60, start_thresholds={"wave": 0.7}))
    scores = (0.1, 0.1, 0.6, 0.7, 0.7, 0.9)
    begun = [hasty.step(frame * FRAME_MS, said("wave", s)) for frame, s in enumerate(scores)]
    assert [len(each) for each in begun] == [0, 0, 0, 0, 0, 1]


def test_a_pause_is_no_end() -> None:
    """Gaps shorter than END_MS, and other labels for shorter than START_MS, leave one segment."""
    pauses = [NOTHING, STILL_WARMING, said("wave", known=False)]
    for pause in pauses:
        (start, end) = told((400, said("wave")), (END_MS - FRAME_MS, pause), (400, said("wave")))
        assert (start.t_ms, end.t_ms) == (0.0, 400 + END_MS - FRAME_MS + 400 - FRAME_MS)
        assert len(told((400, said("wave")), (END_MS, pause), (400, said("wave")))) == 4
    flicker = (START_MS - FRAME_MS, said("sit"))
    assert len(told((400, said("wave")), flicker, (400, said("wave")))) == 2


def test_one_action_may_follow_the_other_at_once() -> None:
    """The second action's start is told when it is certain, after the end of the first."""
    events = told((400, said("wave")), (400, said("sit")))
    assert [(event.event, event.label, event.t_ms) for event in events] == [
        ("start", "wave", 0.0),
        ("end", "wave", 380.0),
        ("start", "sit", 400.0),
        ("end", "sit", 780.0),
    ]


def test_the_unknown_is_never_told() -> None:
    """A label that is only the best guess starts nothing; neither do background and warming."""
    for decision in (said("wave", known=False), NOTHING, STILL_WARMING):
        assert told((2000, decision)) == []


DECISIONS = st.sampled_from(
    [said("wave", 0.9), said("sit", 0.8), said("wave", 0.3, known=False), NOTHING, STILL_WARMING]
)


@given(st.lists(st.tuples(st.floats(1, 400), st.integers(1, 12), DECISIONS), max_size=60))
def test_segments_alternate_and_never_overlap(runs: list[tuple[float, int, Decision]]) -> None:
    """Starts and ends alternate in order of time, whatever is said at whatever times.

    Each pair is of one label, which was said at both ends, and lasts START_MS at least.
    """
    segments, events, labels, time_ms = Segments(1, Calibration()), [], {}, 0.0
    for step_ms, frames, decision in runs:
        for _ in range(frames):
            time_ms += step_ms
            labels[time_ms] = decision.label if decision.known else None
            events += segments.step(time_ms, decision)
    events += segments.close()
    assert [event.event for event in events] == ["start", "end"] * (len(events) // 2)
    for start, end in zip(events[::2], events[1::2], strict=True):
        assert labels[start.t_ms] == labels[end.t_ms] == start.label == end.label
        assert end.t_ms - start.t_ms >= START_MS
    times_ms = [event.t_ms for event in events]
    assert times_ms == sorted(times_ms)
    assert all(
        end.t_ms < start.t_ms for end, start in zip(events[1::2], events[2::2], strict=False)
    )
    assert segments.close() == []


def test_limits_are_met_where_they_are_reached() -> None:
    """A silence of just a gap is none, and a mean of just the threshold is sure enough."""
    segments = Segments(7, Calibration(start_thresholds={"wave": 0.5}))
    times_ms = [FRAME_MS * n for n in range(11)] + [200 + MAX_GAP_MS]
    events = [event for ms in times_ms for event in segments.step(ms, said("wave", 0.5))]
    assert [(event.event, event.t_ms) for event in events] == [("start", 0.0)]


def test_a_state_that_was_taken_stays_as_it_was() -> None:
    """Whoever restores it later goes on from then, whatever came since."""
    segments = Segments(7, Calibration())
    segments.step(0.0, said("wave", 0.25))
    state = segments.state()
    for number in range(1, 9):
        segments.step(number * FRAME_MS, said("wave", 0.75))
    again = Segments(7, Calibration())
    again.restore(state)
    events = [again.step(n * FRAME_MS, said("wave", 0.25)) for n in range(1, 11)]
    assert events[-1][0].score == pytest.approx(0.25)

"""The client's clock: what is late is refused, what was set back begins anew."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.client_clock import LATEST_MS, SET_BACK_FRAMES, SET_BACK_MS, ClientClock
from service.protocol import Refusal

FRAME_MS = 33.0


def played(times_ms: list[float]) -> list[str]:
    """What becomes of each frame: taken, refused, or anew."""
    clock, fates = ClientClock(), []
    for time_ms in times_ms:
        try:
            fates.append("anew" if clock.check(time_ms) else "taken")
            clock.take(time_ms)
        except Refusal as refusal:
            fates.append(refusal.code)
    assert clock.refused == sum(fate not in ("taken", "anew") for fate in fates)
    return fates


def test_a_clock_that_was_set_back_begins_anew() -> None:
    """A few frames that go on from far back are refused, then that is the time."""
    before = [10_000 + FRAME_MS * frame for frame in range(3)]
    after = [2_000 + FRAME_MS * frame for frame in range(20)]
    fates = played(before + after)
    refused = SET_BACK_FRAMES - 1
    assert fates == ["taken"] * 3 + ["time-back"] * refused + ["anew"] + ["taken"] * (19 - refused)


def test_a_frame_from_the_far_future_does_not_end_a_stream() -> None:
    """One wrong time far ahead costs a few frames and not all that follow."""
    fates = played([0.0, 1e12, *(FRAME_MS * frame for frame in range(1, 30))])
    assert fates.count("time-back") == SET_BACK_FRAMES - 1
    assert fates[-10:] == ["taken"] * 10


def test_late_frames_begin_nothing() -> None:
    """However many come, less than a second back is late; and so is a clock that stands still."""
    assert played([5000.0, *[4500.0 + n for n in range(50)]]) == ["taken"] + ["time-back"] * 50
    assert played([5000.0, *[100.0] * 50]) == ["taken"] + ["time-back"] * 50


def test_a_frame_that_is_on_time_ends_the_count() -> None:
    """Packets of long ago that turn up one by one between frames on time begin nothing."""
    times_ms = [t for n in range(30) for t in (10_000 + FRAME_MS * n, FRAME_MS * n)]
    assert played(times_ms) == ["taken", "time-back"] * 30


@pytest.mark.parametrize("time_ms", [float("nan"), float("inf"), -float("inf"), LATEST_MS * 2])
def test_what_is_no_time_is_refused(time_ms: float) -> None:
    """A time that is not exact to the millisecond, or none at all, changes nothing."""
    assert played([0.0, time_ms, 33.0]) == ["taken", "bad-time", "taken"]


@given(st.lists(st.floats(-1e7, 1e7), max_size=60), st.floats(-1e9, 1e9))
def test_no_past_makes_a_steady_stream_be_refused_for_ever(
    past_ms: list[float], begin_ms: float
) -> None:
    """Whatever came before, of frames that go on steadily only those of a second are refused."""
    steady = [begin_ms + FRAME_MS * frame for frame in range(60)]
    fates = played([*past_ms, *steady])[len(past_ms) :]
    lost = fates.count("time-back")
    assert lost <= SET_BACK_MS / FRAME_MS + SET_BACK_FRAMES
    assert set(fates[-10:]) <= {"taken"}

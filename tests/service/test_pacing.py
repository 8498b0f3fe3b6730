"""Pacing: how many frames of a stream are answered."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.pacing import RateLimit


def admitted(rate_hz: float, times_ms: list[float]) -> list[float]:
    limit = RateLimit(rate_hz)
    return [time_ms for time_ms in times_ms if limit.admits(time_ms)]


@given(st.lists(st.floats(-0.24, 0.24), min_size=2, max_size=200), st.floats(1, 240))
def test_a_stream_at_the_limit_passes_whole(jitter: list[float], rate_hz: float) -> None:
    """A steady stream of just the limit loses no frame, though each jitters by a quarter step."""
    times_ms = [(frame + early) * 1000 / rate_hz for frame, early in enumerate(jitter)]
    assert admitted(rate_hz, times_ms) == times_ms


@pytest.mark.parametrize("times", [2, 3, 5])
def test_a_stream_of_k_times_the_limit_is_thinned_to_one_in_k(times: int) -> None:
    """Of a steady stream at k times the limit one frame in k is answered, evenly.

    Only the second answer may come sooner, by the slack.
    """
    times_ms = [frame * 1000 / (10 * times) for frame in range(100 * times)]
    steps = np.diff(admitted(10, times_ms))
    assert len(steps) in (99, 100)
    assert steps[0] >= 50.0
    np.testing.assert_allclose(steps[1:], 100.0)


def test_a_rate_between_is_met_on_average() -> None:
    """30 frames a second at a limit of 20 give 20 answers a second, not every second frame."""
    times_ms = [frame * 1000 / 30 for frame in range(900)]
    assert len(admitted(20, times_ms)) == pytest.approx(600, abs=1)


@given(
    st.lists(st.floats(0.01, 20) | st.floats(500, 5000), min_size=1, max_size=300),
    st.floats(0.01, 240),
    st.floats(-1e12, 1e12),
)
def test_never_more_than_the_limit(steps_ms: list[float], rate_hz: float, begin_ms: float) -> None:
    """However frames come, any stretch holds at most rate times its duration, and its two ends."""
    times_ms = (begin_ms + np.cumsum(steps_ms)).tolist()
    passed = admitted(rate_hz, times_ms)
    assert passed[0] == times_ms[0]
    for first in range(len(passed)):
        seconds = (passed[-1] - passed[first]) / 1000
        assert len(passed) - first <= rate_hz * seconds + 2 + 1e-3

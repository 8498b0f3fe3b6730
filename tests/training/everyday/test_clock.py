"""Frame times and reading a recording at them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.everyday.clock import ClockRange, resampled


@given(
    st.integers(1, 200),
    st.floats(10, 60),
    st.floats(0, 0.5),
    st.floats(0, 0.9),
    st.integers(0, 2**31),
)
def test_times_increase_and_stay_within_the_recording(
    frames: int, rate_hz: float, jitter: float, dropped: float, seed: int
) -> None:
    """Strictly, whatever jitters and gets lost; there is always one; none lies in a silence."""
    generator = np.random.default_rng(seed)
    source = generator.choice([5.0, 33.0, 2000.0], frames, p=[0.3, 0.6, 0.1]).cumsum()
    times = ClockRange((rate_hz, rate_hz), jitter, dropped).draw(source, generator)
    after = np.searchsorted(source, times)
    before = np.maximum(after - 1, 0)

    assert len(times) >= 1
    assert (np.diff(times) > 0).all()
    assert times[0] >= source[0]
    assert times[-1] <= source[-1]
    assert (source[after] - source[before] <= 850).all()


def test_the_rate_is_what_was_asked() -> None:
    """A minute at 12.5 Hz is 750 frames 80 ms apart, on average; as many less as get lost."""
    source = np.arange(0, 60_000, 33.3)
    generator = np.random.default_rng(0)
    times = ClockRange((12.5, 12.5), 0.15, 0).draw(source, generator)
    lost = np.mean(
        [len(ClockRange((12.5, 12.5), 0, 0.4).draw(source, generator)) for _ in range(40)]
    )

    assert len(times) == pytest.approx(750, abs=2)
    assert np.diff(times).mean() == pytest.approx(80, rel=0.01)
    assert lost == pytest.approx(750 * 0.8, rel=0.06)


def test_rates_are_spread_evenly_on_a_logarithm() -> None:
    """Half of the streams lie below the geometric mean of 10 and 60 Hz."""
    source = np.arange(0, 20_000, 33.3)
    generator = np.random.default_rng(0)
    steps = [np.median(np.diff(ClockRange().draw(source, generator))) for _ in range(300)]

    assert np.median(steps) == pytest.approx(1000 / np.sqrt(600), rel=0.1)
    assert min(steps) == pytest.approx(1000 / 60, rel=0.1)
    assert max(steps) == pytest.approx(100, rel=0.1)


def test_a_recording_is_read_between_its_frames_and_nothing_is_invented() -> None:
    """By hand: a quarter of the way from 0 to 8 is 2; a joint that ends is there half a step."""
    rows = np.zeros((3, 2, 4), np.float32)
    rows[:, 0] = np.array([[0, 0, 0, 1], [8, 4, 0, 0.5], [8, 4, 0, 0.5]])
    rows[0, 1] = [5, 5, 0, 1]
    read, frames = resampled(np.array([0, 40.0, 80.0]), rows, np.array([0, 10.0, 30.0, 40.0, 80.0]))

    np.testing.assert_allclose(read[:, 0, 0], [0, 2, 6, 8, 8])
    np.testing.assert_allclose(read[:, 0, 3], [1, 0.875, 0.625, 0.5, 0.5])
    np.testing.assert_allclose(read[:, 1, 0], [5, 5, 0, 0, 0])
    assert frames.tolist() == [0, 0, 1, 1, 2]

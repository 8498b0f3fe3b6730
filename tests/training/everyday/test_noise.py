"""Noise in time has the statistics that it is asked for."""

import numpy as np
import pytest

from training.everyday.noise import Episodes, drifting, smoothed


def test_drift_has_deviation_1_and_the_correlation_asked_for() -> None:
    """Frames 10 apart correlate with 1/e at a correlation of 10 frames; with 0 not at all."""
    generator = np.random.default_rng(0)
    drift, white = (drifting((4000, 20), frames, generator) for frames in (10, 0))

    assert drift[0].std() == pytest.approx(1, abs=0.4)
    assert drift.std() == pytest.approx(1, abs=0.03)
    assert (drift[10:] * drift[:-10]).mean() == pytest.approx(np.exp(-1), abs=0.04)
    assert white.std() == pytest.approx(1, abs=0.02)
    assert (white[1:] * white[:-1]).mean() == pytest.approx(0, abs=0.02)


def test_episodes_are_as_many_and_as_long_as_asked() -> None:
    """Ten minutes at 6 a minute of 500 ms: 60 episodes and a twentieth of the time, each place."""
    times_ms = np.arange(0, 600_000, 20.0)
    struck = Episodes(6, 500).draw(times_ms, 50, np.random.default_rng(0))
    begins = (struck[1:] & ~struck[:-1]).sum() / 50

    assert struck.mean() == pytest.approx(1 - np.exp(-0.05), rel=0.05)
    assert begins == pytest.approx(60 * np.exp(-0.05), rel=0.05)


def test_an_episode_strikes_a_frame_at_least() -> None:
    """However short it is beside the time between two frames; a stream of one frame has none."""
    generator = np.random.default_rng(0)
    struck = Episodes(60, 0.001).draw(np.arange(0, 60_000, 100.0), 1, generator)

    assert 40 < struck.sum() < 80
    assert not Episodes(1e6, 1).draw(np.array([5.0]), 3, generator).any()


def test_smoothing_follows_a_step_as_its_time_constant_says() -> None:
    """After so many frames all but 1/e is done; one who was lost is smoothed from where they were.

    A stream starts where the person is, not at 0.
    """
    step = np.ones((40, 1, 1), np.float32)
    step[10:] = 3
    there = np.ones((40, 1), np.bool_)
    low = smoothed(step, there, 5)[:, 0, 0]
    step[10:20] = 0
    there[10:20] = False
    lost = smoothed(step, there, 5)[:, 0, 0]

    np.testing.assert_allclose(low[:10], 1, rtol=1e-5)
    assert low[14] == pytest.approx(3 - 2 * np.exp(-1), rel=1e-4)
    np.testing.assert_allclose(lost[10:20], 1, rtol=1e-5)
    assert lost[24] == pytest.approx(3 - 2 * np.exp(-1), rel=1e-4)
    np.testing.assert_array_equal(smoothed(step, there, 0), step)

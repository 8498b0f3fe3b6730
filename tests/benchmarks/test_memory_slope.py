"""The memory slope: the line through what was seen, and how far it may be off."""

import math

import numpy as np
import pytest

from benchmarks.memory_slope import UNKNOWN, MemorySlope, memory_slope

SETTLES_S = 90.0


def test_it_is_that_of_the_line_through_what_was_seen_once_it_has_settled() -> None:
    """3 MB/h after all that is filled while it settles is 3 MB/h, to the byte: without a margin.

    Of a run that ended before there is no slope.
    """
    times_s = [700.0 + 10 * step for step in range(130)]
    filling = [min(t - 700, SETTLES_S - 10) * 1e6 for t in times_s]
    memory = [round(full + 3e6 * t / 3600) for full, t in zip(filling, times_s, strict=True)]
    slope = memory_slope(times_s, memory, SETTLES_S)
    assert (slope.mb_per_hour, slope.margin) == pytest.approx((3, 0), abs=1e-3)
    short = memory_slope(times_s[:5], memory[:5], SETTLES_S)
    assert math.isnan(short.mb_per_hour)
    assert not UNKNOWN.is_flat


def test_the_interval_holds_the_true_slope_as_often_as_it_says() -> None:
    """Of 400 runs of half an hour with noise that lasts for seconds, about 95 % hold it."""
    draw = np.random.default_rng(5)
    times_s = np.arange(0, 1800, 5.0)
    held = 0
    for _ in range(400):
        noise = np.repeat(draw.normal(0, 1, len(times_s) // 6), 6)
        memory = 300e6 + 1e6 * (12 * times_s / 3600 + noise)
        slope = memory_slope(times_s.tolist(), memory.astype(int).tolist(), 0)
        held += abs(slope.mb_per_hour - 12) <= slope.margin
    assert 0.92 <= held / 400 <= 0.98


def test_what_is_flat_and_how_it_is_said() -> None:
    """Twenty megabytes an hour are, more are not; what shrinks is."""
    slopes = [MemorySlope(value, 1.0) for value in (-5.0, 3.0, 20.0, 20.1)]
    assert [slope.is_flat for slope in slopes] == [True, True, True, False]
    assert str(slopes[1]) == "95% confidence interval 2.0 to 4.0 MB/h"

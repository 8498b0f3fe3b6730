"""When an estimator sees a frame: another rate than the recording's, unsteady, with frames lost.

It knows times and rows, not what a joint is.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.pose.window import MAX_GAP_MS
from training.everyday.body import Floats

LEAST_STEP_MS = 1.0
"""No two frames are nearer to one another in time than this."""


@dataclass(frozen=True)
class ClockRange:
    """Between which limits the frame times of a stream are drawn.

    Attributes:
        rate_hz: Least and largest frames a second, log-uniform.
        jitter_share: Largest standard deviation of a frame's time, as a share of the period;
            uniform from 0.
        dropped_share: Largest share of frames that get lost, one by one; uniform from 0.
    """

    rate_hz: tuple[float, float] = (10.0, 60.0)
    jitter_share: float = 0.15
    dropped_share: float = 0.1

    def draw(
        self, times_ms: NDArray[np.float64], generator: np.random.Generator
    ) -> NDArray[np.float64]:
        """Draws the times of a stream's frames.

        Args:
            times_ms: ``(F,)`` of the recording, strictly increasing.
            generator: What is random.

        Returns:
            ``(N,)`` strictly increasing and within the recording's, none in its silences of over
            ``MAX_GAP_MS``; N is at least 1.
        """
        first, last = times_ms[0], times_ms[-1]
        period_ms = 1000 / np.exp(generator.uniform(*np.log(self.rate_hz)))
        even = np.arange(first + generator.uniform(0, period_ms), last, period_ms)
        jitter_ms = generator.uniform(0, self.jitter_share) * period_ms
        # Less than half a period, so that frames never change places.
        largest_ms = (period_ms - LEAST_STEP_MS) / 2
        moved = even + np.clip(
            jitter_ms * generator.normal(size=len(even)), -largest_ms, largest_ms
        )
        kept = generator.random(len(moved)) >= generator.uniform(0, self.dropped_share)
        kept &= (moved >= first) & (moved <= last)
        after = np.searchsorted(times_ms, moved).clip(0, len(times_ms) - 1)
        kept &= times_ms[after] - times_ms[(after - 1).clip(0)] <= MAX_GAP_MS
        return moved[kept] if kept.any() else times_ms[:1]


def resampled(
    source_ms: NDArray[np.float64], keypoints: Floats, times_ms: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Reads a recording at other times, linearly between its frames.

    A joint that one of the two frames lacks is read from the nearer of them, so it is missing there
    or it is not; nothing is invented.

    Args:
        source_ms: ``(F,)`` strictly increasing.
        keypoints: ``(F, V, 4)`` rows x, y, z, score.
        times_ms: ``(N,)`` within the first and the last.

    Returns:
        ``(N, V, 4)``, and for each of the N the nearest frame of the recording.
    """
    rows = np.asarray(keypoints, np.float32)
    after = np.searchsorted(source_ms, times_ms).clip(0, len(source_ms) - 1)
    before = (after - 1).clip(0)
    step_ms = np.maximum(source_ms[after] - source_ms[before], LEAST_STEP_MS)
    weight = ((times_ms - source_ms[before]) / step_ms).clip(0, 1)
    nearest = np.where(weight < 0.5, before, after)
    share = weight.astype(np.float32)[:, None, None]
    between = rows[before] + share * (rows[after] - rows[before])
    both = (rows[before, :, 3] > 0) & (rows[after, :, 3] > 0)
    return np.where(both[..., None], between, rows[nearest]), nearest

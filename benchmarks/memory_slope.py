"""The memory slope: how fast a process grew while it was watched, and how surely.

It knows times and sizes, not whose. Memory grows in steps, and what is seen a second later is not
seen anew: so the line is laid through the means of a few blocks of time, whose scatter says how far
it may be off, and not through each sight of it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import linregress, t

BLOCKS = 12
"""So many means; of a run of half an hour each is of two minutes and a half."""

CONFIDENCE = 0.95

FLAT_MB_PER_HOUR = 20.0
"""Growth that a machine of 4 GB bears for a week. Of a few minutes it says little: memory grows in
steps, and one of 3 MB in the middle of a run is a slope of 4.5 MB over its length, which is flat
only from a quarter of an hour on."""


@dataclass(frozen=True)
class MemorySlope:
    """How fast memory grew.

    Attributes:
        mb_per_hour: by least squares; NaN where too little was seen.
        margin: of the interval around it in which the slope lies with `CONFIDENCE`.
    """

    mb_per_hour: float
    margin: float

    @property
    def is_flat(self) -> bool:
        """Whether memory is as good as flat, as far as can be told; what shrinks is."""
        return self.mb_per_hour <= FLAT_MB_PER_HOUR

    def __str__(self) -> str:
        low, high = self.mb_per_hour - self.margin, self.mb_per_hour + self.margin
        return f"{CONFIDENCE:.0%} confidence interval {low:.1f} to {high:.1f} MB/h"


UNKNOWN = MemorySlope(math.nan, math.nan)


def memory_slope(
    times_s: Sequence[float], memory_bytes: Sequence[int], settles_s: float
) -> MemorySlope:
    """Returns the slope of memory once it has settled.

    Args:
        times_s: when it was looked at.
        memory_bytes: what it was then.
        settles_s: what is seen so soon after the first time says nothing.
    """
    hours = (np.array(times_s) - times_s[0] - settles_s) / 3600
    settled = hours >= 0
    if settled.sum() < BLOCKS:
        return UNKNOWN
    megabytes = np.array(memory_bytes)[settled] / 1e6
    middles = [block.mean() for block in np.array_split(hours[settled], BLOCKS)]
    means = [block.mean() for block in np.array_split(megabytes, BLOCKS)]
    line = linregress(middles, means)
    margin = t.ppf((1 + CONFIDENCE) / 2, BLOCKS - 2) * line.stderr
    return MemorySlope(float(line.slope), float(margin))

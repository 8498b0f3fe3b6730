"""Noise in time: errors that drift, errors that come and go, and an estimator's smoothing.

All on whole streams at once, drawn from a generator. It knows neither joints nor pictures.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from training.everyday.body import Floats

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Episodes:
    """Errors that begin at random and last a while.

    Attributes:
        per_minute: How many begin a minute, in each place where they may: a Poisson process.
        mean_ms: How long they last on average, exponential; each strikes one frame at least.
    """

    per_minute: float
    mean_ms: float

    def draw(
        self, times_ms: NDArray[np.float64], places: int, generator: np.random.Generator
    ) -> Flags:
        """Draws where the error is, ``(N, places)``, at the times ``(N,)``."""
        minutes = (times_ms[-1] - times_ms[0]) / 60_000
        count = generator.poisson(self.per_minute * minutes * places)
        start_ms = generator.uniform(times_ms[0], times_ms[-1], count)
        start = np.searchsorted(times_ms, start_ms)
        stop = np.searchsorted(times_ms, start_ms + generator.exponential(self.mean_ms, count))
        place = generator.integers(places, size=count)
        steps = np.zeros((len(times_ms) + 1, places), np.int32)
        np.add.at(steps, (start, place), 1)
        np.add.at(steps, (np.maximum(stop, start + 1).clip(max=len(times_ms)), place), -1)
        return steps[:-1].cumsum(axis=0) > 0


def drifting(
    shape: tuple[int, ...], correlation_frames: float, generator: np.random.Generator
) -> NDArray[np.float32]:
    """Draws noise that drifts along the first axis: normal with deviation 1 at each time.

    A first-order autoregression; frames so many apart correlate with 1/e, and 0 frames makes it
    white.
    """
    kept = float(np.exp(-1 / correlation_frames)) if correlation_frames > 0 else 0.0
    drive = generator.standard_normal(shape, np.float32)
    if kept == 0:
        return drive
    drive[1:] *= np.float32(np.sqrt(1 - kept**2))
    drifted = lfilter(_floats(1), _floats(1, -kept), drive, axis=0)
    return np.asarray(drifted, np.float32)


def smoothed(values: Floats, present: Flags, time_constant_frames: float) -> NDArray[np.float32]:
    """Smooths as an estimator does that knows no future: a first-order low pass.

    Where nothing is seen, the last that was seen stands in, so that one who comes back is smoothed
    from where they were lost.

    Args:
        values: ``(N, V, C)``.
        present: ``(N, V)`` where they are seen.
        time_constant_frames: Frames after which a step has been followed by all but 1/e; 0 leaves
            values as they are.
    """
    if time_constant_frames <= 0:
        return np.array(values, np.float32)
    held = _held(values, present)
    kept = float(np.exp(-1 / time_constant_frames))
    begin = np.float32(kept) * held[:1]
    low, _ = lfilter(_floats(1 - kept), _floats(1, -kept), held, axis=0, zi=begin)
    return np.asarray(low, np.float32)


def _floats(*values: float) -> NDArray[np.float32]:
    """Coefficients of a filter, in the precision of what it filters."""
    return np.array(values, np.float32)


def _held(values: Floats, present: Flags) -> NDArray[np.float32]:
    """Each value, or where it is missing the last one seen, or else the first."""
    frames = np.arange(len(values))[:, None]
    last = np.maximum.accumulate(np.where(present, frames, -1), axis=0)
    source = np.where(last >= 0, last, present.argmax(axis=0))
    return np.take_along_axis(np.asarray(values, np.float32), source[..., None], axis=0)

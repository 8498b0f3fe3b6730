"""The time window: the newest T frames of one person on a fixed-rate time line.

`WindowSpec` declares the timing once; every other duration is derived from it. `resampled` is the
plain definition of a window over a whole recording, `PoseWindow` gives the same windows frame by
frame. Neither knows joints, coordinates or networks.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_GAP_MS = 850.0
"""A silence longer than this is a gap: nothing is interpolated across it."""

HOLD_MS = 250.0
"""A joint that an estimator loses stays where it was seen last for so long."""

WARM_SAMPLES = 16
"""A window that holds fewer real samples than this is not spoken of: its label is `warming`."""

SAME_TIME_MS = 0.001
"""Times this close are the same: rounding must not lose a frame that lies where a sample is due."""


@dataclass(frozen=True)
class WindowSpec:
    """The timing of a dense encoder that slides over a stream.

    Attributes:
        frames: T, the frames of a window.
        rate_hz: the rate of the window's own time line.
        hop_frames: a window is run every so many client frames.
        lookahead_frames: how many of the window's frames a label may wait for.
        max_gap_ms: the longest silence that is interpolated across.
        warm_samples: the real samples that a window must hold to be spoken of.

    Raises:
        ValueError: a value is out of its range.
    """

    frames: int
    rate_hz: float
    hop_frames: int = 1
    lookahead_frames: int = 0
    max_gap_ms: float = MAX_GAP_MS
    warm_samples: int = WARM_SAMPLES

    def __post_init__(self) -> None:
        """Refuses values that no window can have."""
        if self.frames < 2:
            raise ValueError(f"a window has at least 2 frames, got {self.frames}")
        if not 1 <= self.rate_hz <= 240:
            raise ValueError(f"a window's rate is from 1 to 240 Hz, got {self.rate_hz}")
        if not 0 <= self.lookahead_frames < self.frames:
            raise ValueError(
                f"a look-ahead is from 0 to {self.frames - 1} frames, got {self.lookahead_frames}"
            )
        if not 1 <= self.hop_frames <= self.frames:
            raise ValueError(f"a hop is from 1 to {self.frames} frames, got {self.hop_frames}")
        if not self.max_gap_ms > 0:
            raise ValueError(f"the longest gap is above 0 ms, got {self.max_gap_ms}")
        if self.warm_samples < 1:
            raise ValueError(f"a window is warm with at least 1 sample, got {self.warm_samples}")

    @property
    def step_ms(self) -> float:
        """The time between two frames of a window."""
        return 1000.0 / self.rate_hz

    @property
    def span_ms(self) -> float:
        """The time from a window's oldest frame to its newest."""
        return (self.frames - 1) * self.step_ms

    @property
    def lookahead_ms(self) -> float:
        """How long a label waits for what comes after its frame."""
        return self.lookahead_frames * self.step_ms

    @property
    def hop_ms(self) -> float:
        """The time between two windows of a client that sends at the window's own rate."""
        return self.hop_frames * self.step_ms

    @property
    def least_rate_hz(self) -> float:
        """The rate of frames below which a window never holds the real samples it must."""
        return 1000 * (self.warm_samples - 1) / self.span_ms

    def position(self, frame_ms: float, end_ms: float) -> int:
        """Returns the index, 0…T-1, of the window's frame nearest in time to a client's frame.

        Args:
            frame_ms: the time of the client's frame.
            end_ms: the time at which the window ends.
        """
        behind = round((end_ms - frame_ms) / self.step_ms)
        return min(max(self.frames - 1 - behind, 0), self.frames - 1)


def resampled(
    times_ms: NDArray[np.float64], keypoints: NDArray[np.float32], end_ms: float, spec: WindowSpec
) -> NDArray[np.float32]:
    """Returns the window that ends at `end_ms`, sampled at end_ms - k / rate_hz.

    A joint that a frame lacks is there as it was last seen, if that is at most `HOLD_MS` ago. A
    sample between two frames that lie at most `max_gap_ms` apart is interpolated linearly, joint by
    joint where both have it; every other sample is missing, unless a frame lies at that very time,
    to a microsecond.

    Args:
        times_ms: (N,) strictly increasing times of the real frames.
        keypoints: (N, V, 4) rows x, y, z, score.
        end_ms: the time of the window's newest frame.
        spec: the window's timing.

    Returns:
        (T, V, 4) float32; missing joints are all zeros.
    """
    wanted_ms = end_ms - np.arange(spec.frames - 1, -1, -1) * spec.step_ms
    count = len(times_ms)
    if count == 0:
        return np.zeros((spec.frames, *keypoints.shape[1:]), np.float32)
    after = np.searchsorted(times_ms, wanted_ms - SAME_TIME_MS, side="left")
    right = np.minimum(after, count - 1)
    exact = np.abs(times_ms[right] - wanted_ms) <= SAME_TIME_MS
    left = np.where(exact, right, np.maximum(after - 1, 0))
    gap_ms = times_ms[right] - times_ms[left]
    inside = exact | ((after > 0) & (after < count) & (gap_ms <= spec.max_gap_ms))
    weight = np.where(gap_ms > 0, (wanted_ms - times_ms[left]) / np.maximum(gap_ms, 1e-9), 0.0)

    seen = _held(times_ms, keypoints)
    before, later = seen[left], seen[right]
    present = (before[..., 3] > 0) & (later[..., 3] > 0) & inside[:, None]
    mixed = before + (later - before) * weight.astype(np.float32)[:, None, None]
    return np.where(present[..., None], mixed, np.float32(0))


def first_of(times_ms: NDArray[np.float64], oldest_ms: float) -> int:
    """Returns the first of the frames that a window is made of.

    That is the frame from which its oldest sample is interpolated, or a frame from before that
    whose joints may still be held then.

    Args:
        times_ms: (N,) strictly increasing times of the real frames, at least one.
        oldest_ms: the time of the window's oldest sample.
    """
    before = max(int(np.searchsorted(times_ms, oldest_ms - SAME_TIME_MS, side="right")) - 1, 0)
    return int(np.searchsorted(times_ms, times_ms[before] - HOLD_MS - SAME_TIME_MS))


def _held(times_ms: NDArray[np.float64], keypoints: NDArray[np.float32]) -> NDArray[np.float32]:
    """Puts joints (N, V, 4) that a frame lacks where they were seen at most `HOLD_MS` before."""
    present = keypoints[..., 3] > 0
    now_and_then = np.flatnonzero(present.any(axis=0) & ~present.all(axis=0))
    if not len(now_and_then):
        return keypoints
    frames = np.arange(len(times_ms))[:, None]
    # Before a joint was ever seen this is the first frame, which lacks it too.
    last = np.maximum.accumulate(np.where(present[:, now_and_then], frames, 0), axis=0)
    recent = times_ms[:, None] - times_ms[last] <= HOLD_MS + SAME_TIME_MS
    held = keypoints.copy()
    held[:, now_and_then] = np.where(recent[..., None], keypoints[last, now_and_then], 0)
    return held


class PoseWindow:
    """The newest frames of one person, fed one at a time.

    Args:
        spec: the window's timing.
        joints: V.
    """

    def __init__(self, spec: WindowSpec, joints: int) -> None:
        self._spec = spec
        self._times_ms = np.empty(4 * spec.frames)
        self._keypoints = np.empty((4 * spec.frames, joints, 4), np.float32)
        self._start = 0
        self._before = 0
        self._end = 0
        self.refused = 0
        """Frames that were refused: duplicates and steps back in time."""

    @property
    def newest_ms(self) -> float | None:
        """The time of the newest frame, or None before the first."""
        return float(self._times_ms[self._end - 1]) if self._end > self._start else None

    def push(self, time_ms: float, keypoints: NDArray[np.float32]) -> bool:
        """Takes a frame in.

        Args:
            time_ms: when it was seen, on the client's clock.
            keypoints: (V, 4) rows x, y, z, score.

        Returns:
            False where the frame is not newer than the newest; it is then refused and counted.
        """
        newest_ms = self.newest_ms
        if newest_ms is not None and time_ms <= newest_ms:
            self.refused += 1
            return False
        if self._end == len(self._times_ms):
            self._make_room()
        self._times_ms[self._end] = time_ms
        self._keypoints[self._end] = keypoints
        self._end += 1
        # As `first_of` has it, with no frame looked at twice.
        oldest_ms = time_ms - self._spec.span_ms - SAME_TIME_MS
        while self._before + 1 < self._end and self._times_ms[self._before + 1] <= oldest_ms:
            self._before += 1
        held_from_ms = self._times_ms[self._before] - HOLD_MS - SAME_TIME_MS
        while self._times_ms[self._start] < held_from_ms:
            self._start += 1
        return True

    def kept(self) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """Returns the frames that later windows are made of: times (N,) and keypoints (N, V, 4)."""
        kept = slice(self._start, self._end)
        return self._times_ms[kept], self._keypoints[kept]

    def samples(self, end_ms: float | None = None) -> int:
        """Returns how many real frames lie within the window that ends at `end_ms`.

        Args:
            end_ms: not before the newest frame; None is the newest frame's own time.

        Raises:
            ValueError: no frame has come yet, or `end_ms` lies before the newest.
        """
        oldest_ms = self._end_ms(end_ms) - self._spec.span_ms - SAME_TIME_MS
        return int(np.sum(self._times_ms[self._start : self._end] >= oldest_ms))

    def warm(self, end_ms: float | None = None) -> bool:
        """Returns whether the window holds enough real samples to be spoken of.

        Args:
            end_ms: not before the newest frame; None is the newest frame's own time.

        Raises:
            ValueError: no frame has come yet, or `end_ms` lies before the newest.
        """
        return self.samples(end_ms) >= self._spec.warm_samples

    def window(self, end_ms: float | None = None) -> NDArray[np.float32]:
        """Returns the window that ends at `end_ms`: (T, V, 4), missing joints all zeros.

        Args:
            end_ms: not before the newest frame; None is the newest frame's own time.

        Raises:
            ValueError: no frame has come yet, or `end_ms` lies before the newest.
        """
        kept = slice(self._start, self._end)
        end_ms = self._end_ms(end_ms)
        return resampled(self._times_ms[kept], self._keypoints[kept], end_ms, self._spec)

    def _end_ms(self, end_ms: float | None) -> float:
        newest_ms = self.newest_ms
        if newest_ms is None:
            raise ValueError("a window ends at a frame, and none has come yet")
        if end_ms is not None and end_ms < newest_ms:
            raise ValueError(f"a window cannot end at {end_ms} ms, before its newest frame")
        return newest_ms if end_ms is None else end_ms

    def _make_room(self) -> None:
        """Moves the frames to the front of their arrays, or of larger ones if they fill these."""
        count = self._end - self._start
        size = max(len(self._times_ms), 2 * count)
        times_ms = np.empty(size)
        keypoints = np.empty((size, *self._keypoints.shape[1:]), np.float32)
        times_ms[:count] = self._times_ms[self._start : self._end]
        keypoints[:count] = self._keypoints[self._start : self._end]
        self._times_ms, self._keypoints = times_ms, keypoints
        self._before -= self._start
        self._start, self._end = 0, count

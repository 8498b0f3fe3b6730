"""Footage: a stream as one camera and one estimator saw it, and the windows cut from it.

A window is the one that the service would cut at that frame: frames without any joint are not sent,
whoever is away too long begins anew, and a window with too few real frames is not spoken of. It
knows no network and no store.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from model.pose.store import LEFT_OUT
from model.pose.stream import PERSON_ENDS_MS
from model.pose.window import SAME_TIME_MS, WindowSpec, first_of
from training.everyday.sensor import Seen
from training.windows import cut_window


@dataclass(frozen=True, eq=False)
class Footage:
    """What is sent of one person, N frames.

    Attributes:
        times_ms: ``(N,)`` strictly increasing, on the recording's clock.
        keypoints: ``(N, 1, V, 4)`` rows x, y, 0 in pixels and score; each frame has a joint.
        labels: ``(N,)`` the class that each picture shows, or ``LEFT_OUT``.
        timing: Of the windows.
    """

    times_ms: NDArray[np.float64]
    keypoints: NDArray[np.float32]
    labels: NDArray[np.int16]
    timing: WindowSpec

    @classmethod
    def of(
        cls,
        seen: Seen,
        labels: NDArray[np.int16] | None,
        mirror: Sequence[int],
        timing: WindowSpec,
    ) -> "Footage":
        """Takes what a sensor saw of a stream.

        Args:
            seen: It.
            labels: ``(F,)`` of the stream's frames; None where it has none.
            mirror: K classes: which one a mirrored picture of each shows.
            timing: Of the windows.
        """
        sent = np.asarray((seen.keypoints[..., 3] > 0).any(axis=1))
        shown = np.full(len(sent), LEFT_OUT, np.int16) if labels is None else labels[seen.frames]
        if seen.mirrored:
            # LEFT_OUT counts from the end.
            shown = np.array([*mirror, LEFT_OUT], np.int16)[shown]
        return cls(seen.times_ms[sent], seen.keypoints[sent, None], shown[sent], timing)

    @cached_property
    def begun(self) -> NDArray[np.int64]:
        """``(N,)`` the frame in which the person of each frame came into view."""
        away = np.diff(self.times_ms, prepend=-np.inf) > PERSON_ENDS_MS
        return np.maximum.accumulate(np.where(away, np.arange(len(away)), 0))

    @cached_property
    def ends(self) -> NDArray[np.int64]:
        """The frames at which a window holds enough real frames to be spoken of."""
        oldest_ms = self.times_ms - self.timing.span_ms - SAME_TIME_MS
        oldest = np.maximum(np.searchsorted(self.times_ms, oldest_ms), self.begun)
        held = np.arange(len(self.times_ms)) - oldest + 1
        return np.flatnonzero(held >= self.timing.warm_samples)

    def end_near(self, time_ms: float) -> int:
        """The one of `ends`, of which there must be one, that is nearest to a time."""
        ends_ms = self.times_ms[self.ends]
        return int(self.ends[np.argmin(np.abs(ends_ms - time_ms))])

    def cut(self, end: int, missing: float = 0.0) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Cuts the window that ends at a frame.

        Args:
            end: One of `ends`.
            missing: Share of the frames that the window can do without, oldest first, which are
                cut off: as if the person had come into view after them.

        Returns:
            Keypoints ``(T, V, 1, 4)`` and labels ``(T,)``.
        """
        oldest_ms = float(self.times_ms[end]) - self.timing.span_ms
        first = max(first_of(self.times_ms[: end + 1], oldest_ms), int(self.begun[end]))
        if missing:
            inside = max(int(np.searchsorted(self.times_ms, oldest_ms - SAME_TIME_MS)), first)
            first = inside + int(missing * max(end + 1 - inside - self.timing.warm_samples, 0))
        part = slice(first, end + 1)
        return cut_window(self.times_ms[part], self.keypoints[part], self.labels[part], self.timing)

"""The hop: when windows are run, and when they should have been.

It counts frames, as the model declares it, or goes by the frames' own times where a client asked
for that. It knows no windows and no people.
"""

from collections.abc import Sequence

from model.pose.window import SAME_TIME_MS


class Hop:
    """When the next run is due.

    Args:
        frames: a run every so many frames that are to be answered.
        hop_ms: a run so often by the frames' own times instead.
    """

    def __init__(self, frames: int, hop_ms: float | None) -> None:
        self._frames = frames
        self._hop_ms = hop_ms
        self.since_run = 0
        """Frames to be answered since the last run."""
        self.run_ms: float | None = None
        """The time at which the last run ended."""

    def is_over(self, newest_ms: float) -> bool:
        """Returns whether a run is due with the newest frame."""
        if self._hop_ms is None:
            return self.since_run >= self._frames
        return self.since_run > 0 and self._due_at(newest_ms)

    def missed_ms(self, newest_ms: float, waiting_ms: Sequence[float]) -> float | None:
        """Returns when a run was due a hop before the one that is due now, if it never happened.

        Args:
            newest_ms: the time of the newest frame.
            waiting_ms: the times of the frames not yet answered, oldest first.
        """
        if self._hop_ms is None:
            return waiting_ms[-1 - self._frames] if len(waiting_ms) > self._frames else None
        latest_ms = newest_ms - self._hop_ms + SAME_TIME_MS
        before = [time_ms for time_ms in waiting_ms if time_ms <= latest_ms]
        return before[-1] if before and self._due_at(before[-1]) else None

    def ran(self, run_ms: float) -> None:
        """Notes a run that ends at `run_ms`."""
        self.since_run, self.run_ms = 0, run_ms

    def _due_at(self, time_ms: float) -> bool:
        """Whether a hop by time has passed since the last run."""
        hop_ms = (self._hop_ms or 0.0) - SAME_TIME_MS
        return self.run_ms is None or time_ms - self.run_ms >= hop_ms

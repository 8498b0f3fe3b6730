"""Pacing: which frames are answered where a client wants fewer answers than it sends frames."""


class RateLimit:
    """Thins frames to a rate on the client's own clock.

    Half an interval of slack lets a stream of just that rate pass whole although its times jitter.

    Args:
        rate_hz: the most answers a second.
        next_ms: when the next answer is due, where a stream goes on; None before the first frame.
    """

    def __init__(self, rate_hz: float, next_ms: float | None = None) -> None:
        self._interval_ms = 1000.0 / rate_hz
        self._next_ms = next_ms

    @property
    def next_ms(self) -> float | None:
        """When the next answer is due, or None before the first frame."""
        return self._next_ms

    def admits(self, time_ms: float) -> bool:
        """Returns whether the frame of this time, later than any before, is answered."""
        if self._next_ms is None:
            self._next_ms = time_ms
        slack_ms = self._interval_ms / 2
        if time_ms < self._next_ms - slack_ms:
            return False
        self._next_ms = max(self._next_ms, time_ms - slack_ms) + self._interval_ms
        return True

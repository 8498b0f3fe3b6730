"""The arrivals: when each frame came that waits for its answer."""


class Arrivals:
    """Frames that wait, in the order in which they came, each with the time when it did."""

    def __init__(self) -> None:
        self._came_s: dict[float, float] = {}

    def __len__(self) -> int:
        return len(self._came_s)

    def add(self, t_ms: float, came_s: float) -> None:
        """Notes a frame; a time may come twice where the client's clock was set back."""
        self._came_s.pop(t_ms, None)
        self._came_s[t_ms] = came_s

    def take(self, t_ms: float) -> float | None:
        """Returns when a frame came, and forgets it and those before it; None where it is unknown.

        Those before it were superseded: answers come in the order of frames.
        """
        if t_ms not in self._came_s:
            return None
        while True:
            first_ms = next(iter(self._came_s))
            came_s = self._came_s.pop(first_ms)
            if first_ms == t_ms:
                return came_s

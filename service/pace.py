"""The pace: whether a client's frames come often enough for a window ever to be spoken of.

It knows times, no people and no socket.
"""

from statistics import median

from model.pose.window import WindowSpec
from service.protocol import Notice


class Pace:
    """Looks at the times of one client's frames, and speaks once.

    Args:
        window: of the model that answers.
    """

    def __init__(self, window: WindowSpec) -> None:
        self._frames = window.warm_samples
        self._least_hz = window.least_rate_hz
        self._newest_ms: float | None = None
        self._steps_ms: list[float] = []
        self._told = False

    def frame(self, t_ms: float) -> Notice | None:
        """Takes the time of a frame that was taken in.

        Returns:
            What the client is to be told, once, where frames come too rarely. The median of as many
            steps as a window has to hold decides, so that a silence by itself is none.
        """
        if self._told:
            return None
        if self._newest_ms is not None and t_ms > self._newest_ms:
            self._steps_ms.append(t_ms - self._newest_ms)
        self._newest_ms = t_ms
        if len(self._steps_ms) < self._frames:
            return None
        rate_hz = 1000 / median(self._steps_ms)
        self._steps_ms.clear()
        if rate_hz >= self._least_hz:
            return None
        self._told = True
        return Notice(
            "too-slow",
            f"a window has to hold {self._frames} frames, which takes "
            f"{self._least_hz:.1f} a second; {rate_hz:.1f} come, so nothing is said of anybody",
        )

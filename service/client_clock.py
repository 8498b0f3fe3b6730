"""The client's clock: which times are taken, and when a clock has been set back for good.

A frame that comes late or twice is refused, and the stream goes on. A clock that was set back would
have every frame refused for ever; so once a few frames in a row have gone forward from a time that
lies far back, that is the time now, and the stream begins anew. A jump ahead needs no rule: it is
a silence, across which nothing is interpolated and after which everybody is somebody new.
"""

import msgspec

from service.protocol import Notice, Refusal

CLOSEST_MS = 1.0
"""Frames are at least so far apart, else a window would hold any number of them."""

LATEST_MS = 2.0**53
"""A time beyond this, either way, is no longer exact to the millisecond."""

SET_BACK_MS = 1000.0
"""A frame this far back is not late: nothing of its person would be left."""

SET_BACK_FRAMES = 5
"""So many in a row, each after the one before, are a clock that was set back."""


class ClockState(msgspec.Struct, frozen=True):
    """What is taken of the times to come depends on this: the newest, and how far back it went."""

    newest_ms: float | None
    refused: int
    back_ms: float | None
    back_frames: int


class ClientClock:
    """The times of one client's frames.

    Args:
        newest_ms: the newest that was taken so far.
    """

    def __init__(self, newest_ms: float | None = None) -> None:
        self.newest_ms = newest_ms
        self.refused = 0
        """Frames that were refused for their time, in all."""
        self._back_ms: float | None = None
        self._back_frames = 0

    def state(self) -> ClockState:
        """Returns what the times that will be taken depend on."""
        return ClockState(self.newest_ms, self.refused, self._back_ms, self._back_frames)

    def restore(self, state: ClockState) -> None:
        """Goes on from a state."""
        self.newest_ms, self.refused = state.newest_ms, state.refused
        self._back_ms, self._back_frames = state.back_ms, state.back_frames

    def check(self, t_ms: float) -> Notice | None:
        """Looks at the time of a frame before anything is done with it.

        Returns:
            What the client is to be told where time begins anew: its clock was set back.

        Raises:
            Refusal: it is no time, or not after the newest; it is counted.
        """
        if not abs(t_ms) <= LATEST_MS:
            self.refused += 1
            raise Refusal(
                "bad-time", f"t_ms is a time in milliseconds, within ±{LATEST_MS:.0f}; got {t_ms:g}"
            )
        newest_ms = self.newest_ms
        if newest_ms is None or t_ms >= newest_ms + CLOSEST_MS:
            return None
        self._follow_back(t_ms, newest_ms)
        if self._back_frames >= SET_BACK_FRAMES:
            return Notice(
                "new-beginning",
                f"the clock went back from {newest_ms:.15g} to {t_ms:.15g} ms and on from there "
                f"for {SET_BACK_FRAMES} frames: the stream begins anew",
            )
        self.refused += 1
        raise Refusal(
            "time-back",
            f"time goes forward by at least {CLOSEST_MS:g} ms a frame: t_ms {t_ms:.15g} came "
            f"after {newest_ms:.15g}",
        )

    def take(self, t_ms: float) -> None:
        """Takes the time of a frame that was checked."""
        self.newest_ms, self._back_ms, self._back_frames = t_ms, None, 0

    def _follow_back(self, t_ms: float, newest_ms: float) -> None:
        """Counts the frames that have gone forward from a time far back."""
        if newest_ms - t_ms <= SET_BACK_MS:
            self._back_ms, self._back_frames = None, 0
            return
        forward = self._back_ms is not None and t_ms >= self._back_ms + CLOSEST_MS
        self._back_frames = self._back_frames + 1 if forward else 1
        self._back_ms = t_ms

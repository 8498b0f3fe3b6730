"""Frames that are not done with: one class for live streams, one for whole files.

Neither knows a socket. Both are asked what to send again once a lost stream is back.
"""

from collections import deque
from dataclasses import dataclass

from posewire_client.codec import Payload
from posewire_client.messages import ModelInfo

_KEPT_BYTES = 8 << 20
"""Of frames that are labelled: more than go out in the second by which a crash sets a session back,
as keypoints at any rate, as pictures at 30 a second."""

_ROUNDING_MS = 1.0
"""A look-ahead may be rounded differently in the server; being wrong would be waiting for ever."""


@dataclass(frozen=True)
class Frame:
    """One encoded `pose` or `image` message, and its time on the client's clock."""

    t_ms: float
    payload: Payload


class NewestFrame:
    """What a live stream keeps while it is disconnected: only the newest frame.

    Attributes:
        superseded: Frames that a newer one has replaced, and that were never sent.
    """

    def __init__(self) -> None:
        self.superseded = 0
        self._frame: Frame | None = None

    def __len__(self) -> int:
        return 0 if self._frame is None else 1

    def keep(self, frame: Frame) -> None:
        """Keep this frame in place of an older one."""
        self.superseded += len(self)
        self._frame = frame

    def take(self) -> Frame | None:
        """Hand the kept frame over, and keep none."""
        frame, self._frame = self._frame, None
        return frame

    def give_back(self, frame: Frame) -> None:
        """Keep a frame that was taken and not sent, unless a newer one waits by now."""
        if self._frame is None:
            self._frame = frame
        else:
            self.superseded += 1


class UnlabelledFrames:
    """All frames of a file that were sent and have no label yet, so that none is lost.

    The newest that have one are kept, too: a session that a crash set back wants them again.

    A frame counts as due once the server has seen enough after it to label it: the model's
    look-ahead, and a hop. Only due frames are bounded, else a long look-ahead would never end.

    Args:
        in_flight: The most due frames before the sender should wait; None to leave it to the
            server to read no faster than it labels.
        lookahead_ms: As asked of the server.
        hop_ms: As asked of the server; None where the model's own hop counts frames.
    """

    def __init__(
        self, in_flight: int | None, lookahead_ms: float, hop_ms: float | None = None
    ) -> None:
        self._in_flight = in_flight
        self._hop_ms = hop_ms
        self._asked_lookahead_ms = lookahead_ms
        self._lookahead_ms = lookahead_ms
        self._hop_frames = 1
        self._unsettled = 0
        self._frames: deque[Frame] = deque()
        self._labelled: deque[Frame] = deque()
        self._labelled_bytes = 0

    def __len__(self) -> int:
        return len(self._frames)

    def serve(self, model: ModelInfo, seen_ms: float | None = None) -> tuple[Frame, ...]:
        """Take the timing of the model that answers, on each new link.

        Args:
            model: Which answers.
            seen_ms: The newest frame that a resumed session has taken in; None where the session
                begins anew.

        Returns:
            The frames to send again: those that it has not seen.
        """
        self._hop_frames = max(1, round(model.hop_ms * model.rate_hz / 1000))
        lookahead_ms = max(self._asked_lookahead_ms, model.lookahead_ms)
        self._lookahead_ms = lookahead_ms + _ROUNDING_MS if lookahead_ms else 0.0
        if seen_ms is None:
            self._unsettled = 0
            return tuple(self._frames)
        # The label of a frame that was seen comes next, or was on its way and is lost.
        self._unsettled = sum(frame.t_ms <= seen_ms for frame in self._frames)
        return tuple(one for one in (*self._labelled, *self._frames) if one.t_ms > seen_ms)

    def full(self) -> bool:
        """Whether so many labels are due that the sender should wait for one."""
        if self._in_flight is None:
            return False
        bound = max(self._in_flight, self._hop_frames) + self._unsettled
        if len(self._frames) < bound:
            return False
        # The window was run within the last hop, and so at this time or later.
        if self._hop_ms is None:
            run_ms = self._frames[-self._hop_frames].t_ms
        else:
            run_ms = self._frames[-1].t_ms - self._hop_ms - _ROUNDING_MS
        return self._frames[bound - 1].t_ms + self._lookahead_ms <= run_ms

    def add(self, frame: Frame) -> None:
        """Remember a frame that is about to be sent."""
        self._frames.append(frame)

    def settle(self, t_ms: float) -> None:
        """Forget all frames up to this one: labels come in order, and this one has come."""
        while self._frames and self._frames[0].t_ms <= t_ms:
            self._keep(self._frames.popleft())
        if not self._frames:
            self._unsettled = 0

    def refuse(self) -> None:
        """Widen the bound by a frame that the server refused, and that no label will settle.

        An error does not name its frame, so it stays until a later label settles it.
        """
        self._unsettled += 1

    def _keep(self, frame: Frame) -> None:
        self._labelled.append(frame)
        self._labelled_bytes += len(frame.payload)
        while self._labelled_bytes > _KEPT_BYTES:
            self._labelled_bytes -= len(self._labelled.popleft().payload)

"""Frames that are not done with: one class for live streams, one for whole files.

Neither knows a socket. Both are asked what to send again once a lost stream is back.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from posewire_client.codec import Payload
from posewire_client.messages import ModelInfo

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


class UnlabelledFrames:
    """All frames of a file that were sent and have no label yet, so that none is lost.

    A frame counts as due once the server has seen enough after it to label it: the model's
    look-ahead, and a hop. Only due frames are bounded, else a long look-ahead would never end.

    Args:
        in_flight: The most due frames before the sender should wait; None to leave it to the
            server to read no faster than it labels.
        lookahead_ms: As asked of the server.
    """

    def __init__(self, in_flight: int | None, lookahead_ms: float) -> None:
        self._in_flight = in_flight
        self._asked_lookahead_ms = lookahead_ms
        self._lookahead_ms = lookahead_ms
        self._hop_frames = 1
        self._refused = 0
        self._frames: deque[Frame] = deque()

    def __len__(self) -> int:
        return len(self._frames)

    def __iter__(self) -> Iterator[Frame]:
        return iter(tuple(self._frames))

    def serve(self, model: ModelInfo) -> None:
        """Take the timing of the model that answers, at the beginning of each session."""
        self._hop_frames = max(1, round(model.hop_ms * model.rate_hz / 1000))
        lookahead_ms = max(self._asked_lookahead_ms, model.lookahead_ms)
        self._lookahead_ms = lookahead_ms + _ROUNDING_MS if lookahead_ms else 0.0
        self._refused = 0

    def full(self) -> bool:
        """Whether so many labels are due that the sender should wait for one."""
        if self._in_flight is None:
            return False
        bound = max(self._in_flight, self._hop_frames) + self._refused
        if len(self._frames) < bound:
            return False
        # The window was run at one of the last `hop` frames, and so at this time or later.
        run_ms = self._frames[-self._hop_frames].t_ms
        return self._frames[bound - 1].t_ms + self._lookahead_ms <= run_ms

    def add(self, frame: Frame) -> None:
        """Remember a frame that is about to be sent."""
        self._frames.append(frame)

    def settle(self, t_ms: float) -> None:
        """Forget all frames up to this one: labels come in order, and this one has come."""
        while self._frames and self._frames[0].t_ms <= t_ms:
            self._frames.popleft()
        if not self._frames:
            self._refused = 0

    def refuse(self) -> None:
        """Widen the bound by a frame that the server refused, and that no label will settle.

        An error does not name its frame, so it stays until a later label settles it.
        """
        self._refused += 1

"""The outbox: what waits for a client that reads slowly, and what of it may be passed over."""

from collections import deque

from msgspec.structs import replace

from service.protocol import Actions, Event, SeenPose, ServerMessage


class Outbox:
    """A queue of messages with a bound.

    Where it is full, the oldest labels that wait, and poses to be drawn, make room for newer ones;
    labels are counted. All other messages stay, in their order.

    Args:
        most: how many messages may wait.
        supersedes: whether labels may be passed over; where not, nothing is, and `full` says when
            to wait.
    """

    def __init__(self, most: int, *, supersedes: bool) -> None:
        self._most = most
        self._waiting: deque[ServerMessage] = deque()
        self.supersedes = supersedes
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def full(self) -> bool:
        """Whether no message more has room."""
        return len(self._waiting) >= self._most

    @property
    def certain(self) -> tuple[Actions | Event, ...]:
        """Answers and events that wait, in order."""
        return tuple(message for message in self._waiting if isinstance(message, Actions | Event))

    def put(self, message: ServerMessage) -> bool:
        """Adds a message; returns whether there was room, or room could be made."""
        if self.full and self.supersedes:
            self._make_room()
        if self.full:
            return False
        self._waiting.append(message)
        return True

    @property
    def first(self) -> ServerMessage:
        """The oldest message, which stays."""
        return self._waiting[0]

    def take(self) -> ServerMessage:
        """Takes the oldest message."""
        return self._waiting.popleft()

    def stamped(self, message: ServerMessage) -> ServerMessage:
        """Returns a message as it is to be sent: labels count those that were passed over, too."""
        if self.dropped and isinstance(message, Actions):
            return replace(message, dropped=message.dropped + self.dropped)
        return message

    def _make_room(self) -> None:
        for place, message in enumerate(self._waiting):
            if isinstance(message, Actions | SeenPose):
                del self._waiting[place]
                self.dropped += isinstance(message, Actions)
                return

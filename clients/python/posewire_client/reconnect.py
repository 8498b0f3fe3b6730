"""When a lost stream is tried again, and what about a lost stream can be helped so.

No socket and no clock in here: delays come out as numbers, and the caller waits.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

NORMAL_CLOSURE = 1000
NO_STATUS = 1005
NO_CLOSE_FRAME = 1006
UNEXPLAINED_CODES = frozenset({NO_STATUS, NO_CLOSE_FRAME})
"""The socket closed without a code of the server's."""

TRY_LATER_CODES = frozenset({1012, 1013})
"""Restarting, and full: the server itself asks to be tried again."""

MOVED = 4409
"""The session was resumed in another connection: it is not this one's any more."""

_PASSING_CODES = TRY_LATER_CODES | UNEXPLAINED_CODES | {1001, 1011, 1014}
_TRY_LATER_STATUSES = frozenset({429, 503})
_FIRST_SERVER_FAULT = 500


@dataclass(frozen=True)
class Reconnect:
    """Exponential backoff with jitter, and an end.

    Attributes:
        attempts: How often in a row to try before giving up; 0 never reconnects.
            A label that arrives starts the count afresh.
        first_s: The first delay at its longest.
        factor: Each delay is this many times the one before, at its longest.
        longest_s: No delay is longer.
    """

    attempts: int = 8
    first_s: float = 0.5
    factor: float = 2.0
    longest_s: float = 30.0

    def delays_s(
        self, uniform: Callable[[float, float], float] = random.uniform
    ) -> Iterator[float]:
        """Yield one delay an attempt, each drawn from the upper half of its bound.

        The jitter keeps a thousand clients of one restarted server from coming back as one.
        """
        for attempt in range(self.attempts):
            bound_s = min(self.longest_s, self.first_s * self.factor**attempt)
            yield uniform(bound_s / 2, bound_s)


DEFAULT_RECONNECT = Reconnect()


class LostError(Exception):
    """A stream, or an attempt at one, ended in a way that may pass. Never leaves the package.

    Attributes:
        reason: In words.
        try_later: The server is there and asked to be tried again.
    """

    def __init__(self, reason: str, *, try_later: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.try_later = try_later


def may_pass(close_code: int) -> bool:
    """Whether a stream closed with this code is worth another attempt."""
    return close_code in _PASSING_CODES


def status_may_pass(status: int) -> bool:
    """Whether an HTTP status in place of a stream is worth another attempt."""
    return status >= _FIRST_SERVER_FAULT or status in _TRY_LATER_STATUSES


def status_says_try_later(status: int) -> bool:
    """Whether an HTTP status says that the server is there, but full or not ready."""
    return status in _TRY_LATER_STATUSES

"""The patience: how long a client is waited for, without a timer for each of its messages.

A client sends thirty messages a second and more, and each is waited for: to begin and cancel a
timer for each would cost more than to read it. It knows no client and no message.
"""

import math
from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    """A call to come."""

    def when(self) -> float:
        """Returns the time of the call."""
        ...

    def cancel(self) -> None:
        """Takes it back."""
        ...


class Clock(Protocol):
    """What an event loop knows of time, in seconds."""

    def time(self) -> float:
        """Returns the time."""
        ...

    def call_at(self, when: float, callback: Callable[[], None], /) -> Timer:
        """Calls once, when it is time."""
        ...


class Patience:
    """Waits for one thing at a time.

    Args:
        clock: the event loop.
        give_up: is called once a wait has lasted too long.

    Attributes:
        over: whether the wait that began last has lasted too long.
    """

    def __init__(self, clock: Clock, give_up: Callable[[], None]) -> None:
        self._clock = clock
        self._give_up = give_up
        self._due_s = math.inf
        self._timer: Timer | None = None
        self.over = False

    def begin(self, seconds: float) -> None:
        """Begins to wait, for at most so long."""
        self.over = False
        self._due_s = self._clock.time() + seconds
        if self._timer is not None and self._timer.when() > self._due_s:
            self.stop()
        if self._timer is None:
            self._timer = self._clock.call_at(self._due_s, self._look)

    def end(self) -> None:
        """Ends the wait: what was waited for has come."""
        self._due_s = math.inf

    def stop(self) -> None:
        """Lets go of the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        if self._clock.time() >= self._due_s:
            self.over = True
            self._give_up()
        elif self._due_s < math.inf:
            self._timer = self._clock.call_at(self._due_s, self._look)

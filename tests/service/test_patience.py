"""The patience: a wait that lasts too long is given up once, and no other."""

from collections.abc import Callable
from dataclasses import dataclass, field

from service.patience import Patience


@dataclass(eq=False)
class Call:
    """A call to come."""

    when_s: float
    callback: Callable[[], None]
    cancelled: bool = False

    def when(self) -> float:
        return self.when_s

    def cancel(self) -> None:
        self.cancelled = True


@dataclass
class HandClock:
    """A clock that the test turns."""

    now_s: float = 100.0
    calls: list[Call] = field(default_factory=list)

    def time(self) -> float:
        return self.now_s

    def call_at(self, when: float, callback: Callable[[], None], /) -> Call:
        self.calls.append(Call(when, callback))
        return self.calls[-1]

    def turn(self, seconds: float) -> None:
        """Lets time pass; who is due is called at their time."""
        end_s = self.now_s + seconds
        due = [call for call in self.calls if call.when_s <= end_s and not call.cancelled]
        while due:
            first = min(due, key=lambda call: call.when_s)
            self.now_s = max(self.now_s, first.when_s)
            first.cancelled = True
            first.callback()
            due = [call for call in self.calls if call.when_s <= end_s and not call.cancelled]
        self.now_s = end_s


def test_messages_that_come_in_time_share_a_timer() -> None:
    """A minute of thirty waits a second, each of at most ten seconds, takes a handful of timers.

    The last wait is given up after its own ten seconds: not before, and once.
    """
    clock, given_up = HandClock(), list[float]()
    patience = Patience(clock, lambda: given_up.append(clock.now_s))
    for _ in range(60 * 30):
        patience.begin(10)
        clock.turn(1 / 30)
        patience.end()
    assert (given_up, len(clock.calls) <= 8) == ([], True)
    patience.begin(10)
    begun_s = clock.now_s
    clock.turn(9.9)
    assert not patience.over
    clock.turn(60)
    assert (given_up, patience.over) == ([begun_s + 10], True)
    patience.begin(10)
    assert not patience.over


def test_a_shorter_wait_is_not_held_up_by_a_longer_one() -> None:
    """Nor is a wait given up that has ended, nor one that nobody has any more."""
    clock, given_up = HandClock(), list[float]()
    patience = Patience(clock, lambda: given_up.append(clock.now_s))
    patience.begin(60)
    patience.end()
    patience.begin(1)
    clock.turn(1)
    assert given_up == [101.0]
    patience.begin(1)
    patience.end()
    clock.turn(5)
    patience.begin(1)
    patience.stop()
    clock.turn(5)
    assert given_up == [101.0]

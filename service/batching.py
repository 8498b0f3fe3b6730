"""Batching: which of the windows that wait make the next runs, and when these begin.

A pure policy with the clock passed in: it runs nothing and waits for nothing, `service.batcher`
does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar


class Request(Protocol):
    """What a session wants to be run."""

    def cut(self) -> int:
        """Cuts its windows now, once, and returns how many they are; it may be none."""
        ...


R = TypeVar("R", bound=Request)


@dataclass(frozen=True)
class Share(Generic[R]):
    """Those windows of a request that are in a run.

    Attributes:
        request: whose they are.
        first: the first of them, counted among the request's own.
        count: how many follow one another; 0 where the request has none at all.
    """

    request: R
    first: int
    count: int


@dataclass(eq=False)
class _Waiting(Generic[R]):
    """A request, and how far it has come."""

    request: R
    since_s: float
    windows: int | None = None
    begun: int = 0

    def left(self) -> int:
        """How many of its windows have not been taken; cuts them if that has not been done."""
        if self.windows is None:
            self.windows = self.request.cut()
        return self.windows - self.begun


class FairQueue(Generic[R]):
    """Requests of sessions that wait for a run.

    Windows are cut when they are taken and not before, so that the newest frame is in them. Turns
    go round: each session gives one window after the other's, and what is left of a session with
    many waits behind all sessions that have not had a turn.

    Args:
        windows: the most windows of a run.
        wait_s: how long a request waits for others to come along.
    """

    def __init__(self, windows: int, wait_s: float) -> None:
        self._windows = windows
        self._wait_s = wait_s
        self._waiting: list[_Waiting[R]] = []

    def __len__(self) -> int:
        """How many requests wait."""
        return len(self._waiting)

    def add(self, request: R, now_s: float) -> None:
        """Takes a request in; a session has one at a time."""
        self._waiting.append(_Waiting(request, now_s))

    def discard(self, request: R) -> None:
        """Forgets what is left of a request, if anything is."""
        self._waiting = [waiting for waiting in self._waiting if waiting.request is not request]

    def due_s(self, sessions: int) -> float | None:
        """Returns from when on a run should begin; None where nothing waits.

        Nobody is waited for where the run is full, or where every session has come already.

        Args:
            sessions: how many there are that may ask.
        """
        if not self._waiting:
            return None
        oldest_s = min(waiting.since_s for waiting in self._waiting)
        all_here = len(self._waiting) >= min(self._windows, sessions)
        return oldest_s if all_here else oldest_s + self._wait_s

    def take(self, runs: int) -> list[list[Share[R]]]:
        """Returns the shares of at most so many runs that begin now, evenly filled."""
        room = self._windows * runs
        taken: dict[_Waiting[R], int] = {}
        turn = self._waiting
        while turn and room:
            now, later = turn[:room], turn[room:]
            for waiting in now:
                left = waiting.left()
                given = taken.get(waiting, 0)
                taken[waiting] = given + (given < left)
                room -= given < left
                if taken[waiting] < left:
                    later.append(waiting)
            turn = later
        shares = [Share(w.request, w.begun, count) for w, count in taken.items()]
        for waiting, count in taken.items():
            waiting.begun += count
        without = [waiting for waiting in self._waiting if waiting not in taken]
        self._waiting = without + [waiting for waiting in taken if waiting.left()]
        return _dealt(shares, runs)


def _dealt(shares: Sequence[Share[R]], runs: int) -> list[list[Share[R]]]:
    """Deals shares out evenly; one that is cut in two keeps the order of its windows."""
    full = -(-sum(share.count for share in shares) // runs)
    dealt: list[list[Share[R]]] = [[]]
    room = full
    for share in shares:
        first, count = share.first, share.count
        while count > room:
            if room:
                dealt[-1].append(Share(share.request, first, room))
            first, count = first + room, count - room
            dealt.append([])
            room = full
        dealt[-1].append(Share(share.request, first, count))
        room -= count
    return [run for run in dealt if run]

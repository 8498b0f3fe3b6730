"""Admission: how many sessions there are, in all and of each token, and whether more are let in."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from service.protocol import FULL, RESTART, Refusal

STOPPING = "the server is stopping; connect again"


class Place:
    """One session's place; its token is counted once it is known.

    Attributes:
        leave: asks the session to end.
        holder: whose token it has, once that is known.
    """

    def __init__(self, admission: "Admission", leave: Callable[[], None]) -> None:
        self._admission = admission
        self.leave = leave
        self.holder: str | None = None

    def claim(self, holder: str) -> None:
        """Counts the session as one of a token's.

        Args:
            holder: whose token it is.

        Raises:
            Refusal: it has as many as it may.
        """
        self._admission.count(holder)
        self.holder = holder


class Admission:
    """Counts sessions, those that have not said hello included.

    Args:
        sessions: most at a time.
        per_holder: most at a time with tokens of one name.

    Attributes:
        open: whether any more are let in.
    """

    def __init__(self, sessions: int, per_holder: int) -> None:
        self._sessions = sessions
        self._per_holder = per_holder
        self._held: Counter[str] = Counter()
        self._places: set[Place] = set()
        self.open = True

    @property
    def inside(self) -> int:
        """How many sessions there are."""
        return len(self._places)

    @contextmanager
    def place(self, leave: Callable[[], None]) -> Iterator[Place]:
        """Holds a place for as long as the block runs, however it ends.

        Args:
            leave: asks the session to end.

        Raises:
            Refusal: there is none, or the server is stopping.
        """
        if not self.open:
            raise Refusal("draining", STOPPING, RESTART)
        if self.inside >= self._sessions:
            raise Refusal(
                "full", f"all {self._sessions} sessions of this server are taken; try later", FULL
            )
        place = Place(self, leave)
        self._places.add(place)
        try:
            yield place
        finally:
            self._places.discard(place)
            if place.holder is not None:
                self._release(place.holder)

    @asynccontextmanager
    async def request_place(self, holder: str) -> AsyncIterator[None]:
        """Holds a place for a request that takes as much as a session, and ends it at a stop.

        Args:
            holder: whose token it came with.

        Raises:
            Refusal: there is no place, or the server is stopping.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(None) as limit:
                with self.place(lambda: limit.reschedule(loop.time())) as place:
                    place.claim(holder)
                    yield
        except TimeoutError:
            if not limit.expired():
                raise
            raise Refusal("draining", STOPPING, RESTART) from None

    def empty(self) -> None:
        """Lets nobody in any more, and asks all who are inside to end."""
        self.open = False
        for place in list(self._places):
            place.leave()

    def count(self, holder: str) -> None:
        """Counts one more of a token's sessions.

        Raises:
            Refusal: it has as many as it may.
        """
        if self._held[holder] >= self._per_holder:
            raise Refusal(
                "full", f"all {self._per_holder} sessions of this token are taken; try later", FULL
            )
        self._held[holder] += 1

    def _release(self, holder: str) -> None:
        self._held[holder] -= 1
        if not self._held[holder]:
            del self._held[holder]

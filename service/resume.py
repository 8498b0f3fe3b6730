"""Resume: what is kept of a session whose socket was lost, for a while, under its token.

It knows bytes and tokens, not what a session is. A token opens what it names once. What is kept is
bounded in time, number and bytes; where that or a Redis that is gone stands in the way, a client
loses its session and nothing else.
"""

import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Protocol

MOST_KEPT = 10_000
MOST_KEPT_BYTES = 256 << 20
LARGEST_STATE_BYTES = 8 << 20

SAVE_EVERY_S = 1.0
"""A session is saved so often while it lives where what is kept outlives the process."""

HandOver = Callable[[], Awaitable[bytes | None]]
"""Ends a session that still holds its socket, and returns its state."""


def new_token() -> str:
    """Returns a token that nobody guesses: 256 random bits."""
    return secrets.token_urlsafe(32)


class Keeper(Protocol):
    """What keeps states."""

    @property
    def outlives_process(self) -> bool:
        """Whether what is kept is there for another process too."""
        ...

    async def keep(self, token: str, state: bytes) -> bool:
        """Keeps a state, in place of an older one of that token; False where that cannot be."""
        ...

    async def take(self, token: str) -> bytes | None:
        """Returns what is kept under a token and forgets it; None where there is nothing."""
        ...

    async def close(self) -> None:
        """Lets go of what it holds."""
        ...


class MemoryKeeper:
    """Keeps states in this process.

    Args:
        keep_s: how long; 0 keeps nothing.
        most: how many; the oldest goes first.
        most_bytes: of all together.
        clock: seconds that only go forward.
    """

    outlives_process = False

    def __init__(
        self,
        keep_s: float,
        most: int = MOST_KEPT,
        most_bytes: int = MOST_KEPT_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._keep_s = keep_s
        self._most = most
        self._most_bytes = most_bytes
        self._clock = clock
        self._kept: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
        self.bytes = 0
        """Of all that is kept."""

    def __len__(self) -> int:
        return len(self._kept)

    async def keep(self, token: str, state: bytes) -> bool:
        """Keeps a state for the time that it has; false where it is too large."""
        self._forget(token)
        self._end()
        if not self._keep_s or len(state) > min(LARGEST_STATE_BYTES, self._most_bytes):
            return False
        self._kept[token] = (self._clock() + self._keep_s, state)
        self.bytes += len(state)
        while len(self._kept) > self._most or self.bytes > self._most_bytes:
            self._forget(next(iter(self._kept)))
        return True

    async def take(self, token: str) -> bytes | None:
        """Returns what is kept under a token and forgets it; None where there is nothing."""
        self._end()
        return self._forget(token)

    async def close(self) -> None:
        """Forgets everything."""
        self._kept.clear()
        self.bytes = 0

    def _end(self) -> None:
        """Forgets what has been kept for its time; the oldest come first."""
        now_s = self._clock()
        while self._kept and next(iter(self._kept.values()))[0] <= now_s:
            self._forget(next(iter(self._kept)))

    def _forget(self, token: str) -> bytes | None:
        _, state = self._kept.pop(token, (0.0, None))
        self.bytes -= len(state or b"")
        return state


class Resumes:
    """The sessions that can be resumed: those that were lost, and those that still hold a socket.

    A client often comes back before the server has noticed that the old socket is dead; its session
    is then ended there and handed over.

    Args:
        keeper: keeps the states.

    Attributes:
        server: names this process, so that it knows what another one kept.
    """

    def __init__(self, keeper: Keeper) -> None:
        self.server = secrets.token_hex(8)
        self._keeper = keeper
        self._live: dict[str, HandOver] = {}

    @property
    def save_every_s(self) -> float | None:
        """How often a living session is to be saved; None where its loss alone needs it."""
        return SAVE_EVERY_S if self._keeper.outlives_process else None

    def lives(self, token: str, hand_over: HandOver) -> None:
        """Notes that the session of a token holds a socket."""
        self._live[token] = hand_over

    async def save(self, token: str, state: bytes) -> None:
        """Keeps the state of a session that lives, against a crash; not if it is handed over."""
        if token in self._live:
            await self._keeper.keep(token, state)

    async def lost(self, token: str, state: bytes) -> bool:
        """Keeps the state of a session that has just lost its socket, unless it was handed over.

        Returns:
            Whether it is kept.
        """
        if self._live.pop(token, None) is None:
            return False
        return await self._keeper.keep(token, state)

    async def put_back(self, token: str, state: bytes) -> None:
        """Keeps again what was taken, because nobody could go on with it here."""
        await self._keeper.keep(token, state)

    async def ended(self, token: str) -> None:
        """Forgets a session that its client has ended."""
        if self._live.pop(token, None) is not None and self._keeper.outlives_process:
            await self._keeper.take(token)

    async def take(self, token: str) -> bytes | None:
        """Returns the state of a session, once; None where there is none under this token."""
        hand_over = self._live.pop(token, None)
        living = None if hand_over is None else await hand_over()
        # What was saved of it while it lived is older, and is forgotten all the same.
        kept = await self._keeper.take(token)
        return kept if living is None else living

    async def close(self) -> None:
        """Lets go of what keeps them."""
        await self._keeper.close()

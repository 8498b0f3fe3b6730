"""The lifeline: that by which one session can be taken up again, from its welcome to its end."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Self

from service.resume import Resumes, new_token
from service.socket import Gone


class Lifeline:
    """One session's; a context around the time in which its client is listened to.

    A session whose client is gone is kept when the context ends, any other is forgotten. Where
    what is kept outlives the process, it is saved while the session lives, too.

    A client that has resumed may lose its new socket before the welcome with its new token came. So
    the token that it came with opens the session, too, until something is heard of it.

    Args:
        resumes: the sessions that can be resumed.
        former: the token with which the session was resumed, where it was.
        freeze: returns the session's state, between two runs; None where a run does not end.
        leave: ends its connection, because its client has come back on another.
        released: is set once the session holds nothing any more, such as a worker for pictures.

    Attributes:
        token: with which the session can be resumed, once.
    """

    def __init__(
        self,
        resumes: Resumes,
        former: str | None,
        freeze: Callable[[], Awaitable[bytes | None]],
        leave: Callable[[], None],
        released: asyncio.Event,
    ) -> None:
        self.token = new_token()
        self._resumes = resumes
        self._tokens = [self.token] if former is None else [self.token, former]
        self._freeze = freeze
        self._leave = leave
        self._released = released
        self._left: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()
        self._saving: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        for token in self._tokens:
            self._resumes.lives(token, self._hand_over)
        if (every_s := self._resumes.save_every_s) is not None:
            self._saving = asyncio.create_task(self._save(every_s))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        try:
            await self._stop_saving()
            if isinstance(error, Gone):
                await self._keep()
            else:
                await self._end(self._tokens)
        finally:
            if not self._left.done():
                self._left.set_result(None)

    async def heard(self) -> None:
        """Notes that its client has had the welcome: from now on the new token alone opens it."""
        if len(self._tokens) > 1:
            former, self._tokens = self._tokens[1:], self._tokens[:1]
            await self._end(former)

    async def pass_on(self) -> bool:
        """Keeps the session for another process; false where none can take it up."""
        await self._stop_saving()
        return self._resumes.save_every_s is not None and await self._keep()

    async def _keep(self) -> bool:
        state = await self._freeze()
        if state is None:
            return False
        self._left.set_result(state)
        kept = [await self._resumes.lost(token, state) for token in self._tokens]
        return any(kept)

    async def _hand_over(self) -> bytes | None:
        # Of its tokens one was taken, and no other may open what was handed over.
        tokens, self._tokens = self._tokens, []
        await self._end(tokens)
        self._leave()
        state = await self._left
        # What it held is its client's, who needs it now, and nobody else's.
        await self._released.wait()
        return state

    async def _end(self, tokens: Sequence[str]) -> None:
        for token in tokens:
            await self._resumes.ended(token)

    async def _save(self, every_s: float) -> None:
        while True:
            state = await self._freeze()
            if state is not None:
                for token in self._tokens:
                    await self._resumes.save(token, state)
            await asyncio.sleep(every_s)

    async def _stop_saving(self) -> None:
        if self._saving is not None:
            self._saving.cancel()
            await asyncio.gather(self._saving, return_exceptions=True)
            self._saving = None

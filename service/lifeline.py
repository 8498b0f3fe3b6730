"""The lifeline: that by which one session can be taken up again, from its welcome to its end."""

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from service.resume import Resumes, new_token
from service.socket import Gone


class Lifeline:
    """One session's; a context around the time in which its client is listened to.

    A session whose client is gone is kept when the context ends, any other is forgotten. Where
    what is kept outlives the process, it is saved while the session lives, too.

    Args:
        resumes: the sessions that can be resumed.
        freeze: returns the session's state, between two runs; None where a run does not end.
        leave: ends its connection, because its client has come back on another.

    Attributes:
        token: with which the session can be resumed, once.
    """

    def __init__(
        self,
        resumes: Resumes,
        freeze: Callable[[], Awaitable[bytes | None]],
        leave: Callable[[], None],
    ) -> None:
        self.token = new_token()
        self._resumes = resumes
        self._freeze = freeze
        self._leave = leave
        self._left: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()
        self._saving: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._resumes.lives(self.token, self._hand_over)
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
                await self._resumes.ended(self.token)
        finally:
            if not self._left.done():
                self._left.set_result(None)

    async def pass_on(self) -> bool:
        """Keeps the session for another process; false where none can take it up."""
        await self._stop_saving()
        return self._resumes.save_every_s is not None and await self._keep()

    async def _keep(self) -> bool:
        state = await self._freeze()
        if state is None:
            return False
        self._left.set_result(state)
        return await self._resumes.lost(self.token, state)

    async def _hand_over(self) -> bytes | None:
        self._leave()
        return await self._left

    async def _save(self, every_s: float) -> None:
        while True:
            await asyncio.sleep(every_s)
            state = await self._freeze()
            if state is not None:
                await self._resumes.save(self.token, state)

    async def _stop_saving(self) -> None:
        if self._saving is not None:
            self._saving.cancel()
            await asyncio.gather(self._saving, return_exceptions=True)
            self._saving = None

"""A pose stream: one client's pictures go to its worker, the newest first, and outcomes come back.

Knows no client and no wire; whoever holds it offers pictures and iterates over what was seen.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol, Self

from service.pose_process import WorkerLost
from service.pose_worker import Look, Outcome, Unseen
from service.protocol import FAILED, Refusal

FAILURES = 3
"""So many pictures in a row that a worker was lost over end the stream."""

CLOSE_S = 5.0
"""How long the picture in hand may take once the stream is closed, before its worker is ended."""


Looked = Callable[[float | None], None]
"""Is told how many seconds a picture took, None where the worker was lost over it."""


class Worker(Protocol):
    """What looks at pictures, one after the other."""

    async def begin(self, people: int) -> None:
        """Begins a stream. Raises `WorkerLost`."""
        ...

    async def look(self, look: Look) -> Outcome:
        """Looks at a picture. Raises `WorkerLost`."""
        ...

    async def end(self) -> None:
        """Ends; `begin` starts afresh."""
        ...


class NewestImage:
    """The one picture that waits: a newer one takes its place.

    Attributes:
        superseded: how many were replaced before anybody looked at them.
    """

    def __init__(self) -> None:
        self.superseded = 0
        self._look: Look | None = None

    def offer(self, look: Look) -> None:
        """Lets this picture wait in place of an older one."""
        self.superseded += self._look is not None
        self._look = look

    def take(self) -> Look | None:
        """Hands over the picture that waits, if one does."""
        look, self._look = self._look, None
        return look


class PoseStream:
    """The pictures of one client; an async iterator over their outcomes, in order.

    Args:
        worker: its own for as long as it lasts.
        people: the most people to look for.
        released: called once with the worker, when the stream needs it no more.
        looked: is told of each picture.
    """

    def __init__(
        self,
        worker: Worker,
        people: int,
        released: Callable[[], None],
        looked: Looked | None = None,
    ) -> None:
        self._worker = worker
        self._people = people
        self._released = released
        self._looked = looked
        self._image = NewestImage()
        self._came = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        # No more than one outcome waits: pictures wait instead, where the newest wins.
        self._outcomes: asyncio.Queue[Outcome | Refusal | None] = asyncio.Queue(1)
        self._begun = self._ending = self._closed = False
        self._failures = 0
        self._task = asyncio.create_task(self._run(), name="posewire-poses")

    @property
    def superseded(self) -> int:
        """Pictures that newer ones replaced before anybody looked at them."""
        return self._image.superseded

    def offer(self, t_ms: float, image: bytes) -> None:
        """Has a picture looked at as soon as the worker is free, unless a newer one comes first.

        Args:
            t_ms: its time, later than that of any before.
            image: JPEG, PNG or WebP, its header checked.
        """
        if not self._task.done():
            self._image.offer(Look(t_ms, image))
            self._idle.clear()
            self._came.set()

    async def settled(self) -> None:
        """Waits until every picture that was offered has an outcome in the iterator's hands."""
        await self._idle.wait()

    def finish(self) -> None:
        """Says that no more pictures come; the iterator ends after the last outcome."""
        self._ending = True
        self._came.set()

    async def close(self) -> None:
        """Ends the stream and hands the worker back; what waits is not looked at."""
        if self._closed:
            return
        self._closed = self._ending = True
        self._image.take()
        self._came.set()
        while not self._outcomes.empty():
            self._outcomes.get_nowait()
        try:
            await asyncio.wait((self._task,), timeout=CLOSE_S)
        finally:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._released()

    def __aiter__(self) -> Self:
        """Iterates over outcomes."""
        return self

    async def __anext__(self) -> Outcome:
        """Waits for the next outcome.

        Raises:
            Refusal: workers were lost over so many pictures in a row that the stream ends.
        """
        outcome = await self._outcomes.get()
        if outcome is None:
            raise StopAsyncIteration
        if isinstance(outcome, Refusal):
            raise outcome
        return outcome

    async def _run(self) -> None:
        try:
            while not self._ending:
                await self._came.wait()
                self._came.clear()
                await self._look_at_images()
                self._idle.set()
            await self._put(None)
        except WorkerLost:
            await self._put(_failed())
        finally:
            self._idle.set()

    async def _look_at_images(self) -> None:
        """Looks at what waits until nothing does. Raises `WorkerLost` where that is no use."""
        while (look := self._image.take()) is not None:
            try:
                if not self._begun:
                    await self._worker.begin(self._people)
                self._begun = True
                begun_s = time.monotonic()
                outcome = await self._worker.look(look)
                self._tell(time.monotonic() - begun_s)
                self._failures = 0
            except WorkerLost:
                self._begun = False
                self._failures += 1
                self._tell(None)
                if self._failures == FAILURES:
                    raise
                outcome = _lost(look)
            await self._put(outcome)

    def _tell(self, seconds: float | None) -> None:
        if self._looked is not None:
            self._looked(seconds)

    async def _put(self, outcome: Outcome | Refusal | None) -> None:
        if not self._closed:
            await self._outcomes.put(outcome)


def _lost(look: Look) -> Unseen:
    return Unseen(
        look.t_ms,
        "pose-failed",
        f"the pose estimator failed on the image of t_ms {look.t_ms:.15g}; a new one goes on",
    )


def _failed() -> Refusal:
    return Refusal(
        "pose-failed",
        f"the pose estimator failed on {FAILURES} images in a row; send keypoints, or connect "
        "again",
        FAILED,
    )

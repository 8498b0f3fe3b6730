"""The batcher: one model's windows of all sessions, run together.

The thin edge around `service.batching`, which says what is run together and when. It knows no
streams and no people.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.pose.artifact import ArtifactSpec
from model.pose.artifact_session import Outputs
from service.batching import FairQueue, Share
from service.engine import Engine

Cut = Callable[[], NDArray[np.float32]]
"""Returns a session's windows that are due now, (N, 3, T, V, M); N may be 0."""


@dataclass(frozen=True)
class Answered:
    """What came of a session's windows.

    Attributes:
        outputs: a row for each of them.
        begun_s: when the first of them began to be run, on the event loop's clock.
        ended_s: when the last was done.
    """

    outputs: Outputs
    begun_s: float
    ended_s: float


@dataclass(frozen=True)
class Run:
    """One run of the model, for whoever keeps count.

    Attributes:
        model: its `name@version`.
        provider: the execution provider that was its first choice.
        windows: how many were run together.
        sessions: whose they were.
        seconds: how long it took.
        failed: whether it raised.
    """

    model: str
    provider: str
    windows: int
    sessions: int
    seconds: float
    failed: bool


Observer = Callable[[Run], None]


class Batcher:
    """A model, for many sessions at once; used from one event loop.

    Args:
        engine: what runs the windows.
        windows: the most of a run.
        wait_ms: how long windows wait for those of other sessions while a run could begin.
        observe: is told of every run.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        windows: int = 32,
        wait_ms: float = 2.0,
        observe: Observer | None = None,
    ) -> None:
        self._engine = engine
        self._queue: FairQueue[_Request] = FairQueue(windows, wait_ms / 1000)
        self._observe = observe
        self._runs: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._seats = 0

    @property
    def spec(self) -> ArtifactSpec:
        """The model that is run."""
        return self._engine.spec

    @property
    def name(self) -> str:
        """Its `name@version`, by which it is asked for, listed, counted and traced."""
        return f"{self.spec.name}@{self.spec.version}"

    @property
    def providers(self) -> tuple[str, ...]:
        """The execution providers in use, first choice first."""
        return self._engine.providers

    @property
    def degraded(self) -> str | None:
        """What was asked for and not got, in one sentence; None where nothing is missing."""
        return self._engine.degraded

    @contextlib.contextmanager
    def seat(self) -> Iterator[None]:
        """Counts a session in: a run waits for no more sessions than have a seat."""
        self._seats += 1
        try:
            yield
        finally:
            self._seats -= 1

    async def run(self, cut: Cut) -> Answered:
        """Runs a session's windows beside those of others.

        Args:
            cut: is called once, when there is room for its windows, as late as can be.

        Raises:
            Exception: what `cut` or the engine raised for these windows, run by themselves.
        """
        loop = asyncio.get_running_loop()
        request = _Request(cut, loop.create_future())
        self._queue.add(request, loop.time())
        self._begin()
        try:
            return await request.answer
        finally:
            self._queue.discard(request)

    def close(self) -> None:
        """Ends the engine; what waits is not answered."""
        if self._timer is not None:
            self._timer.cancel()
        self._engine.close()

    def _begin(self) -> None:
        """Begins the runs that are due, as far as the engine is free; sets the clock for others."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        idle = self._engine.parallel - len(self._runs)
        due_s = self._queue.due_s(self._seats) if idle > 0 else None
        if due_s is None:
            return
        loop = asyncio.get_running_loop()
        if due_s > loop.time():
            self._timer = loop.call_at(due_s, self._begin)
            return
        for shares in self._queue.take(idle):
            for share in shares:
                if not share.count:
                    share.request.settle(loop.time())
            asked = [share for share in shares if share.count]
            if asked:
                task = loop.create_task(self._answer(asked))
                self._runs.add(task)
                task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._runs.discard(task)
        self._begin()

    async def _answer(self, shares: Sequence[Share["_Request"]]) -> None:
        loop = asyncio.get_running_loop()
        begun_s = loop.time()
        windows = [share.request.clips[share.first :][: share.count] for share in shares]
        clips = windows[0] if len(windows) == 1 else np.concatenate(windows)
        try:
            outputs = await self._engine.run(clips)
        except Exception as error:
            self._tell(shares, loop.time() - begun_s, failed=True)
            if len(shares) == 1:
                shares[0].request.fail(error)
                self._queue.discard(shares[0].request)
                return
            # One of them did it: by itself each session gets its own answer.
            for share in shares:
                await self._answer([share])
            return
        self._tell(shares, loop.time() - begun_s, failed=False)
        row = 0
        for share in shares:
            rows = slice(row, row + share.count)
            row += share.count
            part = Outputs(*(output[rows] for output in outputs))
            share.request.take(share.first, part, begun_s)
            share.request.settle(loop.time())

    def _tell(self, shares: Sequence[Share["_Request"]], seconds: float, failed: bool) -> None:
        if self._observe is not None:
            windows = sum(share.count for share in shares)
            provider = self.providers[0]
            self._observe(Run(self.name, provider, windows, len(shares), seconds, failed))


class _Request:
    """A session's windows: cut once, answered in parts, whole when all parts are there."""

    def __init__(self, cut: Cut, answer: asyncio.Future[Answered]) -> None:
        self.answer = answer
        self.clips: NDArray[np.float32] = np.empty(0, np.float32)
        self._cut = cut
        self._parts: dict[int, Outputs] = {}
        self._begun_s: float | None = None

    def cut(self) -> int:
        """Cuts its windows; whoever is gone has none, and a failure is their own."""
        if self.answer.done():
            return 0
        try:
            self.clips = self._cut()
        except Exception as error:
            self.fail(error)
        return len(self.clips)

    def take(self, first: int, part: Outputs, begun_s: float) -> None:
        """Takes in the outputs of some of its windows."""
        self._parts[first] = part
        self._begun_s = begun_s if self._begun_s is None else min(begun_s, self._begun_s)

    def fail(self, error: Exception) -> None:
        """Tells its session of a failure, once."""
        if not self.answer.done():
            self.answer.set_exception(error)

    def settle(self, now_s: float) -> None:
        """Answers, if all of its windows have been run."""
        if self.answer.done() or sum(len(p.logits) for p in self._parts.values()) < len(self.clips):
            return
        parts = [self._parts[first] for first in sorted(self._parts)]
        outputs = parts[0] if len(parts) == 1 else _joined(parts)
        begun_s = now_s if self._begun_s is None else self._begun_s
        self.answer.set_result(Answered(outputs, begun_s, now_s))


def _joined(parts: Sequence[Outputs]) -> Outputs:
    if not parts:
        return Outputs(np.empty(0, np.float32), np.empty(0, np.float32))
    logits, features = zip(*parts, strict=True)
    return Outputs(np.concatenate(logits), np.concatenate(features))

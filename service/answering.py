"""The answering: windows that are due are run, and what they say is told, in order.

One half of a conversation; the other reads. Which frame a label speaks of is
`model.pose.stream`'s.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Iterable

from model.pose.stream import FrameAnswer, Keypoints
from service.arrivals import Arrivals
from service.batcher import Answered, Batcher, Cut
from service.labelling import Labelling, Run, person_actions
from service.metrics import Metrics
from service.protocol import Actions, Event, Timing
from service.socket import ClientSocket
from service.tracing import NO_TRACE, Trace

MOST_WAITING = 1024
"""Frames that may wait for their answers before the client is read no further."""


class Answering:
    """The answers to one client.

    Args:
        socket: the client's socket.
        model: what answers, for all of its sessions.
        labelling: the frames, and what is said of them.
        metrics: where what is superseded is counted.
        unsent: what an earlier connection of the session could not send.
        trace: is told of every run.
    """

    def __init__(
        self,
        socket: ClientSocket,
        model: Batcher,
        labelling: Labelling,
        metrics: Metrics,
        unsent: Iterable[Actions | Event] = (),
        trace: Trace = NO_TRACE,
    ) -> None:
        self._socket = socket
        self._model = model
        self._labelling = labelling
        self._metrics = metrics
        self._trace = trace
        self._unsent = deque(unsent)
        self._loop = asyncio.get_running_loop()
        self._arrivals = Arrivals()
        self._turn = asyncio.Lock()
        self._due = asyncio.Event()
        self._settled = asyncio.Event()
        self._look_on()

    @property
    def unsent(self) -> tuple[Actions | Event, ...]:
        """What is certain and was not sent, in order."""
        return (*self._socket.waiting, *self._unsent)

    @property
    def overfull(self) -> bool:
        """Whether so many frames wait that no more should be read."""
        return len(self._arrivals) > MOST_WAITING

    def frame_came(self, t_ms: float, came_s: float) -> None:
        """Notes that a frame was pushed that will be answered.

        Args:
            t_ms: its time.
            came_s: when it came, in seconds of the loop.
        """
        self._arrivals.add(t_ms, came_s)

    def wake(self) -> bool:
        """Has windows run that are due, and returns whether any are."""
        if self._labelling.has_due:
            self._settled.clear()
            self._due.set()
        return self._labelling.has_due

    async def run(self) -> None:
        """Answers what is due, whenever it is.

        Raises:
            Gone: the client cannot be told any more.
        """
        try:
            await self._tell()
            while True:
                await self._due.wait()
                async with self._turn:
                    await self._answer_due()
                await self._tell()
                self._look_on()
        finally:
            self._settled.set()

    async def settled(self) -> None:
        """Waits until no window is due and none is being run, or nobody answers any more."""
        await self._settled.wait()

    @contextlib.asynccontextmanager
    async def between_runs(self) -> AsyncIterator[None]:
        """Waits for the run in flight, if there is one; while the block runs, none begins."""
        async with self._turn:
            yield

    async def finish(self) -> None:
        """Answers all frames that wait. Nothing is due any more, and `run` has ended.

        Raises:
            Gone: the client cannot be told any more.
        """
        run = self._labelling.finish()
        self._say(run, await self._run(lambda: run.clips))
        await self._tell()

    def _look_on(self) -> None:
        """Sees whether windows are due when none is being run, and wakes whoever waits for that."""
        if not self.wake():
            self._due.clear()
            self._settled.set()

    async def _answer_due(self) -> None:
        cut: list[Run] = []

        def windows() -> Keypoints:
            """Cuts what is due once there is room for it, with the newest frame in it."""
            before = self._labelling.dropped
            run = self._labelling.due()
            assert run is not None
            cut.append(run)
            self._metrics.dropped("superseded", self._labelling.dropped - before)
            return run.clips

        answered = await self._run(windows)
        self._say(cut[0], answered)

    async def _run(self, windows: Cut) -> Answered:
        asked_s = self._loop.time()
        answered = await self._model.run(windows)
        self._trace.ran(asked_s, answered)
        return answered

    def _say(self, run: Run, answered: Answered) -> None:
        infer_ms = round((answered.ended_s - answered.begun_s) * 1e3, 3)
        for said in self._labelling.said(run, answered.outputs if len(run.clips) else None):
            if isinstance(said, FrameAnswer):
                came_s = self._arrivals.take(said.time_ms)
                queue_s = 0.0 if came_s is None else max(answered.begun_s - came_s, 0.0)
                timing = Timing(round(queue_s * 1e3, 3), infer_ms)
                people, dropped = person_actions(said), self._labelling.dropped
                self._unsent.append(Actions(said.time_ms, people, timing, dropped))
            else:
                self._unsent.append(said)

    async def _tell(self) -> None:
        await self._socket.send_all(self._unsent)

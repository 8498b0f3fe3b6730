"""The conversation: what follows the welcome, frames in and answers out, side by side.

Which frame a label speaks of is `model.pose.stream`'s; what keypoints mean is `service.people`'s.
"""

import asyncio
import time

import numpy as np

from model.pose.layout import layout_named
from model.pose.stream import PERSON_ENDS_MS, DueWindows, FrameAnswer, LabelStream
from service.engine import Engine
from service.hello import pacing, with_lookahead
from service.people import PeopleReader
from service.protocol import Actions, Bye, Hello, PersonAction, Pose, Refusal, Timing
from service.segments import Segments
from service.settings import Settings
from service.socket import ClientSocket, Gone

CLOSEST_MS = 1.0
"""Frames are at least so far apart, else a window would hold any number of them."""

LATEST_MS = 2.0**53
"""A time beyond this, either way, is no longer exact to the millisecond."""

MOST_WAITING = 1024
"""Frames that may wait for their answers before the client is read no further."""


class Conversation:
    """One client's frames and the answers to them.

    Args:
        socket: the client's socket.
        engine: the model that answers.
        settings: limits.
        hello: what the client declared, checked.
    """

    def __init__(
        self, socket: ClientSocket, engine: Engine, settings: Settings, hello: Hello
    ) -> None:
        self._socket = socket
        self._engine = engine
        self._settings = settings
        layout = layout_named(hello.layout)
        spec = with_lookahead(engine.spec, hello.options.lookahead_ms)
        self._reader = PeopleReader(hello, layout, settings.people)
        self._stream = LabelStream(spec, layout, hello.size, hello.options.top_k)
        self._drops = hello.options.drop == "oldest"
        self._pacing = pacing(hello, settings)
        self._segments: dict[int, Segments] = {}
        self._arrived_s: dict[float, float] = {}
        self._frame_came = asyncio.Event()
        self._answered = asyncio.Event()

    async def run(self) -> None:
        """Answers every frame until the client says bye, then what is left.

        Raises:
            Gone: the client went without a bye.
            Refusal: the client did what ends the connection.
        """
        answering = asyncio.create_task(self._answer_frames())
        reading = asyncio.create_task(self._read_frames())
        try:
            await asyncio.wait((answering, reading), return_when=asyncio.FIRST_COMPLETED)
            if answering.done():
                await answering
            said_bye = await reading
            if not said_bye:
                raise Gone
            await self._settled()
            if answering.done():
                await answering
        finally:
            for task in (reading, answering):
                task.cancel()
            await asyncio.gather(reading, answering, return_exceptions=True)
        await self._answer(self._stream.finish())
        for segments in self._segments.values():
            for event in segments.close():
                await self._socket.send(event)

    async def _read_frames(self) -> bool:
        """Takes frames in until the client goes; returns whether it said bye."""
        async for message in self._socket.messages():
            match message:
                case Bye():
                    return True
                case Pose():
                    await self._take(message)
                case Hello():
                    await self._socket.refuse(
                        Refusal("second-hello", "a client says hello once, this is the second")
                    )
        return False

    async def _take(self, pose: Pose) -> None:
        try:
            self._check_time(pose.t_ms)
            people = self._reader.read(pose)
        except Refusal as refusal:
            await self._socket.refuse(refusal)
            return
        wanted = self._pacing is None or self._pacing.admits(pose.t_ms)
        self._stream.push(pose.t_ms, people, wanted)
        if not wanted:
            return
        self._arrived_s[pose.t_ms] = time.perf_counter()
        self._answered.clear()
        self._frame_came.set()
        if not self._drops or len(self._arrived_s) > MOST_WAITING:
            await self._settled()

    def _check_time(self, t_ms: float) -> None:
        if not abs(t_ms) <= LATEST_MS:
            raise Refusal(
                "bad-time", f"t_ms is a time in milliseconds, within ±{LATEST_MS:.0f}; got {t_ms:g}"
            )
        newest_ms = self._stream.newest_ms
        if newest_ms is not None and t_ms < newest_ms + CLOSEST_MS:
            raise Refusal(
                "time-back",
                f"time goes forward by at least {CLOSEST_MS:g} ms a frame: t_ms {t_ms:.15g} came "
                f"after {newest_ms:.15g}",
            )

    async def _settled(self) -> None:
        """Waits until no window is due and none is being run."""
        await self._answered.wait()

    async def _answer_frames(self) -> None:
        try:
            while True:
                if not self._frame_came.is_set():
                    self._answered.set()
                await self._frame_came.wait()
                self._frame_came.clear()
                await self._answer(self._stream.due(drop_superseded=self._drops))
        finally:
            self._answered.set()

    async def _answer(self, due: DueWindows | None) -> None:
        if due is None:
            return
        begun_s = time.perf_counter()
        logits = await self._engine.run(due.clips) if len(due.clips) else np.empty(0, np.float32)
        infer_s = time.perf_counter() - begun_s
        for answer in self._stream.answers(due, logits):
            queue_s = begun_s - self._arrived_s.get(answer.time_ms, begun_s)
            timing = Timing(round(queue_s * 1e3, 3), round(infer_s * 1e3, 3))
            await self._socket.send(actions(answer, timing, self._stream.dropped))
            await self._tell_events(answer)
        last_ms = due.frames[-1].time_ms if due.frames else -np.inf
        self._arrived_s = {t: at for t, at in self._arrived_s.items() if t > last_ms}

    async def _tell_events(self, answer: FrameAnswer) -> None:
        for person, decision in answer.people:
            segments = self._segments.setdefault(person, Segments(person))
            for event in segments.step(answer.time_ms, decision):
                await self._socket.send(event)
        ended = [
            person
            for person, segments in self._segments.items()
            if answer.time_ms - segments.seen_ms > PERSON_ENDS_MS
        ]
        for person in ended:
            for event in self._segments.pop(person).close():
                await self._socket.send(event)


def actions(answer: FrameAnswer, timing: Timing, dropped: int) -> Actions:
    """Returns an answer as its message."""
    people = tuple(
        PersonAction(person, said.label, round(said.score, 6), said.top, said.known)
        for person, said in answer.people
    )
    return Actions(answer.time_ms, people, timing, dropped)

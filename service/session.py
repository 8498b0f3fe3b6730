"""A session: one client's conversation, from hello to goodbye.

It reads as its lifecycle: greet, then read frames and answer them side by side, then answer what
is left. Which frame a label speaks of is `model.pose.stream`'s; what keypoints mean is
`service.people`'s.
"""

import asyncio
import contextlib
import logging
import secrets
import time
from dataclasses import replace

import numpy as np

from model.pose.artifact import ArtifactSpec
from model.pose.layout import LAYOUTS, LayoutError, layout_named
from model.pose.stream import PERSON_ENDS_MS, DueWindows, FrameAnswer, LabelStream
from service.engine import Engine
from service.pacing import RateLimit
from service.people import PeopleReader
from service.protocol import (
    FAILED,
    PROTOCOL,
    VERSION,
    Actions,
    Bye,
    Hello,
    Limits,
    Model,
    PersonAction,
    Pose,
    Refusal,
    Timing,
    Welcome,
)
from service.segments import Segments
from service.settings import Settings
from service.socket import ClientSocket, Gone

log = logging.getLogger("posewire.session")


class Session:
    """One client.

    Args:
        socket: its socket, accepted.
        engine: the model that answers it.
        settings: limits.
    """

    def __init__(self, socket: ClientSocket, engine: Engine, settings: Settings) -> None:
        self.id = secrets.token_hex(8)
        self._socket = socket
        self._engine = engine
        self._settings = settings

    async def run(self) -> None:
        """Leads the conversation to its end; nothing that a client does raises."""
        try:
            hello = await self._greet()
            conversation = Conversation(self._socket, self._engine, self._settings, hello)
            await conversation.run()
            await self._socket.close(1000)
        except Gone:
            pass
        except Refusal as refusal:
            with contextlib.suppress(Gone):
                await self._socket.refuse(refusal)
        except Exception:
            log.exception("session %s failed", self.id)
            failure = Refusal("internal", "the server failed to answer; connect again", FAILED)
            with contextlib.suppress(Gone):
                await self._socket.refuse(failure)

    async def _greet(self) -> Hello:
        try:
            hello = await self._socket.receive(self._settings.hello_s, "a client says hello")
        except Refusal as refusal:
            # Before a hello there is nothing to go on with.
            raise Refusal(refusal.code, str(refusal), refusal.close or PROTOCOL) from None
        if not isinstance(hello, Hello):
            kind = type(hello).__name__.lower()
            raise Refusal("no-hello", f"the first message is a hello, got a {kind}", PROTOCOL)
        check_hello(hello, self._engine.spec)
        await self._socket.send(welcome(self.id, self._engine.spec, hello, self._settings))
        return hello


class Conversation:
    """What follows the welcome: frames in, answers out, side by side.

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
            people = self._reader.read(pose)
        except Refusal as refusal:
            await self._socket.refuse(refusal)
            return
        wanted = self._pacing is None or self._pacing.admits(pose.t_ms)
        if not self._stream.push(pose.t_ms, people, wanted):
            newest_ms = self._stream.newest_ms
            message = f"time goes forward: t_ms {pose.t_ms:.10g} came after {newest_ms:.10g}"
            await self._socket.refuse(Refusal("time-back", message))
            return
        if not wanted:
            return
        self._arrived_s[pose.t_ms] = time.perf_counter()
        self._answered.clear()
        self._frame_came.set()
        if not self._drops:
            await self._settled()

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


def check_hello(hello: Hello, spec: ArtifactSpec) -> None:
    """Refuses a hello that this model cannot serve.

    Raises:
        Refusal: the version, layout, coordinates, size or an option does not fit.
    """
    options = hello.options
    if hello.version != VERSION:
        raise _refused("version", f"this server speaks version {VERSION}, not {hello.version}")
    if hello.layout not in LAYOUTS:
        try:
            layout_named(hello.layout)
        except LayoutError as error:
            raise _refused("layout", str(error)) from None
    metric = hello.coordinates == "metres"
    if metric != (spec.dimensions == 3):
        needed = "metres" if spec.dimensions == 3 else "pixels or normalised"
        raise _refused(
            "coordinates", f"the model {spec.name} reads {needed}, not {hello.coordinates}"
        )
    if not metric and (hello.size is None or not min(hello.size) > 0):
        raise _refused(
            "size", f"{hello.coordinates} need the picture's size [width, height] above 0"
        )
    if not 1 <= options.top_k <= 100:
        raise _refused("top-k", f"top_k is from 1 to 100, got {options.top_k}")
    if options.rate_limit_hz is not None and not options.rate_limit_hz > 0:
        raise _refused("rate", f"rate_limit_hz is above 0, got {options.rate_limit_hz:g}")
    longest_ms = spec.window.span_ms
    if options.lookahead_ms is not None and not 0 <= options.lookahead_ms <= longest_ms:
        raise _refused(
            "lookahead",
            f"lookahead_ms is from 0 to {longest_ms:g}, got {options.lookahead_ms:g}",
        )


def with_lookahead(spec: ArtifactSpec, lookahead_ms: float | None) -> ArtifactSpec:
    """Returns the specification with the look-ahead that a client asked for."""
    if lookahead_ms is None:
        return spec
    return replace(spec, lookahead_frames=round(lookahead_ms / spec.window.step_ms))


def pacing(hello: Hello, settings: Settings) -> RateLimit | None:
    """Returns what thins a client's frames; None where every frame is to be answered."""
    asked_hz = hello.options.rate_limit_hz
    if hello.options.drop == "never":
        return None if asked_hz is None else RateLimit(asked_hz)
    return RateLimit(min(asked_hz or settings.rate_hz, settings.rate_hz))


def welcome(session: str, spec: ArtifactSpec, hello: Hello, settings: Settings) -> Welcome:
    """Returns the answer to a hello that was accepted."""
    window = with_lookahead(spec, hello.options.lookahead_ms).window
    model = Model(
        name=spec.name,
        version=spec.version,
        labels=spec.labels,
        layout=spec.layout,
        frames=spec.frames,
        rate_hz=spec.rate_hz,
        hop_ms=window.hop_ms,
        lookahead_ms=window.lookahead_ms,
        persons=spec.persons,
    )
    limits = Limits(settings.message_bytes, settings.people, settings.rate_hz, settings.idle_s)
    return Welcome(session, model, limits)


def actions(answer: FrameAnswer, timing: Timing, dropped: int) -> Actions:
    """Returns an answer as its message."""
    people = tuple(
        PersonAction(person, said.label, round(said.score, 6), said.top, said.known)
        for person, said in answer.people
    )
    return Actions(answer.time_ms, people, timing, dropped)


def _refused(code: str, message: str) -> Refusal:
    return Refusal(code, message, PROTOCOL)

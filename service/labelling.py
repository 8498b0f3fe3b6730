"""The labelling: all that one session knows, frames in, answers and events out.

It does no I/O, reads no clock and runs no network: a conversation feeds it from a socket, a whole
recording from a file, and both say the same because it is the same. Its state can be taken and
restored, so that a session goes on after its socket was lost.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec
import numpy as np

from model.pose.artifact import ArtifactSpec
from model.pose.artifact_session import Outputs
from model.pose.hysteresis import HysteresisState
from model.pose.layout import layout_named
from model.pose.stream import PERSON_ENDS_MS, DueWindows, FrameAnswer, Keypoints, LabelStream
from model.pose.stream_state import StreamState
from model.pose.window import MAX_GAP_MS
from service.client_clock import ClientClock, ClockState
from service.hello import pacing, with_lookahead
from service.pacing import RateLimit
from service.protocol import Event, Hello, Notice, PersonAction
from service.segments import Segments
from service.settings import Settings
from service.teaching import Teaching

Said = FrameAnswer | Event
"""What is to be told, in order."""


class ChapterState(msgspec.Struct, frozen=True):
    """What the answers and events to come of one chapter depend on."""

    stream: StreamState
    segments: tuple[tuple[int, HysteresisState], ...]
    next_ms: float | None


class LabellingState(msgspec.Struct, frozen=True):
    """What all answers and events to come depend on, but for what was taught."""

    chapters: tuple[ChapterState, ...]
    clock: ClockState


@dataclass(eq=False)
class _Chapter:
    """A stream between two settings of the client's clock."""

    stream: LabelStream
    pacing: RateLimit | None
    segments: dict[int, Segments] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """Windows to be run.

    Attributes:
        windows: those that are due; its clips may be none, and it is None where nothing waits.
        chapter: to which they belong.
        last: whether that chapter ends with them.
    """

    windows: DueWindows | None
    chapter: _Chapter
    last: bool

    @property
    def clips(self) -> Keypoints:
        """(N, 3, T, V, M) for the network; N may be 0."""
        return np.empty(0, np.float32) if self.windows is None else self.windows.clips


class Labelling:
    """One session's frames and what is said of them.

    Args:
        hello: what the client declared, checked.
        spec: the model.
        settings: the most answers a second.
        teaching: what was taught.
    """

    def __init__(
        self, hello: Hello, spec: ArtifactSpec, settings: Settings, teaching: Teaching
    ) -> None:
        self._hello = hello
        self._spec = with_lookahead(spec, hello.options.lookahead_ms)
        self._settings = settings
        self._clock = ClientClock()
        self._drops = hello.options.drop == "oldest"
        # Who is answered seldom is not away between two answers.
        self._gap_ms = max(MAX_GAP_MS, 2000 / (hello.options.rate_limit_hz or math.inf))
        self._chapters = [self._chapter()]
        self.teaching = teaching

    @property
    def newest_ms(self) -> float | None:
        """The time of the newest frame that was taken in, or None before the first."""
        return self._clock.newest_ms

    @property
    def dropped(self) -> int:
        """Frames that newer ones superseded before they were answered."""
        return self._chapters[-1].stream.dropped

    @property
    def has_due(self) -> bool:
        """Whether `due` would return something."""
        return len(self._chapters) > 1 or self._chapters[0].stream.has_due

    def check(self, t_ms: float) -> Notice | None:
        """Looks at the time of a frame, before its people are read.

        Returns:
            What the client is to be told where its clock was set back. Its people are then new: a
            reader or tracker of people begins anew too.

        Raises:
            Refusal: it is no time, or not after the newest.
        """
        return self._clock.check(t_ms)

    def push(self, t_ms: float, people: Mapping[int, Keypoints]) -> bool:
        """Takes a frame in that was checked.

        Args:
            t_ms: its time.
            people: id → (V, 4) keypoints in the layout of the hello.

        Returns:
            Whether it will be answered.
        """
        newest_ms = self._clock.newest_ms
        if newest_ms is not None and t_ms < newest_ms:
            dropped = self.dropped
            self._chapters.append(self._chapter())
            self._chapters[-1].stream.dropped = dropped
        self._clock.take(t_ms)
        chapter = self._chapters[-1]
        wanted = chapter.pacing is None or chapter.pacing.admits(t_ms)
        chapter.stream.push(t_ms, people, wanted)
        return wanted

    def lose(self, frames: int) -> None:
        """Counts frames as dropped that newer ones superseded before they were pushed."""
        self._chapters[-1].stream.dropped += frames

    def due(self) -> Run | None:
        """Returns what is to be run now, or None; to be asked again after each."""
        if len(self._chapters) > 1:
            ended = self._chapters.pop(0)
            return Run(ended.stream.finish(), ended, last=True)
        chapter = self._chapters[0]
        windows = chapter.stream.due(drop_superseded=self._drops)
        return None if windows is None else Run(windows, chapter, last=False)

    def finish(self) -> Run:
        """Returns the last run: that of all frames still waiting. Nothing may be due any more."""
        (chapter,) = self._chapters
        return Run(chapter.stream.finish(), chapter, last=True)

    def said(self, run: Run, outputs: Outputs | None) -> list[Said]:
        """Returns the answers and events that a run makes certain, in the order to be told.

        Args:
            run: from `due` or `finish`; runs are given back in the order in which they were due.
            outputs: what the network gave for its clips; None where there are none.
        """
        said: list[Said] = []
        for answer in self._answers(run, outputs):
            said.append(answer)
            said += self._events(run.chapter, answer)
        if run.last:
            for segments in run.chapter.segments.values():
                said += segments.close()
        if not self._hello.options.events:
            return [each for each in said if isinstance(each, FrameAnswer)]
        return said

    def state(self) -> LabellingState:
        """Returns what the answers to come depend on; a run that was taken out is not in it."""
        chapters = tuple(
            ChapterState(
                chapter.stream.state(),
                tuple((person, each.state()) for person, each in chapter.segments.items()),
                None if chapter.pacing is None else chapter.pacing.next_ms,
            )
            for chapter in self._chapters
        )
        return LabellingState(chapters, self._clock.state())

    def restore(self, state: LabellingState) -> None:
        """Goes on from the state of a session with the same hello and model.

        Raises:
            ValueError: the state is not of such a session.
        """
        self._chapters = [self._restored(chapter) for chapter in state.chapters]
        if not self._chapters:
            raise ValueError("the state holds no stream")
        self._clock.restore(state.clock)

    def _chapter(self, next_ms: float | None = None) -> _Chapter:
        options = self._hello.options
        stream = LabelStream(
            self._spec,
            layout_named(self._hello.layout),
            self._hello.size,
            options.top_k,
            options.hop_ms,
        )
        return _Chapter(stream, pacing(self._hello, self._settings, next_ms))

    def _restored(self, state: ChapterState) -> _Chapter:
        chapter = self._chapter(state.next_ms)
        chapter.stream.restore(state.stream)
        for person, segments in state.segments:
            chapter.segments[person] = self._segments(person)
            chapter.segments[person].restore(segments)
        return chapter

    def _answers(self, run: Run, outputs: Outputs | None) -> list[FrameAnswer]:
        stream, windows = run.chapter.stream, run.windows
        if windows is None:
            return []
        if outputs is None:
            return stream.answers(windows, np.empty(0, np.float32))
        answers = {
            each.time_ms: dict(each.people) for each in stream.answers(windows, outputs.logits)
        }
        for place in stream.places(windows):
            people = answers[place.time_ms]
            feature = outputs.features[place.row, place.position]
            people[place.person] = self.teaching.decision(place, feature, people[place.person])
        return [FrameAnswer(time_ms, tuple(said.items())) for time_ms, said in answers.items()]

    def _segments(self, person: int) -> Segments:
        return Segments(person, self._spec.calibration, self._gap_ms)

    def _events(self, chapter: _Chapter, answer: FrameAnswer) -> list[Event]:
        events: list[Event] = []
        for person, decision in answer.people:
            segments = chapter.segments.setdefault(person, self._segments(person))
            events += segments.step(answer.time_ms, decision)
        ended = [
            person
            for person, segments in chapter.segments.items()
            if answer.time_ms - segments.seen_ms > PERSON_ENDS_MS
        ]
        for person in ended:
            events += chapter.segments.pop(person).close()
        return events


def person_actions(answer: FrameAnswer) -> tuple[PersonAction, ...]:
    """Returns what is said of a frame's people as the wire says it."""
    return tuple(
        PersonAction(person, said.label, round(said.score, 6), said.top, said.known)
        for person, said in answer.people
    )

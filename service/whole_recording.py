"""A whole recording: labels of every frame and segments, the same as streaming it gives.

It is read and labelled as a session with `drop: never` would be, by the same code. Windows are run
a few at a time, so that live streams get their turns between them.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

import msgspec
import numpy as np
from numpy.typing import NDArray

from model.pose.artifact import ArtifactSpec
from model.pose.artifact_session import Outputs
from model.pose.layout import layout_named
from model.pose.stream import FrameAnswer
from service.hello import check_hello
from service.labelling import Labelling, Run, Said, person_actions
from service.people import PeopleReader
from service.protocol import Event, PersonAction, Pose, Refusal
from service.recording_body import CONTRADICTORY, BadRecording, PostedRecording
from service.settings import Settings
from service.teaching import Teaching

TOGETHER = 16
"""Windows that are run together: what a live stream may have to wait for."""

AT_ONCE = 32
"""People who are read before others have their turn, where nobody counts as one; and runs that wait
before they are answered, though they may hold no window."""

RunClips = Callable[[NDArray[np.float32]], Awaitable[Outputs]]
"""Runs clips (N, 3, T, V, M), N at least 1."""


class LabelledFrame(msgspec.Struct, frozen=True):
    """What is said of one frame."""

    t_ms: float
    people: tuple[PersonAction, ...]


class LabelledSegment(msgspec.Struct, frozen=True):
    """An action from its first frame to its last, with the mean of its score."""

    person: int
    label: str
    from_ms: float
    to_ms: float
    score: float


class LabelledRecording(msgspec.Struct, frozen=True):
    """The answer to a recording.

    Attributes:
        model: the name and version of what answered.
        labels: the model's own, and those that were taught.
        frames: one for each of the recording's, in order.
        segments: in the order in which they ended.
    """

    model: str
    labels: tuple[str, ...]
    frames: tuple[LabelledFrame, ...]
    segments: tuple[LabelledSegment, ...]


async def label_recording(
    posted: PostedRecording,
    spec: ArtifactSpec,
    run_clips: RunClips,
    settings: Settings,
    teaching: Teaching | None = None,
) -> LabelledRecording:
    """Labels a recording.

    Args:
        posted: hello and frames; `drop` is never, whatever it says.
        spec: the model.
        run_clips: runs the model.
        settings: limits.
        teaching: what was taught; None for nothing.

    Raises:
        BadRecording: the model cannot read it, or a frame is wrong; the sentence says which.
    """
    options = msgspec.structs.replace(posted.hello.options, drop="never", events=True)
    hello = msgspec.structs.replace(posted.hello, options=options)
    try:
        check_hello(hello, spec, "a posted recording holds keypoints, not images")
    except Refusal as refusal:
        raise BadRecording(str(refusal), CONTRADICTORY) from None
    taught = teaching or Teaching(spec, settings.taught_actions)
    reader = PeopleReader(hello, layout_named(hello.layout), settings.people, spec.dimensions)
    labelling = Labelling(hello, spec, settings, taught)
    said = await _said(posted.poses, reader, labelling, run_clips, settings)
    # Of hours it takes a second, for which no stream should wait.
    frames, segments = await asyncio.to_thread(_told, said)
    return LabelledRecording(
        f"{spec.name} {spec.version}", (*spec.labels, *taught.actions), frames, segments
    )


async def _said(
    poses: Iterable[Pose],
    reader: PeopleReader,
    labelling: Labelling,
    run_clips: RunClips,
    settings: Settings,
) -> list[Said]:
    said: list[Said] = []
    waiting: list[Run] = []
    windows = read = 0
    for number, pose in enumerate(poses):
        try:
            if labelling.check(pose.t_ms):
                raise Refusal("time-back", "the times of a recording go forward")
            labelling.push(pose.t_ms, reader.read(pose))
        except Refusal as refusal:
            raise BadRecording(f"frame {number}: {refusal}", CONTRADICTORY) from None
        read += max(len(pose.people), 1)
        if run := labelling.due():
            waiting.append(run)
            windows += len(run.clips)
        if windows >= TOGETHER or len(waiting) >= AT_ONCE:
            said += await _answered(labelling, waiting, run_clips)
            waiting, windows = [], 0
        if read >= AT_ONCE:
            read = 0
            await asyncio.sleep(0)
    waiting.append(labelling.finish())
    return said + await _answered(labelling, waiting, run_clips)


async def _answered(labelling: Labelling, runs: list[Run], run_clips: RunClips) -> list[Said]:
    """What runs say, in order; their clips are run together."""
    clips = [run.clips for run in runs if len(run.clips)]
    outputs = await run_clips(np.concatenate(clips)) if clips else None
    said: list[Said] = []
    row = 0
    for run in runs:
        rows = slice(row, row + len(run.clips))
        row = rows.stop
        part = outputs and Outputs(outputs.logits[rows], outputs.features[rows])
        said += labelling.said(run, part)
    return said


def _told(said: list[Said]) -> tuple[tuple[LabelledFrame, ...], tuple[LabelledSegment, ...]]:
    """What was said as it is answered: of every frame, and the segments."""
    answers = [each for each in said if isinstance(each, FrameAnswer)]
    frames = tuple(LabelledFrame(each.time_ms, person_actions(each)) for each in answers)
    return frames, _segments([each for each in said if isinstance(each, Event)])


def _segments(events: list[Event]) -> tuple[LabelledSegment, ...]:
    began_ms: dict[int, float] = {}
    segments = []
    for event in events:
        if event.event == "start":
            began_ms[event.person] = event.t_ms
        else:
            first_ms = began_ms.pop(event.person)
            segments.append(
                LabelledSegment(event.person, event.label, first_ms, event.t_ms, event.score)
            )
    return tuple(segments)

"""Reads recordings of picture keypoints, as `python -m service poses` and the wire write them.

One person of a recording, the one who is seen in most frames. It knows the text of the messages
and no estimator.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from model.pose.layout import Layout, LayoutError, layout_named

Message = TypeVar("Message")


class PictureRecordingError(ValueError):
    """A recording cannot be read; the message names the file, the line and what was expected."""


class _Hello(msgspec.Struct, frozen=True, tag="hello"):
    layout: str
    coordinates: Literal["pixels"]
    size: tuple[int, int]


class _Person(msgspec.Struct, frozen=True):
    keypoints: list[tuple[float, float, float]]
    id: int = 0


class _Pose(msgspec.Struct, frozen=True, tag="pose"):
    t_ms: float
    people: list[_Person]


class _Bye(msgspec.Struct, frozen=True, tag="bye"):
    pass


@dataclass(frozen=True, eq=False)
class PictureRecording:
    """One person's keypoints in a picture.

    Attributes:
        name: The file's, without its ending.
        layout: Of the V joints.
        size: Width and height in pixels.
        times_ms: ``(F,)`` strictly increasing.
        keypoints: ``(F, V, 4)`` rows x, y, 0 in pixels and score; all zeros where nobody is seen.
    """

    name: str
    layout: Layout
    size: tuple[int, int]
    times_ms: NDArray[np.float64]
    keypoints: NDArray[np.float32]


def read_picture_recordings(directory: Path) -> list[PictureRecording]:
    """Reads all ``*.jsonl`` of a directory, in the order of their names.

    Raises:
        PictureRecordingError: There is none, or one cannot be read.
    """
    paths = sorted(directory.glob("*.jsonl"))
    if not paths:
        raise PictureRecordingError(f"{directory}: expected recordings (*.jsonl), there are none")
    return [read_picture_recording(path) for path in paths]


def read_picture_recording(path: Path) -> PictureRecording:
    """Reads one recording.

    Raises:
        PictureRecordingError: It cannot be read, does not begin with a hello in pixels, or a line
            is no pose of its layout or goes back in time.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise PictureRecordingError(f"{path}: cannot be read: {error.strerror}") from None
    if len(lines) < 2:
        raise PictureRecordingError(f"{path}: expected a hello and then poses, it is empty")
    hello = _decoded(lines[0], msgspec.json.Decoder(_Hello), f"{path}, line 1")
    try:
        layout = layout_named(hello.layout)
    except LayoutError as error:
        raise PictureRecordingError(f"{path}, line 1: {error}") from None
    poses = _poses(path, lines, len(layout.joints))
    counted = Counter(person.id for pose in poses for person in pose.people)
    main = counted.most_common(1)[0][0] if counted else 0
    keypoints = np.zeros((len(poses), len(layout.joints), 4), np.float32)
    for frame, pose in enumerate(poses):
        for person in pose.people:
            if person.id == main:
                keypoints[frame][:, [0, 1, 3]] = person.keypoints
    times_ms = np.array([pose.t_ms for pose in poses])
    return PictureRecording(path.stem, layout, hello.size, times_ms, keypoints)


def _poses(path: Path, lines: list[bytes], joints: int) -> list[_Pose]:
    """The poses of a recording's lines after the first, to the end or to a bye."""
    decoder = msgspec.json.Decoder(_Pose | _Bye)
    poses: list[_Pose] = []
    for number, line in enumerate(lines[1:], start=2):
        where = f"{path}, line {number}"
        message = _decoded(line, decoder, where)
        if isinstance(message, _Bye):
            break
        for person in message.people:
            if len(person.keypoints) != joints:
                raise PictureRecordingError(
                    f"{where}: expected {joints} keypoints, got {len(person.keypoints)}"
                )
        if poses and message.t_ms <= poses[-1].t_ms:
            raise PictureRecordingError(
                f"{where}: expected a time after {poses[-1].t_ms:g} ms, got {message.t_ms:g} ms"
            )
        poses.append(message)
    return poses


def _decoded(line: bytes, decoder: msgspec.json.Decoder[Message], where: str) -> Message:
    try:
        return decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PictureRecordingError(f"{where}: {error}") from None

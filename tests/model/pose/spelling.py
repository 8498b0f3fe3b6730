"""A model that spells: its answers say which row and which position of a window they are from."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from model.pose.artifact import ArtifactSpec, Provenance
from model.pose.layout import LAYOUTS
from model.pose.stream import DueWindows, FrameAnswer, LabelStream

KINECT = LAYOUTS["kinect20"]
STEP_MS = 1000 / 30
ROWS = 12
"""More than any run of these tests has."""

Keypoints = NDArray[np.float32]


def spelling_spec(
    hop: int = 1,
    lookahead: int = 0,
    persons: int = 1,
    frames: int = 24,
    task: Literal["frames", "clip"] = "frames",
) -> ArtifactSpec:
    """A model whose labels are ``row:position``."""
    return ArtifactSpec(
        name="spelling",
        version="1",
        task=task,
        layout="kinect20",
        joints=KINECT.joints,
        persons=persons,
        frames=frames,
        rate_hz=30.0,
        hop_frames=hop,
        lookahead_frames=lookahead,
        labels=tuple(f"{row}:{place}" for row in range(ROWS) for place in range(frames)),
        normalisation="none",
        provenance=Provenance("none", "none", "none"),
    )


def spelled(due: DueWindows, spec: ArtifactSpec) -> NDArray[np.float32]:
    """Logits that say of every row and position where they stand."""
    rows = len(due.clips)
    logits = np.zeros((rows, spec.frames, len(spec.labels)), np.float32)
    for row in range(rows):
        for place in range(spec.frames):
            logits[row, place, row * spec.frames + place] = 9
    return logits if spec.task == "frames" else logits[:, -1]


def pose_of(seed: int) -> Keypoints:
    pose = np.random.default_rng(seed).normal(size=(20, 4)).astype(np.float32)
    pose[:, 3] = 1
    return pose


def labels_of(answers: list[FrameAnswer], person: int = 0) -> list[str]:
    """What was said of a person, frame by frame."""
    return [dict(answer.people)[person].label for answer in answers]


def play(
    stream: LabelStream,
    spec: ArtifactSpec,
    frames: Sequence[tuple[float, dict[int, Keypoints]]],
    finish: bool = True,
) -> list[FrameAnswer]:
    """Pushes frames, running what is due after each of them."""
    answers = []
    for time_ms, people in frames:
        assert stream.push(time_ms, people)
        if due := stream.due():
            answers += stream.answers(due, spelled(due, spec))
    if finish and (due := stream.finish()):
        answers += stream.answers(due, spelled(due, spec))
    return answers

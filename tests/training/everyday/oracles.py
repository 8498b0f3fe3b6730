"""Models that need no training: one that reads the truth from scores, one that says one thing.

A recording of theirs carries each frame's class in the score of every joint.
"""

import numpy as np
from numpy.typing import NDArray

from model.pose.artifact import ArtifactSpec, Calibration, Provenance
from model.pose.layout import layout_named
from model.pose.store import PoseClip
from tests.training.everyday.bodies import STANDING
from training.labellers import Labeller

LABELS = ("background", "wave", "walk", "punch")
STEP_MS = 50.0
_BODY13 = layout_named("body13")
_SURE = 20.0


def spec(
    labels: tuple[str, ...] = LABELS, hop_frames: int = 1, unknown_threshold: float = 0.0
) -> ArtifactSpec:
    """An everyday model's, at 20 Hz, so that times are whole numbers."""
    return ArtifactSpec(
        *("made-up", "0", "frames", "body13", _BODY13.joints, 1, 32, 1000 / STEP_MS, hop_frames, 0),
        labels=labels,
        normalisation="body-2d",
        provenance=Provenance("none", "none", "0"),
        calibration=Calibration(unknown_threshold=unknown_threshold),
    )


def recording(*runs: tuple[int, int], name: str = "made/up", said: int | None = None) -> PoseClip:
    """Frames that show a class each: so many of one, then so many of the next.

    Args:
        runs: Class and number of frames.
        name: Of the recording.
        said: The class that the oracle reads instead, in every frame.
    """
    truth = np.concatenate([np.full(frames, label, np.int16) for label, frames in runs])
    rows = np.zeros((len(truth), 1, 13, 4), np.float32)
    rows[:, 0, :, :2] = [320, 400] + STANDING[:, :2] * [200, -200]
    shown = truth if said is None else np.full_like(truth, said)
    rows[..., 3] = ((1 + np.maximum(shown, 0)) / 100)[:, None, None]
    times_ms = np.arange(len(truth), dtype=np.float64) * STEP_MS
    return PoseClip(name, rows, times_ms, subject=1, frame_labels=truth, size=(640, 480))


def oracle(labels: tuple[str, ...] = LABELS, hop_frames: int = 1) -> Labeller:
    """Says what the scores of a recording carry."""

    def predict(clips: NDArray[np.float32]) -> NDArray[np.float32]:
        carried = np.rint(clips[:, 2, :, 0, 0] * 100).astype(np.int64) - 1
        return _sure_of(carried.clip(0), len(labels))

    return Labeller(spec(labels, hop_frames), predict)


def always(label: int, labels: tuple[str, ...] = LABELS) -> Labeller:
    """Says one class whatever comes."""

    def predict(clips: NDArray[np.float32]) -> NDArray[np.float32]:
        return _sure_of(np.full((len(clips), clips.shape[2]), label), len(labels))

    return Labeller(spec(labels), predict)


def _sure_of(classes: NDArray[np.int64], count: int) -> NDArray[np.float32]:
    return (_SURE * np.eye(count)[classes]).astype(np.float32)

"""Hearing: streams through a webcam and an estimator, and what a model says of every frame.

The same code labels as serves. It knows no measure.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from model.pose.artifact import ArtifactError
from model.pose.layout import layout_named
from model.pose.mapping import layout_mapping
from model.pose.metrics import BACKGROUND
from model.pose.store import LEFT_OUT, PoseClip, StoreError
from training.dense_evaluation import probabilities
from training.everyday.delays import Told, told_actions
from training.everyday.sensor import Sensor
from training.everyday.sources import LAYOUT
from training.everyday.vocabulary import Vocabulary
from training.labellers import Labeller
from training.online import OnlineRecording, in_batches

PICTURE_LAYOUT = layout_named("body13")
SENSOR_SEED = 1
"""Of cameras, clocks and errors, so that every model sees the same."""
UNKNOWN = -2
"""The label of frames that show an action kept from training, where these are told apart."""

_TO_PICTURE = layout_mapping(LAYOUT, PICTURE_LAYOUT)


@dataclass(frozen=True, eq=False)
class Heard:
    """What a model said of one recording.

    Attributes:
        name: Of the recording; its first word is the data set.
        times_ms: ``(T,)``.
        truth: ``(T,)`` classes, or ``LEFT_OUT``, or ``UNKNOWN``.
        classes: ``(T,)`` the class that was said; background where nothing known was.
        probabilities: ``(T, K)`` calibrated.
        warm: ``(T,)`` where anything was said at all.
        known: ``(T,)`` where it was taken for known.
        told: The actions that the service would have told.
    """

    name: str
    times_ms: NDArray[np.float64]
    truth: NDArray[np.int16]
    classes: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    warm: NDArray[np.bool_]
    known: NDArray[np.bool_]
    told: tuple[Told, ...]

    @property
    def source(self) -> str:
        """Name of the data set."""
        return self.name.partition("/")[0]


def check_labels(labeller: Labeller, vocabulary: Vocabulary) -> None:
    """Refuses a model that says other classes than the vocabulary has.

    Raises:
        ArtifactError: It does.
    """
    if labeller.spec.labels != vocabulary.labels:
        raise ArtifactError(
            f"{labeller.spec.name}: expected the {len(vocabulary.labels)} classes of "
            f"{vocabulary.path.name}, got {', '.join(labeller.spec.labels)}"
        )


def pictures(
    streams: Iterable[PoseClip], sensor: Sensor, vocabulary: Vocabulary, cameras: int = 1
) -> Iterator[PoseClip]:
    """Recordings in space as an estimator gives them, in `PICTURE_LAYOUT` and pixels.

    Frames that show an action kept from training are labelled ``UNKNOWN``.

    Args:
        streams: In `sources.LAYOUT`, with labels by frame.
        sensor: What sees them; each stream by another camera.
        vocabulary: Of the labels: those of a mirrored picture are its mirror's.
        cameras: How many see each stream.

    Raises:
        StoreError: A stream has no labels by frame.
    """
    for number, stream in enumerate(streams):
        rows = _TO_PICTURE(np.asarray(stream.keypoints[:, 0], np.float32))
        truth = _with_unknown(stream, len(vocabulary.labels))
        for camera in range(cameras):
            generator = np.random.default_rng([SENSOR_SEED, number, camera])
            seen = sensor.see(stream.times_ms, rows, generator)
            yield replace(
                stream,
                name=f"{stream.name}/{camera}",
                keypoints=seen.keypoints[:, None],
                times_ms=seen.times_ms,
                frame_labels=mirrored_if(seen.mirrored, truth[seen.frames], vocabulary),
                frame_numbers=None,
                size=seen.size,
                segments=(),
            )


def mirrored_if(
    mirrored: bool, truth: NDArray[np.int16], vocabulary: Vocabulary
) -> NDArray[np.int16]:
    """The labels ``(T,)`` that a picture shows; those that are no class stay."""
    mirror = np.array(vocabulary.mirror, np.int16)
    return np.where(truth >= 0, mirror[truth], truth) if mirrored else truth


def hear(clip: PoseClip, layout: str, labeller: Labeller) -> Heard:
    """Lets a model label a recording as it would be served.

    Args:
        clip: With labels by frame.
        layout: Name of the layout of its joints.
        labeller: The model.
    """
    recording = OnlineRecording(clip, layout, labeller.spec)
    labels = recording.answers(in_batches(labeller.predict, recording.clips))
    names = labeller.spec.labels
    known = np.array([label.known for label in labels])
    # The service takes no step for somebody who is not in a frame.
    there = np.flatnonzero(np.asarray(clip.keypoints)[..., 3].any(axis=(1, 2)))
    told = told_actions(
        [labels[frame] for frame in there],
        recording.answered_ms[there].tolist(),
        names,
        labeller.spec.calibration,
    )
    return Heard(
        name=clip.name,
        times_ms=clip.times_ms,
        truth=recording.truth,
        classes=np.where(known, recording.classes(labels), BACKGROUND),
        probabilities=probabilities(labels, names).astype(np.float32),
        warm=np.array([bool(label.top) for label in labels]),
        known=known,
        told=told,
    )


def _with_unknown(stream: PoseClip, unknown: int) -> NDArray[np.int16]:
    """The labels of a stream ``(F,)``; its segments say which frames show what is unknown."""
    if stream.frame_labels is None:
        raise StoreError(f"{stream.name}: expected a label for each frame, got none")
    truth = stream.frame_labels.copy()
    for segment in stream.segments:
        if segment.label == unknown:
            span = truth[segment.start : segment.stop]
            span[span == LEFT_OUT] = UNKNOWN
    return truth

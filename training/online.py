"""Online evaluation: recordings run frame by frame through the code that serves.

What a recording's windows hold does not depend on what a network says, so they are all cut first
and the network reads them in batches. ``LabelStream`` says which frame a label speaks of; nothing
of that is repeated here. A network is anything that gives logits for clips.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.pose.artifact import BACKGROUND, WARMING, ArtifactSpec
from model.pose.decision import STILL_WARMING
from model.pose.layout import layout_named
from model.pose.metrics import SegmentationScores, score_recordings
from model.pose.store import PoseClip, StoreError
from model.pose.stream import DueWindows, FrameAnswer, LabelStream

Predictor = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""Clips ``(N, 3, T, V, M)`` in, logits ``(N, T, K)`` or ``(N, K)`` out."""

BATCH = 128
FIRST_PERSON = 1


@dataclass(frozen=True)
class FrameLabel:
    """What was said of one frame.

    Attributes:
        t_ms: The frame's own time.
        label: One of the model's labels, or ``warming``.
        score: Its calibrated probability.
        top: All labels with their calibrated probabilities, most probable first; empty where the
            window was still warming.
        known: Whether it is more than the best guess about something unknown.
    """

    t_ms: float
    label: str
    score: float
    top: tuple[tuple[str, float], ...] = ()
    known: bool = True


class OnlineRecording:
    """A recording that has run through a stream: its windows are cut and wait for a network.

    Attributes:
        name: Of the recording.
        truth: ``(T,)`` the class of each frame, or ``LEFT_OUT``.
        clips: ``(N, 3, T, V, M)`` all windows that were due, in order.
        answered_ms: ``(T,)`` the time of the frame at which each frame was answered.
    """

    def __init__(self, clip: PoseClip, layout: str, spec: ArtifactSpec) -> None:
        """Runs a recording.

        Args:
            clip: With ``frame_labels`` of the classes of ``spec``, and the picture's size where its
                keypoints lie in one.
            layout: Name of the layout of its joints.
            spec: The model.

        Raises:
            StoreError: Where its frames have no labels.
        """
        if clip.frame_labels is None:
            raise StoreError(f"{clip.name}: expected a label for each frame, got none")
        self.name = clip.name
        self.truth = clip.frame_labels
        self._labels = spec.labels
        self._persons = spec.persons
        self._stream = LabelStream(spec, layout_named(layout), clip.size, len(spec.labels))
        self._due = _run(clip, self._stream)
        self.clips = np.concatenate([due.clips for due in self._due])
        self.answered_ms = np.repeat(
            [due.end_ms for due in self._due], [len(due.frames) for due in self._due]
        )

    def answers(self, logits: NDArray[np.float32]) -> list[FrameLabel]:
        """What was said of each frame, in order, once a network has read ``clips``."""
        answers: list[FrameAnswer] = []
        row = 0
        for due in self._due:
            answers += self._stream.answers(due, logits[row : row + len(due.clips)])
            row += len(due.clips)
        return [_spoken(answer, self._persons) for answer in answers]

    def classes(self, labels: Sequence[FrameLabel]) -> NDArray[np.int64]:
        """The labels as classes ``(T,)``; ``warming`` is background."""
        said = (BACKGROUND if label.label == WARMING else label.label for label in labels)
        return np.array([self._labels.index(label) for label in said], dtype=np.int64)


def _spoken(answer: FrameAnswer, persons: int) -> FrameLabel:
    """What is said of a frame: of its first person, or of the two that a model takes together.

    Whoever is not in a frame is, like the newcomer, not yet spoken of. Two who are taken together
    have one label, so whichever of them is spoken of has it.
    """
    people = dict(answer.people)
    asked = people if persons > 1 else [FIRST_PERSON]
    decisions = [people.get(person, STILL_WARMING) for person in asked]
    spoken_of = [decision for decision in decisions if decision.label != WARMING]
    decision = spoken_of[0] if spoken_of else STILL_WARMING
    label, score, top = decision.label, decision.score, decision.top
    return FrameLabel(answer.time_ms, label, score, top, decision.known)


def _run(clip: PoseClip, stream: LabelStream) -> list[DueWindows]:
    runs: list[DueWindows | None] = []
    keypoints = np.asarray(clip.keypoints, np.float32)
    for time_ms, frame in zip(clip.times_ms.tolist(), keypoints, strict=True):
        # As a recording is written: whoever has no joint in a frame is not in its message.
        seen = {who: rows for who, rows in enumerate(frame, FIRST_PERSON) if rows[:, 3].any()}
        stream.push(time_ms, seen)
        runs.append(stream.due())
    runs.append(stream.finish())
    return [run for run in runs if run is not None]


@dataclass(frozen=True)
class Evaluation:
    """What was said of some recordings, and how well it agrees with the truth.

    Attributes:
        labels: Recording → what was said of each of its frames.
        truths: Recording → ``(T,)`` the class of each frame, or ``LEFT_OUT``.
        classes: Recording → ``(T,)`` the class that was said.
        scores: Over all recordings.
    """

    labels: dict[str, list[FrameLabel]]
    truths: dict[str, NDArray[np.int16]]
    classes: dict[str, NDArray[np.int64]]
    scores: SegmentationScores

    def log_probabilities(
        self, names: Sequence[str]
    ) -> tuple[NDArray[np.float64], NDArray[np.int16]]:
        """The log-probability of each class ``(N, K)``, and the truth ``(N,)``, of warm frames.

        They are logits less a constant, over the calibration's temperature.
        """
        pairs = [
            (dict(label.top), true)
            for name, labels in self.labels.items()
            for label, true in zip(labels, self.truths[name], strict=True)
            if label.top
        ]
        scores = np.array([[scores[name] for name in names] for scores, _ in pairs])
        truth = np.array([true for _, true in pairs], dtype=np.int16)
        return np.log(np.maximum(scores, np.finfo(np.float64).tiny)), truth


def evaluate(recordings: Iterable[OnlineRecording], predictor: Predictor) -> Evaluation:
    """Lets a network label recordings, one after another, and scores it.

    Raises:
        ValueError: Where no frame has a class.
    """
    labels: dict[str, list[FrameLabel]] = {}
    classes: dict[str, NDArray[np.int64]] = {}
    truths: dict[str, NDArray[np.int16]] = {}
    for recording in recordings:
        labels[recording.name] = recording.answers(in_batches(predictor, recording.clips))
        classes[recording.name] = recording.classes(labels[recording.name])
        truths[recording.name] = recording.truth
    scores = score_recordings(list(truths.values()), list(classes.values()))
    return Evaluation(labels, truths, classes, scores)


def in_batches(predictor: Predictor, clips: NDArray[np.float32]) -> NDArray[np.float32]:
    """The logits of any number of clips, from ``BATCH`` at a time."""
    parts = [predictor(clips[start : start + BATCH]) for start in range(0, len(clips), BATCH)]
    return np.concatenate(parts) if parts else np.empty((0, 0), np.float32)

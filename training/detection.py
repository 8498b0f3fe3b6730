"""Temporal action detection from frame scores: which segments are proposed, and how good they are.

Pure arithmetic on the probabilities of every frame, as USDRL does it (AAAI 2025, section 4): for
each action class the runs of frames whose probability is above 0.02 are proposals, scored by their
mean. Class 0 is background and proposes nothing. It knows no model, no time and no names.

Frames whose truth is ``LEFT_OUT`` are taken out before anything is counted, as in
``model.pose.metrics``: a run that continues across them is one segment.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from model.pose.metrics import BACKGROUND, Segment, segments
from model.pose.store import LEFT_OUT
from training.average_precision import (
    PrecisionRecall,
    Proposal,
    Recording,
    mean_over_actions,
    mean_over_recordings,
    precision_recall,
    ranking,
)

OF_A_CLASS = "precision at recall: "
"""Begins the name of a class's precision-recall curve in a result."""
PROPOSED_ABOVE = 0.02
TIOUS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


class Span(Protocol):
    """A labelled segment, whatever holds it: frames from ``start`` up to, but without, ``stop``."""

    @property
    def label(self) -> int:
        """Its class."""

    @property
    def start(self) -> int:
        """Its first frame."""

    @property
    def stop(self) -> int:
        """The frame that it ends before."""


@dataclass(frozen=True)
class DetectionScores:
    """Mean average precision over all recordings, in per cent.

    Attributes:
        by_action: tIoU → mAP_a, the mean over the classes that truly occur.
        by_recording: tIoU → mAP_v, the mean over recordings.
        recordings: Number of recordings.
        segments: Number of true segments.
        proposals: Number of proposals.
    """

    by_action: Mapping[float, float]
    by_recording: Mapping[float, float]
    recordings: int
    segments: int
    proposals: int


def proposals(
    scores: NDArray[np.floating[Any]], above: float = PROPOSED_ABOVE
) -> tuple[Proposal, ...]:
    """The runs of frames in which an action is not out of the question, class by class.

    Args:
        scores: ``(T, K)`` probability of each class in each frame; class 0 is background.
        above: A frame belongs to a run of a class where its probability is above this.
    """
    found = []
    for label in range(BACKGROUND + 1, scores.shape[1]):
        for run in segments((scores[:, label] > above).astype(np.int8)):
            mean = float(scores[run.start : run.stop, label].mean())
            found.append(Proposal(label, run.start, run.stop, mean))
    return tuple(found)


def detected(
    scores: NDArray[np.floating[Any]],
    truth: NDArray[np.integer[Any]],
    written: Sequence[Span] = (),
    above: float = PROPOSED_ABOVE,
) -> Recording:
    """What is proposed in a recording and what is true of it, without the frames left out.

    Args:
        scores: ``(T, K)`` probability of each class in each frame.
        truth: ``(T,)`` the class of each frame, or ``LEFT_OUT``.
        written: The true segments as the recording's owners wrote them, which may overlap; where
            there are none, the runs of ``truth`` are the true segments.
        above: See `proposals`.

    Raises:
        ValueError: Where scores and truth are not of the same frames.
    """
    if scores.ndim != 2 or truth.shape != scores.shape[:1]:
        raise ValueError(
            f"expected scores (T, K) and truth (T,) of one length, got {scores.shape} and "
            f"{truth.shape}"
        )
    counted = truth != LEFT_OUT
    # Frames before each place that count: where a segment lies once the others are taken out.
    place = np.concatenate([[0], np.cumsum(counted)])
    moved = (Segment(s.label, int(place[s.start]), int(place[s.stop])) for s in written)
    true = tuple(s for s in moved if s.stop > s.start and s.label != BACKGROUND)
    if not written:
        true = tuple(segments(truth[counted]))
    return Recording(proposals(scores[counted], above), true)


def score_detection(recordings: Sequence[Recording]) -> DetectionScores:
    """mAP_a and mAP_v of recordings at every tIoU of `TIOUS`.

    Raises:
        ValueError: Where no recording has a true segment.
    """
    return DetectionScores(
        by_action={tiou: mean_over_actions(recordings, tiou) for tiou in TIOUS},
        by_recording={tiou: mean_over_recordings(recordings, tiou) for tiou in TIOUS},
        recordings=len(recordings),
        segments=sum(len(recording.truth) for recording in recordings),
        proposals=sum(len(recording.proposals) for recording in recordings),
    )


def class_curves(recordings: Sequence[Recording], tiou: float) -> dict[int, PrecisionRecall]:
    """The precision-recall curve of each class that truly occurs, by class."""
    classes = sorted({truth.label for recording in recordings for truth in recording.truth})
    return {label: precision_recall(ranking(recordings, tiou, label)) for label in classes}

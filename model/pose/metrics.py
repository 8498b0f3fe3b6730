"""How well labels a frame agree with the truth: frame accuracy, macro-F1, edit score, F1@k.

The measures of temporal action segmentation, as percentages of 0 to 100, over one or several
recordings. It knows integer labels only: neither time nor what a label means.

Everywhere: frames whose truth is ``LEFT_OUT`` (-1) are taken out of truth and prediction before
anything is counted, so that a run that continues across them is one segment. ``background`` counts
in the frame accuracy and nowhere else; a score of nothing against nothing is 100.

Sources: Lea, Flynn, Vidal, Reiter, Hager: Temporal Convolutional Networks for Action Segmentation
and Detection, CVPR 2017 (edit score, F1@k, section 4.1); Abu Farha, Gall: MS-TCN: Multi-Stage
Temporal Convolutional Network for Action Segmentation, CVPR 2019 (section 4: k = 10, 25, 50).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.pose.store import LEFT_OUT

BACKGROUND = 0

Labels = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Segment:
    """A run of frames of one label: from ``start`` up to, but without, ``stop``."""

    label: int
    start: int
    stop: int


@dataclass(frozen=True)
class SegmentationScores:
    """Scores over all recordings, in per cent.

    Attributes:
        frame_accuracy: Of all frames of all recordings, background included.
        macro_f1: Mean of the classes' F1, over the frames of all recordings.
        edit: Mean of the recordings' edit scores.
        f1_10: F1@10, of the segments of all recordings counted together.
        f1_25: F1@25, likewise.
        f1_50: F1@50, likewise.
        recordings: Number of recordings.
        frames: Number of frames scored.
    """

    frame_accuracy: float
    macro_f1: float
    edit: float
    f1_10: float
    f1_25: float
    f1_50: float
    recordings: int
    frames: int


def score_recordings(
    truths: Sequence[Labels], predictions: Sequence[Labels], background: int | None = BACKGROUND
) -> SegmentationScores:
    """Scores predicted labels of several recordings.

    Args:
        truths: A recording each, ``(T,)``; -1 marks a frame that is left out.
        predictions: Likewise, of the same lengths.
        background: The label that is no action, or None where there is none.

    Raises:
        ValueError: Where lengths disagree, no frame is left, or a prediction is negative.
    """
    if len(truths) != len(predictions):
        raise ValueError(f"expected {len(truths)} predictions, got {len(predictions)}")
    pairs = [_scored_frames(t, p) for t, p in zip(truths, predictions, strict=True)]
    truth = np.concatenate([pair[0] for pair in pairs]) if pairs else np.empty(0, np.int64)
    predicted = np.concatenate([pair[1] for pair in pairs]) if pairs else np.empty(0, np.int64)
    if truth.size == 0:
        raise ValueError("expected at least one frame to score, got none")
    runs = [(segments(t, background), segments(p, background)) for t, p in pairs if t.size]
    return SegmentationScores(
        frame_accuracy=frame_accuracy(truth, predicted),
        macro_f1=macro_f1(truth, predicted, background),
        edit=float(np.mean([edit_score(t, p) for t, p in runs])),
        f1_10=overlap_f1(runs, 0.10),
        f1_25=overlap_f1(runs, 0.25),
        f1_50=overlap_f1(runs, 0.50),
        recordings=len(pairs),
        frames=truth.size,
    )


def frame_accuracy(truth: Labels, predicted: Labels) -> float:
    """Share of frames with the right label, background included; ``(T,)`` each, T > 0."""
    return 100.0 * float(np.mean(truth == predicted))


def macro_f1(truth: Labels, predicted: Labels, background: int | None = BACKGROUND) -> float:
    """Mean over classes of each class's F1 over frames.

    The classes are those of truth or prediction, without background: a class that is only ever
    predicted counts as 0, one that occurs in neither does not count.

    Args:
        truth: ``(T,)``, without frames that are left out.
        predicted: ``(T,)``.
        background: The label that is no action, or None.
    """
    classes = np.union1d(truth, predicted)
    classes = classes[classes != background] if background is not None else classes
    if classes.size == 0:
        return 100.0
    hits = [int(np.sum((truth == c) & (predicted == c))) for c in classes]
    sizes = [int(np.sum(truth == c) + np.sum(predicted == c)) for c in classes]
    return 100.0 * float(np.mean([2 * hit / size for hit, size in zip(hits, sizes, strict=True)]))


def segments(labels: Labels, background: int | None = BACKGROUND) -> list[Segment]:
    """The runs of equal labels in ``labels (T,)``, in order, without those of background.

    Two runs of one action with background between them stay two segments.
    """
    if labels.size == 0:
        return []
    edges = np.flatnonzero(np.diff(labels)) + 1
    bounds = [0, *edges.tolist(), labels.size]
    runs = [Segment(int(labels[start]), start, stop) for start, stop in pairwise(bounds)]
    return [run for run in runs if run.label != background]


def edit_score(truth: Sequence[Segment], predicted: Sequence[Segment]) -> float:
    """How well the order of segments agrees, whatever their times (Lea et al. 2017).

    ``100 · (1 − d / max(m, n))``, where d is the Levenshtein distance of the two sequences of
    segment labels, background left out, and m and n are their lengths.
    """
    longest = max(len(truth), len(predicted))
    if longest == 0:
        return 100.0
    distance = _levenshtein([run.label for run in truth], [run.label for run in predicted])
    return 100.0 * (1 - distance / longest)


def overlap_f1(
    recordings: Sequence[tuple[Sequence[Segment], Sequence[Segment]]], threshold: float
) -> float:
    """F1@k of segments (Lea et al. 2017; MS-TCN), over recordings counted together.

    In time order each predicted segment is set against the true segment of its label that it
    overlaps most by intersection over union. It is a true positive where that is at least
    ``threshold`` and the true segment is not taken yet, else a false positive; true segments that
    nobody took are false negatives.

    Args:
        recordings: True and predicted segments of each.
        threshold: k / 100, above 0.
    """
    true_total = sum(len(truth) for truth, _ in recordings)
    predicted_total = sum(len(predicted) for _, predicted in recordings)
    if true_total + predicted_total == 0:
        return 100.0
    hits = sum(_count_hits(truth, predicted, threshold) for truth, predicted in recordings)
    return 100.0 * 2 * hits / (true_total + predicted_total)


def _scored_frames(truth: Labels, predicted: Labels) -> tuple[Labels, Labels]:
    if truth.ndim != 1 or truth.shape != predicted.shape:
        raise ValueError(
            f"expected truth and prediction (T,) of one length, got {truth.shape} and "
            f"{predicted.shape}"
        )
    kept = truth != LEFT_OUT
    if (predicted[kept] < 0).any():
        raise ValueError("expected a predicted label of 0 or more for every frame that is scored")
    return truth[kept], predicted[kept]


def _count_hits(truth: Sequence[Segment], predicted: Sequence[Segment], threshold: float) -> int:
    taken: set[int] = set()
    for run in predicted:
        overlaps = [_overlap(run, other) for other in truth]
        best = int(np.argmax(overlaps)) if overlaps else 0
        if overlaps and overlaps[best] >= threshold and best not in taken:
            taken.add(best)
    return len(taken)


def _overlap(run: Segment, other: Segment) -> float:
    """Intersection over union of two segments; 0 where their labels differ."""
    shared = min(run.stop, other.stop) - max(run.start, other.start)
    if run.label != other.label or shared <= 0:
        return 0.0
    return shared / (run.stop - run.start + other.stop - other.start - shared)


def _levenshtein(first: Sequence[int], second: Sequence[int]) -> int:
    """Fewest insertions, deletions and replacements that turn one sequence into the other."""
    previous = list(range(len(second) + 1))
    for row, item in enumerate(first, start=1):
        current = [row]
        for column, other in enumerate(second, start=1):
            replaced = previous[column - 1] + (item != other)
            current.append(min(previous[column] + 1, current[-1] + 1, replaced))
        previous = current
    return previous[-1]

"""Average precision of proposed segments against true ones, as temporal detection counts it.

It knows segments of frames, their classes and scores; neither where the scores come from nor what
a class means. A proposal is a hit where its temporal intersection over union (tIoU) with a true
segment of its class, in its recording, reaches a threshold. Proposals are matched best score
first, each to the true segment that it overlaps most of those that nobody took: a true segment is
matched once, and what comes second for it is a miss.

Sources: Liu, Hu, Li, Song, Liu: PKU-MMD: A Large Scale Benchmark for Continuous Multi-Modal Human
Action Understanding, 2017 (interpolated average precision, by action and by recording).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.pose.metrics import Segment


@dataclass(frozen=True)
class Proposal:
    """A segment that is said to show an action: from ``start`` up to, but without, ``stop``."""

    label: int
    start: int
    stop: int
    score: float


@dataclass(frozen=True)
class Recording:
    """What was proposed in one recording, and what is true of it; frames are numbered alike."""

    proposals: tuple[Proposal, ...]
    truth: tuple[Segment, ...]


@dataclass(frozen=True)
class Ranking:
    """Proposals in any order, against true segments.

    Attributes:
        scores: ``(N,)`` of each proposal.
        hits: ``(N,)`` whether it is matched.
        truths: How many true segments there are.
    """

    scores: NDArray[np.float64]
    hits: NDArray[np.bool_]
    truths: int


@dataclass(frozen=True)
class PrecisionRecall:
    """Precision and recall, 0 to 1, of all proposals down to each score, the highest score first.

    Attributes:
        recall: ``(N,)``, never falling.
        precision: ``(N,)``.
    """

    recall: NDArray[np.float64]
    precision: NDArray[np.float64]


def tiou(proposal: Proposal, truth: Segment) -> float:
    """Temporal intersection over union of two segments; 0 where their classes differ."""
    shared = min(proposal.stop, truth.stop) - max(proposal.start, truth.start)
    if proposal.label != truth.label or shared <= 0:
        return 0.0
    return shared / (proposal.stop - proposal.start + truth.stop - truth.start - shared)


def hits(recording: Recording, threshold: float) -> list[bool]:
    """Whether each proposal of a recording is matched, in the order in which they stand there.

    Args:
        recording: Its proposals and truth, of any classes.
        threshold: Least tIoU of a match, above 0.
    """
    proposals = recording.proposals
    # Of equal scores the one that comes first in time is matched first.
    order = sorted(
        range(len(proposals)),
        key=lambda place: (-proposals[place].score, proposals[place].start, proposals[place].stop),
    )
    open_truths = list(recording.truth)
    found = [False] * len(proposals)
    for place in order:
        overlaps = [tiou(proposals[place], truth) for truth in open_truths]
        best = int(np.argmax(overlaps)) if overlaps else 0
        if overlaps and overlaps[best] >= threshold:
            del open_truths[best]
            found[place] = True
    return found


def ranking(recordings: Iterable[Recording], threshold: float, label: int | None = None) -> Ranking:
    """Matches the proposals of recordings, those of one class or of all.

    Args:
        recordings: What was proposed, and what is true.
        threshold: Least tIoU of a match.
        label: The class, or None for all.
    """
    scores: list[float] = []
    found: list[bool] = []
    truths = 0
    for recording in recordings:
        chosen = recording if label is None else _of_class(recording, label)
        scores += [proposal.score for proposal in chosen.proposals]
        found += hits(chosen, threshold)
        truths += len(chosen.truth)
    return Ranking(np.array(scores, np.float64), np.array(found, np.bool_), truths)


def precision_recall(ranked: Ranking) -> PrecisionRecall:
    """The curve of a ranking, a point for each distinct score.

    Proposals of equal score are taken together, so that nothing depends on the order in which
    recordings come.

    Raises:
        ValueError: Where there is no true segment: recall is of nothing.
    """
    if ranked.truths < 1:
        raise ValueError("precision and recall need at least one true segment, got none")
    order = np.argsort(-ranked.scores, kind="stable")
    ordered = ranked.scores[order]
    last = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True)[: len(ordered)])
    found = np.cumsum(ranked.hits[order])[last]
    return PrecisionRecall(found / ranked.truths, found / (last + 1))


def average_precision(ranked: Ranking) -> float:
    """Interpolated average precision, in per cent: the area below the curve's upper envelope.

    The precision at a recall is the best precision at that recall or any higher one. Without a
    proposal it is 0.

    Raises:
        ValueError: Where there is no true segment.
    """
    curve = precision_recall(ranked)
    best = np.maximum.accumulate(curve.precision[::-1])[::-1]
    return 100.0 * float(np.sum(np.diff(curve.recall, prepend=0.0) * best))


def mean_over_actions(recordings: Sequence[Recording], threshold: float) -> float:
    """mAP_a: the mean of the average precision of each class that truly occurs, in per cent.

    Raises:
        ValueError: Where no recording has a true segment.
    """
    classes = sorted({truth.label for recording in recordings for truth in recording.truth})
    return _mean([average_precision(ranking(recordings, threshold, label)) for label in classes])


def mean_over_recordings(recordings: Sequence[Recording], threshold: float) -> float:
    """mAP_v: the mean over recordings of the average precision of all classes' proposals together.

    A recording without a true segment is left out.

    Raises:
        ValueError: Where no recording has a true segment.
    """
    kept = [recording for recording in recordings if recording.truth]
    return _mean([average_precision(ranking([recording], threshold)) for recording in kept])


def _of_class(recording: Recording, label: int) -> Recording:
    return Recording(
        tuple(proposal for proposal in recording.proposals if proposal.label == label),
        tuple(truth for truth in recording.truth if truth.label == label),
    )


def _mean(values: Sequence[float]) -> float:
    if not values:
        raise ValueError("a mean average precision needs at least one true segment, got none")
    return float(np.mean(values))

"""Whether scores mean what they say, and whether the unknown is told from the known.

It knows probabilities and truth, no stream.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from model.pose.metrics import BACKGROUND, Labels
from training.everyday.hearing import UNKNOWN, Heard

BINS = 15

Floats = NDArray[np.floating[Any]]


def expected_calibration_error(probabilities: Floats, truth: Labels) -> float:
    """How far scores are from the shares in which they are right, in per cent.

    The mean over bins of equal width of the difference between the bin's mean score and its
    accuracy, weighted by its frames (Guo et al., ICML 2017, section 2).

    Args:
        probabilities: ``(N, K)``, N > 0.
        truth: ``(N,)`` classes.
    """
    scores = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == truth
    # A bin holds its upper bound, as (0, 1/15], (1/15, 2/15], ….
    bins = np.clip(np.ceil(scores * BINS).astype(np.int64) - 1, 0, BINS - 1)
    apart = np.bincount(bins, scores - right, BINS)
    return 100 * float(np.abs(apart).sum()) / len(scores)


def at_temperature_one(probabilities: Floats, temperature: float) -> NDArray[np.float64]:
    """What the network itself said, before a temperature made ``(N, K)`` probabilities of it."""
    logs = temperature * np.log(np.maximum(probabilities, np.finfo(np.float32).tiny))
    powers = np.exp(logs - logs.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return shares


def scored_frames(heard: Sequence[Heard]) -> tuple[Floats, Labels]:
    """Probabilities ``(N, K)`` and truth ``(N,)`` of the frames that have a class and a score."""
    kept = [each.warm & (each.truth >= 0) for each in heard]
    pairs = list(zip(heard, kept, strict=True))
    return (
        np.concatenate([each.probabilities[frames] for each, frames in pairs]),
        np.concatenate([each.truth[frames] for each, frames in pairs]),
    )


@dataclass(frozen=True)
class UnknownDecision:
    """How well what was never shown is told from what was; shares are per cent of frames.

    Attributes:
        rejected: Of actions kept from training, said to be unknown or background.
        lost: Of actions of the vocabulary, likewise.
        auroc: Of the most probable action's score, whatever the threshold: how often a frame of a
            known action has a higher one than a frame of an unknown one.
    """

    rejected: float
    lost: float
    auroc: float


def unknown_decision(heard: Sequence[Heard]) -> UnknownDecision | None:
    """Judges the decision on streams that show both kinds of actions; None where one lacks."""
    unknown = np.concatenate([(each.truth == UNKNOWN)[each.warm] for each in heard])
    action = np.concatenate([(each.truth > BACKGROUND)[each.warm] for each in heard])
    if not unknown.any() or not action.any():
        return None
    said = np.concatenate([each.classes[each.warm] for each in heard])
    likeliest = np.concatenate([each.probabilities[each.warm, 1:].max(axis=1) for each in heard])
    judged = unknown | action
    return UnknownDecision(
        rejected=100 * float((said[unknown] == BACKGROUND).mean()),
        lost=100 * float((said[action] == BACKGROUND).mean()),
        auroc=100 * float(roc_auc_score(action[judged], likeliest[judged])),
    )

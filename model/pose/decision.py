"""The decision: the logits of a frame become a label, a calibrated score and whether it is known.

Knows no stream and no history; hysteresis over frames is `model.pose.hysteresis`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.pose.artifact import BACKGROUND, WARMING, Calibration


@dataclass(frozen=True)
class Decision:
    """What is said of one person in one frame.

    Attributes:
        label: one of the model's labels, or `warming`.
        score: the calibrated probability of the label, 0…1.
        known: False where the label is only the best guess about something unknown.
        top: the most probable labels with their probabilities, the first the most.
    """

    label: str
    score: float
    known: bool
    top: tuple[tuple[str, float], ...] = ()


STILL_WARMING = Decision(WARMING, 0.0, known=False)
"""Said while the window holds too few real samples."""

UNWATCHED = Decision(BACKGROUND, 0.0, known=False)
"""Said of a person whom the model did not look at, there being more of them than it takes."""


def probabilities(logits: NDArray[np.float32], temperature: float) -> NDArray[np.float64]:
    """Returns softmax(logits / temperature) over the last axis."""
    scaled = logits.astype(np.float64) / temperature
    powers = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    shares: NDArray[np.float64] = powers / powers.sum(axis=-1, keepdims=True)
    return shares


def decisions(
    logits: NDArray[np.float32], labels: tuple[str, ...], calibration: Calibration, top_k: int = 1
) -> list[Decision]:
    """Decides on frames, each by itself.

    Args:
        logits: (N, K).
        labels: K labels.
        calibration: temperature and thresholds.
        top_k: how many of the most probable labels to list, at least 1.
    """
    scores = probabilities(logits, calibration.temperature)
    order = np.argsort(-scores, axis=-1, kind="stable")[:, :top_k]
    best = scores[np.arange(len(scores))[:, None], order]
    return [
        _decision(tuple((labels[index], score) for index, score in top), calibration)
        for top in map(zip, order.tolist(), best.tolist())
    ]


def _decision(top: tuple[tuple[str, float], ...], calibration: Calibration) -> Decision:
    label, score = top[0]
    needed = calibration.thresholds.get(label, calibration.unknown_threshold)
    return Decision(label, score, label == BACKGROUND or score >= needed, top)

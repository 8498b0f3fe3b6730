"""Few-shot actions: a span of a stream becomes a new action, by similarity of frozen features.

An example is a few features of the span, the mean and spread of what else the stream has shown, a
threshold, which is the similarity that hardly any of that other motion reaches, and its rivals: of
that other motion what was the most alike. A frame is the action where its feature, centred and
scaled in the same way, comes closer than the threshold to the example, and closer than to any rival
(prototypes after Snell et al., 2017, several an example since a motion has phases; cosine after
centring after Wang et al., "SimpleShot", 2019). Nothing is learnt, so no other label changes: a
frame that no example claims keeps the decision that it had.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.pose.decision import Decision

PROTOTYPES = 16
"""Features that stand for one example, evenly over its span."""

EARLY_SHARE = 0.3
"""So much of a span is not learnt from: its windows still hold mostly what came before."""

RIVALS = 32
"""So many features of other motion a frame is compared with, too: twice as many as speak for it."""

CALIBRATION_QUANTILE = 0.99
"""This share of the other motion stays below an example's threshold …"""

CALIBRATION_MARGIN = 0.05
"""… and so far from there to 1 the threshold lies above it."""

LOWEST_THRESHOLD = 0.3
"""However different the other motion was, less similar than this is something else."""

LOWEST_SPREAD = 0.1
"""A feature that hardly varies is not scaled up beyond this share of the mean spread."""

TINY = 1e-6

FEWEST_OWN = 4
"""Features that a span must have."""

FEWEST_OTHER = 30
"""Features of other motion that a threshold needs, about two seconds."""

Features = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Example:
    """One example of an action.

    Attributes:
        vectors: (P, F) unit vectors, centred and scaled; P is at most `PROTOTYPES`.
        mean: (F,) of the stream that it is from.
        scale: (F,) the spread of that stream.
        threshold: the cosine from which a frame may be the action.
        rivals: (R, F) unit vectors of other motion, centred and scaled, to float16's precision; R
            is at most `RIVALS`, and may be 0.
    """

    vectors: Features
    mean: Features
    scale: Features
    threshold: float
    rivals: Features

    def similarity(self, feature: Features) -> float:
        """Returns how much like this example a feature (F,) is: at most 1; 0 is enough.

        What is more like a rival is below 0, however near it is. Streams wait for it, so that it
        takes as few steps as it can.
        """
        centred = (feature - self.mean) / self.scale
        length = max(math.sqrt(centred @ centred), 1e-9)
        cosine = float((self.vectors @ centred).max()) / length
        nearness = (cosine - self.threshold) / (1 - self.threshold)
        if len(self.rivals):
            ahead = cosine - float((self.rivals @ centred).max()) / length
            if ahead < 0:
                return min(ahead, nearness)
        return nearness


def example_of(span: Features, others: Features) -> Example:
    """Makes an example of a span.

    Args:
        span: (N, F) features of the span's frames, in order of time.
        others: (M, F) features of other motion of the same stream.

    Raises:
        ValueError: there is too little of either; the message is one sentence.
    """
    late = span[int(len(span) * EARLY_SHARE) :]
    if len(late) < FEWEST_OWN:
        raise ValueError(
            f"an example needs at least {FEWEST_OWN} frames that are spoken of after the first "
            f"{EARLY_SHARE:.0%} of its span, this one has {len(late)}"
        )
    if len(others) < FEWEST_OTHER:
        raise ValueError(
            f"an example is told apart from other motion, of which {FEWEST_OTHER} frames are "
            f"needed; before and after this span there are {len(others)}"
        )
    seen = np.concatenate([late, others]).astype(np.float64)
    mean = seen.mean(axis=0).astype(np.float32)
    spread = seen.std(axis=0)
    scale = np.maximum(spread, LOWEST_SPREAD * spread.mean() + TINY).astype(np.float32)
    chunks = np.array_split(_units(late, mean, scale), min(PROTOTYPES, len(late)))
    vectors = _unit(np.stack([chunk.mean(axis=0) for chunk in chunks]))
    units = _units(others, mean, scale)
    reached = (units @ vectors.T).max(axis=1)
    highest = max(float(np.quantile(reached, CALIBRATION_QUANTILE)), LOWEST_THRESHOLD)
    threshold = highest + CALIBRATION_MARGIN * (1 - highest)
    if threshold >= 1:
        raise ValueError("the span is like what came before or after it, so it is no new action")
    rivals = units[np.argsort(-reached, kind="stable")[:RIVALS]]
    # As they are saved, so that what was saved says the same.
    return Example(vectors, mean, scale, threshold, rivals.astype(np.float16).astype(np.float32))


class Likeness(NamedTuple):
    """The taught action that a frame is most like."""

    label: str
    score: float


def likeness(
    feature: Features, actions: Sequence[tuple[str, Sequence[Example]]]
) -> Likeness | None:
    """Returns the taught action that a frame is, or None where it is none.

    Args:
        feature: (F,) of the frame.
        actions: (label, its examples) of every taught action.

    Returns:
        The label whose example is the most alike, and a score from 0.5 at its threshold to 1.
    """
    best: Likeness | None = None
    for label, examples in actions:
        nearness = max(each.similarity(feature) for each in examples)
        score = 0.5 + min(nearness, 1.0) / 2
        if nearness >= 0 and (best is None or score > best.score):
            best = Likeness(label, score)
    return best


def decide_together(own: Decision, taught: Likeness | None) -> Decision:
    """Returns the one decision on a frame from the model's own and the taught action it is, if any.

    A taught action that claims a frame has it, whatever the model says, for the model has never
    seen it and calls it by the nearest name it knows. What is left of the probability is shared by
    the model's own labels as before.

    Args:
        own: the model's decision.
        taught: the taught action that the frame is.
    """
    if taught is None:
        return own
    rest = tuple((label, share * (1 - taught.score)) for label, share in own.top)
    top = ((taught.label, taught.score), *rest)[: max(len(own.top), 1)]
    return Decision(taught.label, taught.score, known=True, top=top)


def _units(features: Features, mean: Features, scale: Features) -> Features:
    return _unit((features - mean) / scale)


def _unit(vectors: Features) -> Features:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    units: Features = (vectors / np.maximum(lengths, 1e-9)).astype(np.float32)
    return units

"""Taught actions as plain values: what is saved, exported, and kept of a session that is resumed.

Features mean something to the model alone that gave them; `model_of` names it.
"""

from collections.abc import Iterable, Mapping

import msgspec
import numpy as np

from model.pose.artifact import ArtifactSpec
from model.pose.few_shot import PROTOTYPES, TINY, Example

Actions = Mapping[str, tuple[Example, ...]]
"""Label → its examples."""

LARGEST = 1e6
"""No feature is so large, and the square of what is larger over the least spread is no float32."""


class TaughtExample(msgspec.Struct, frozen=True):
    """An example: float32 little-endian bytes of (P, F), (F,), (F,), and the threshold."""

    vectors: bytes
    mean: bytes
    scale: bytes
    threshold: float


class TaughtAction(msgspec.Struct, frozen=True):
    """An action and its examples."""

    label: str
    examples: tuple[TaughtExample, ...]


def model_of(spec: ArtifactSpec) -> str:
    """Returns the name of the weights whose features an artifact gives."""
    weights = spec.provenance.checkpoint_sha256[:16] or "unnamed weights"
    return f"{spec.name} {spec.version} ({weights})"


def packed(actions: Actions) -> tuple[TaughtAction, ...]:
    """Returns actions as plain values."""
    return tuple(
        TaughtAction(label, tuple(packed_example(example) for example in examples))
        for label, examples in actions.items()
    )


def unpacked(actions: Iterable[TaughtAction]) -> dict[str, tuple[Example, ...]]:
    """Returns actions from plain values.

    Raises:
        ValueError: an example's numbers do not belong together, or are none.
    """
    return {
        action.label: tuple(unpacked_example(example) for example in action.examples)
        for action in actions
    }


def packed_example(example: Example) -> TaughtExample:
    """Returns an example as plain values."""
    vectors, mean, scale = (
        np.asarray(values, "<f4").tobytes()
        for values in (example.vectors, example.mean, example.scale)
    )
    return TaughtExample(vectors, mean, scale, example.threshold)


def unpacked_example(example: TaughtExample) -> Example:
    """Returns an example from plain values.

    Raises:
        ValueError: its numbers do not belong together, or are none.
    """
    width = len(example.mean)
    prototypes = len(example.vectors) // max(width, 1)
    fits = width % 4 == 0 and width == len(example.scale) and 1 <= prototypes <= PROTOTYPES
    if not fits or len(example.vectors) != prototypes * width:
        raise ValueError("an example's features, mean and spread are of different widths")
    mean, scale, vectors = (
        np.frombuffer(values, "<f4") for values in (example.mean, example.scale, example.vectors)
    )
    usual = all((np.abs(values) <= LARGEST).all() for values in (mean, scale, vectors))
    if not (usual and (scale >= TINY / 2).all() and 0 <= example.threshold < 1):
        raise ValueError(
            f"an example's numbers are within ±{LARGEST:.0f}, its spread at least {TINY:g}, its "
            "threshold 0…1"
        )
    return Example(vectors.reshape(prototypes, -1), mean, scale, example.threshold)

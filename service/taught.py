"""Taught actions as plain values: what is saved, exported, and kept of a session that is resumed.

Features mean something to the model alone that gave them; `model_of` names it.
"""

from collections.abc import Iterable, Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from model.pose.artifact import ArtifactSpec
from model.pose.few_shot import PROTOTYPES, RIVALS, TINY, Example

Actions = Mapping[str, tuple[Example, ...]]
"""Label → its examples."""

LARGEST = 1e6
"""No feature is so large, and the square of what is larger over the least spread is no float32."""

_WIDTHS = "an example's features, mean and spread are of different widths"


class TaughtExample(msgspec.Struct, frozen=True):
    """An example, all little-endian.

    Attributes:
        vectors: (P, F) float32.
        mean: (F,) float32.
        scale: (F,) float32.
        threshold: the cosine.
        rivals: (R, F) float16; none in what was saved before there were any.
    """

    vectors: bytes
    mean: bytes
    scale: bytes
    threshold: float
    rivals: bytes = b""


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
    rivals = np.asarray(example.rivals, "<f2").tobytes()
    return TaughtExample(vectors, mean, scale, example.threshold, rivals)


def unpacked_example(example: TaughtExample) -> Example:
    """Returns an example from plain values.

    Raises:
        ValueError: its numbers do not belong together, or are none.
    """
    width = len(example.mean) // 4
    vectors = _rows(example.vectors, "<f4", width, PROTOTYPES)
    mean = _rows(example.mean, "<f4", width, 1)
    scale = _rows(example.scale, "<f4", width, 1)
    rivals = _rows(example.rivals, "<f2", width, RIVALS)
    if not (len(vectors) and len(mean) and len(scale)):
        raise ValueError(_WIDTHS)
    usual = all((np.abs(rows) <= LARGEST).all() for rows in (vectors, mean, scale, rivals))
    if not (usual and (scale >= TINY / 2).all() and 0 <= example.threshold < 1):
        raise ValueError(
            f"an example's numbers are within ±{LARGEST:.0f}, its spread at least {TINY:g}, its "
            "threshold 0…1"
        )
    return Example(vectors, mean[0], scale[0], example.threshold, rivals)


def _rows(content: bytes, kind: str, width: int, most: int) -> NDArray[np.float32]:
    """Returns (N, width) of bytes, N at most so many.

    Raises:
        ValueError: they hold something else.
    """
    size = np.dtype(kind).itemsize * width
    if not size or len(content) % size or len(content) > most * size:
        raise ValueError(_WIDTHS)
    return np.frombuffer(content, kind).astype(np.float32).reshape(-1, width)

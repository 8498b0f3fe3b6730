"""Labelled clips by class: a share of each, or so many of each, drawn by a seed."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from model.pose.store import ClipEntry, StoreError


def classes_of(entries: Iterable[ClipEntry]) -> NDArray[np.int64]:
    """The class ``(N,)`` of each clip.

    Raises:
        StoreError: A clip has none.
    """
    classes = []
    for entry in entries:
        if entry.label is None:
            raise StoreError(f"expected a class for each clip, {entry.name} has none")
        classes.append(entry.label)
    return np.array(classes, np.int64)


def share_of_each_class(
    places: Sequence[int], labels: NDArray[np.int64], percent: float, seed: int
) -> list[int]:
    """Keeps a share of the clips of each class, at least one of each.

    Args:
        places: Clips.
        labels: ``(N,)`` the class of each.
        percent: Above 0, at most 100; a class keeps the nearest number of clips.
        seed: Of the draw. For one seed, what a smaller share keeps a larger one keeps too.

    Returns:
        Those that are kept, in the order of ``places``.
    """
    generator = np.random.default_rng([seed, 0x5EED])
    ranks = _ranks_in_class(labels, generator)
    sizes = np.bincount(labels)[labels]
    kept = ranks < np.maximum(np.rint(sizes * percent / 100), 1)
    return [place for place, keep in zip(places, kept, strict=True) if keep]


def some_of_each_class(
    labels: NDArray[np.int64], count: int, generator: np.random.Generator
) -> NDArray[np.int64]:
    """Draws ``count`` clips of each class: indices into ``labels``, class by class.

    Raises:
        StoreError: A class has fewer.
    """
    sizes = np.bincount(labels)
    for label in np.unique(labels):
        if sizes[label] < count:
            raise StoreError(
                f"expected at least {count} clips of each class, class {label} has {sizes[label]}"
            )
    ranks = _ranks_in_class(labels, generator)
    drawn = np.flatnonzero(ranks < count)
    return drawn[np.argsort(labels[drawn], kind="stable")]


def _ranks_in_class(labels: NDArray[np.int64], generator: np.random.Generator) -> NDArray[np.int64]:
    """The place ``(N,)`` of each clip in a random order of its class."""
    order = generator.permutation(len(labels))
    by_class = order[np.argsort(labels[order], kind="stable")]
    sizes = np.bincount(labels)
    ranks = np.empty(len(labels), np.int64)
    ranks[by_class] = np.arange(len(labels)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return ranks

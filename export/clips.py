"""Real clips: windows of a prepared store, cut and normalised as the service does it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.pose.artifact import ArtifactSpec
from model.pose.layout import Layout, layout_named
from model.pose.mapping import layout_mapping
from model.pose.normalise import normalise
from model.pose.projection import projected
from model.pose.store import PoseStore, StoreError
from model.pose.window import resampled


def real_clips(
    store: PoseStore,
    spec: ArtifactSpec,
    count: int,
    seed: int,
    places: Sequence[int] | None = None,
) -> NDArray[np.float32]:
    """Returns windows that end at random frames of random clips.

    Args:
        store: prepared recordings, of a layout that maps onto the artifact's.
        spec: the artifact's timing, layout and normalisation.
        count: how many.
        seed: of the choice.
        places: of the clips that are chosen from; None for all.

    Returns:
        (count, 3, T, V, M) float32.

    Raises:
        StoreError: the store holds no clip.
        ValueError: the normalisation needs a picture's size, which a clip lacks.
    """
    among = range(len(store)) if places is None else places
    if not among:
        raise StoreError("verification needs real clips; the store holds none")
    layout = layout_named(store.data_set.layout)
    mapping = layout_mapping(layout, spec.skeleton)
    draw = np.random.default_rng(seed)
    windows = []
    for _ in range(count):
        clip = store[among[int(draw.integers(len(among)))]]
        end = int(draw.integers(len(clip)))
        keypoints = np.zeros((1, spec.frames, len(spec.joints), spec.persons, 4), np.float32)
        for person in range(min(spec.persons, clip.keypoints.shape[1])):
            seen = mapping(as_read(clip.keypoints[: end + 1, person], layout, spec))
            times_ms = clip.times_ms[: end + 1]
            keypoints[0, :, :, person] = resampled(times_ms, seen, times_ms[-1], spec.window)
        windows.append(normalise(spec.normalisation, keypoints, spec.skeleton, clip.size))
    return np.concatenate(windows)


def as_read(
    keypoints: NDArray[np.floating[Any]], layout: Layout, spec: ArtifactSpec
) -> NDArray[np.float32]:
    """Returns keypoints (…, V, 4) as a model reads them.

    To a model of pictures, positions in space are what a camera far away sees of them.
    """
    seen = spec.dimensions == 2 and layout.dimensions == 3
    return projected(keypoints) if seen else np.asarray(keypoints, np.float32)

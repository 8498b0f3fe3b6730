"""Real clips: windows of a prepared store, cut and normalised as the service does it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from model.pose.artifact import ArtifactSpec
from model.pose.layout import layout_named
from model.pose.mapping import layout_mapping
from model.pose.normalise import normalise
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
    """
    among = range(len(store)) if places is None else places
    if not among:
        raise StoreError("verification needs real clips; the store holds none")
    mapping = layout_mapping(layout_named(store.data_set.layout), spec.skeleton)
    draw = np.random.default_rng(seed)
    windows = []
    for _ in range(count):
        clip = store[among[int(draw.integers(len(among)))]]
        end = int(draw.integers(len(clip)))
        keypoints = np.zeros((1, spec.frames, len(spec.joints), spec.persons, 4), np.float32)
        for person in range(min(spec.persons, clip.keypoints.shape[1])):
            seen = mapping(np.asarray(clip.keypoints[: end + 1, person], np.float32))
            times_ms = clip.times_ms[: end + 1]
            keypoints[0, :, :, person] = resampled(times_ms, seen, times_ms[-1], spec.window)
        size = clip.size or (1.0, 1.0)
        windows.append(normalise(spec.normalisation, keypoints, spec.skeleton, size))
    return np.concatenate(windows)

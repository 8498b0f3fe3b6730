"""Bones: a body as directions and lengths, so that it can be bent without growing or shrinking.

It knows the tree of bones of `sources.LAYOUT` and no time.
"""

import numpy as np
from numpy.typing import NDArray

from training.everyday.sources import LAYOUT, Points

ROOT = LAYOUT.root
PARENTS = list(LAYOUT.parents)


def _paths() -> NDArray[np.float32]:
    """``(V, V)``: 1 where a bone (column) lies between the root and a joint (row)."""
    joints = len(PARENTS)
    paths = np.zeros((joints, joints), np.float32)
    for joint in range(joints):
        bone = joint
        while bone != ROOT:
            paths[joint, bone] = 1
            bone = PARENTS[bone]
    return paths


_PATHS = _paths()


def bone_lengths(positions: Points) -> Points:
    """The lengths of bones, from each joint to its parent, ``(…, V, 3)`` → ``(…, V)``."""
    lengths: Points = np.linalg.norm(positions - positions[..., PARENTS, :], axis=-1)
    return lengths


def reshaped(positions: Points, lengths: Points) -> Points:
    """Gives bodies other bones.

    Args:
        positions: ``(…, V, 3)``: each bone's direction is taken, and the root's place.
        lengths: ``(…, V)`` of the bones.

    Returns:
        ``(…, V, 3)``. A bone of no length has no direction and gets none.
    """
    bones = positions - positions[..., PARENTS, :]
    now = np.maximum(np.linalg.norm(bones, axis=-1, keepdims=True), 1e-6)
    bones = bones / now * lengths[..., None]
    moved: Points = positions[..., [ROOT], :] + _PATHS @ bones
    return moved.astype(np.float32, copy=False)

"""Proportions: the same motion by somebody of another build.

Bones get other lengths, the same ones for a whole stream and for both sides. It knows
`sources.LAYOUT`, no time and no camera.
"""

import numpy as np

from training.everyday.bones import bone_lengths, reshaped
from training.everyday.sources import INNER, LAYOUT, Points

SPREAD = 0.08
"""Standard deviation of the logarithm of a bone's length over its own. Judgement: adults differ by
about half of it in their limbs over their trunks, and a depth camera measures no better."""

_BONE = np.minimum(np.arange(len(LAYOUT.joints)), LAYOUT.mirror)
"""``(20,)`` the number that a bone and its mirror image share."""


def reproportioned(points: Points, generator: np.random.Generator) -> Points:
    """Gives a body other proportions, and leaves its root where it is.

    Args:
        points: ``(F, 20, 4)`` x, y, z and score. A frame that lacks a joint of trunk, arms or legs
            has no bones to go by and stays as it is.
        generator: What is random.
    """
    factors = np.exp(SPREAD * generator.standard_normal(len(_BONE), np.float32))[_BONE]
    whole = (points[:, INNER, 3] > 0).all(axis=1)
    bodies, other = points[whole, :, :3], np.array(points)
    other[whole, :, :3] = reshaped(bodies, bone_lengths(bodies) * factors)
    return other

"""What a camera far away sees of positions in space: pictures without a picture."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

SEEN = (-1.0, -1.0, 0.0)
"""What x, y and z are multiplied by. In right-handed axes with y up, a camera that looks along z
sees x grow to its left; in a picture x grows to the right and y down."""


def projected(keypoints: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Projects keypoints along z, as a camera far away sees them (orthographic).

    Distance changes the size alone, which the normalisation of picture keypoints takes away.

    Args:
        keypoints: ``(…, V, 4)`` rows x, y, z in metres and score, y up.

    Returns:
        ``(…, V, 4)`` rows x, y, 0 and score; a missing joint stays all zeros.
    """
    # Adding 0 makes the zeros that a missing joint is of those with a minus sign.
    axes = np.array([*SEEN, 1], np.float32)
    return np.asarray(keypoints, np.float32) * axes + np.float32(0)

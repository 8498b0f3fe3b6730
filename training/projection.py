"""Projection: keypoints in space as a camera's picture would show them.

So that encoders of picture keypoints can be pretrained and evaluated on recordings of depth cameras
and motion capture. It knows no layout: what joints there are is the mapping's.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def projected(keypoints: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Projects keypoints along z, as a camera far away sees them (orthographic).

    In the stores' right-handed axes with y up, a camera that looks along z sees x grow to its left;
    in a picture x grows to the right and y down. Distance changes the size alone, which the
    normalisation of picture keypoints takes away.

    Args:
        keypoints: ``(…, V, 4)`` rows x, y, z in metres and score.

    Returns:
        ``(…, V, 4)`` rows x, y, 0 and score; a missing joint stays all zeros.
    """
    return _turned(keypoints)


def stood_up(picture: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Stands a picture's keypoints up in space, in a plane at depth 0: what `projected` leaves.

    Args:
        picture: ``(…, V, 4)`` rows x, y, anything, score.

    Returns:
        ``(…, V, 4)`` rows x, y, 0 and score, y up.
    """
    return _turned(picture)


def _turned(keypoints: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    # Adding 0 makes the zeros that a missing joint is of those with a minus sign.
    axes = np.array([-1, -1, 0, 1], np.float32)
    return np.asarray(keypoints, np.float32) * axes + np.float32(0)

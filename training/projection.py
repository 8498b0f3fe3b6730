"""Projection: keypoints in space as a camera's picture would show them.

So that encoders of picture keypoints can be pretrained and evaluated on recordings of depth cameras
and motion capture. It knows no layout: what joints there are is the mapping's.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.pose.projection import projected


@dataclass(frozen=True)
class Cameras:
    """Cameras around the one that recorded, each looked through at random.

    Attributes:
        turn_degrees: Largest turn about the vertical, to either side.
        tilt_degrees: Largest tilt up or down.
    """

    turn_degrees: float
    tilt_degrees: float

    def draw(self, generator: np.random.Generator, count: int) -> NDArray[np.float64]:
        """Draws turns and tilts of so many cameras, ``(count, 2)`` in degrees."""
        return generator.uniform(-1, 1, (count, 2)) * (self.turn_degrees, self.tilt_degrees)


def seen_from(
    keypoints: NDArray[np.floating[Any]], turn_degrees: float, tilt_degrees: float
) -> NDArray[np.float32]:
    """Turns keypoints about the vertical (y), then about x, as another camera would see them.

    It is about the place of the camera that recorded: where a body stands, the normalisation of
    picture keypoints takes away.

    Args:
        keypoints: ``(…, V, 4)`` rows x, y, z in metres and score.
        turn_degrees: About the vertical.
        tilt_degrees: Up or down.

    Returns:
        ``(…, V, 4)``; a missing joint stays all zeros.
    """
    turn, tilt = np.radians((turn_degrees, tilt_degrees))
    sideways = np.array(
        [[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]]
    )
    upwards = np.array(
        [[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]]
    )
    seen = np.array(keypoints, np.float32)
    seen[..., :3] = seen[..., :3] @ (upwards @ sideways).T.astype(np.float32)
    return seen


def stood_up(picture: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Stands a picture's keypoints up in space, in a plane at depth 0: what `projected` leaves.

    Args:
        picture: ``(…, V, 4)`` rows x, y, anything, score.

    Returns:
        ``(…, V, 4)`` rows x, y, 0 and score, y up.
    """
    return projected(picture)

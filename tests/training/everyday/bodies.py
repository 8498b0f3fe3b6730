"""A body of 13 joints in space, and a layout for it."""

import numpy as np
from numpy.typing import NDArray

from model.pose.layout import Layout
from training.everyday.body import Parts

_JOINTS = (
    "head left_shoulder right_shoulder left_elbow right_elbow left_wrist right_wrist "
    "left_hip right_hip left_knee right_knee left_ankle right_ankle"
)
BODY = Layout("thirteen", tuple(_JOINTS.split()), (0, 0, 0, 1, 2, 3, 4, 1, 2, 7, 8, 9, 10), 2)
PARTS = Parts(BODY)

# Upright and flat, at z = 0, and facing +z: the left hand is at +x. Metres, the floor is y = 0.
STANDING = np.array(
    [
        [0, 1.65, 0], [0.2, 1.45, 0], [-0.2, 1.45, 0], [0.3, 1.2, 0], [-0.3, 1.2, 0],
        [0.35, 0.95, 0], [-0.35, 0.95, 0], [0.12, 0.95, 0], [-0.12, 0.95, 0],
        [0.12, 0.5, 0], [-0.12, 0.5, 0], [0.12, 0.1, 0], [-0.12, 0.1, 0],
    ]
)  # fmt: skip


def at(joint: str) -> int:
    """Where the layout has a joint."""
    return BODY.joints.index(joint)


def standing(frames: int) -> NDArray[np.float32]:
    """So many frames of one who stands still, ``(F, 13, 4)``."""
    rows = np.concatenate([STANDING, np.ones((13, 1))], axis=1).astype(np.float32)
    return np.repeat(rows[None], frames, axis=0)


def waving(frames: int, rate_hz: float) -> NDArray[np.float32]:
    """The same, but the right wrist swings by 0.3 m once a second."""
    rows = standing(frames)
    rows[:, at("right_wrist"), 0] += 0.3 * np.sin(2 * np.pi * np.arange(frames) / rate_hz)
    return rows

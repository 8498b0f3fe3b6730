"""Posture: how a body stands, where it faces, and from when to when it moves.

It knows single motions, y up and metres; no labels and no joining.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from training.everyday.sources import INNER, LAYOUT, PELVIS, RATE_HZ, THORAX, Points

STILL_M_S = 0.2
MOVING_SHARE = 0.12
_FASTEST_JOINTS = 2
_SMOOTHING_FRAMES = 2.5
_GOING_FRAMES = 7.5

_AT = LAYOUT.joints.index
_LEFT = [_AT("left_shoulder"), _AT("left_hip")]
_RIGHT = [_AT("right_shoulder"), _AT("right_hip")]
_HIPS = [_AT("left_hip"), _AT("right_hip")]
_KNEES = [_AT("left_knee"), _AT("right_knee")]

_NEAR = 0.3


def posture(frame: Points) -> NDArray[np.float64]:
    """How a body stands, ``(20, 4)`` → ``(2,)``: how upright thighs and trunk are.

    The cosine of the angle to the vertical of each: about 1 and 1 standing, 0.4 and 1 sitting, 0
    and 0 lying. Heights over the floor would say less: a depth camera loses the feet.
    """
    thighs = (frame[_HIPS, :3] - frame[_KNEES, :3]).mean(axis=0)
    trunk = frame[THORAX, :3] - frame[PELVIS, :3]
    bones = np.stack([thighs, trunk]).astype(np.float64)
    upright: NDArray[np.float64] = bones[:, 1] / np.maximum(np.linalg.norm(bones, axis=1), 1e-6)
    return upright


def near(postures: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which postures ``(…, 2)`` pass into another without an action.

    Sitting is 0.5 from standing, lying 1; those who stand differ by less than 0.1.
    """
    return np.asarray((np.abs(postures - other) < _NEAR).all(axis=-1))


def facing_radians(frame: Points) -> float:
    """Whither a body ``(20, 4)`` faces about the vertical: ``(sin, cos)`` are x and z."""
    across, _, along = (frame[_LEFT, :3] - frame[_RIGHT, :3]).sum(axis=0)
    # In right-handed axes with y up whoever has the left hand at +x faces +z.
    return float(np.arctan2(-along, across))


def speed_m_s(points: Points) -> NDArray[np.float64]:
    """How fast a body moves, ``(F, 20, 4)`` → ``(F,)``: the mean of its two fastest joints.

    Over a sixth of a second or so: the jitter of a depth camera's joints stays under 0.15 m/s.
    """
    smooth = gaussian_filter1d(points[:, INNER, :3], _SMOOTHING_FRAMES, axis=0, mode="nearest")
    speeds = np.linalg.norm(np.gradient(smooth, axis=0), axis=-1) * RATE_HZ
    fastest = np.partition(speeds, -_FASTEST_JOINTS, axis=1)[:, -_FASTEST_JOINTS:]
    mean: NDArray[np.float64] = fastest.mean(axis=1)
    return mean


def going_m_s(points: Points, times_ms: NDArray[np.float64]) -> NDArray[np.float64]:
    """How fast a body goes over the floor, ``(F, 20, 4)`` at ``(F,)`` → ``(F,)``.

    That of the pelvis, over half a second; where it is not seen, it stays where it was.
    """
    even_ms = np.arange(times_ms[0], times_ms[-1] + 1, 1000 / RATE_HZ)
    seen = points[:, PELVIS, 3] > 0
    if len(even_ms) < 2 or not seen.any():
        return np.zeros(len(times_ms))
    path = np.stack(
        [np.interp(even_ms, times_ms[seen], points[seen, PELVIS, axis]) for axis in (0, 2)], axis=1
    )
    smooth = gaussian_filter1d(path, _GOING_FRAMES, axis=0, mode="nearest")
    speeds = np.linalg.norm(np.gradient(smooth, axis=0), axis=1) * RATE_HZ
    going: NDArray[np.float64] = np.interp(times_ms, even_ms, speeds)
    return going


def extent(points: Points) -> tuple[int, int]:
    """The frames from the first that moves appreciably to behind the last that does.

    Appreciable is over `STILL_M_S`, and over `MOVING_SHARE` of the speed that a twentieth of the
    frames exceed. In UTD-MHAD that leaves still frames of about 0.1 s before and 0.3 s after the
    action (median), in MSR-Action3D 0.25 s before, in lying down 1 s after; clips of NW-UCLA and
    most of motion capture are cut so tight that nothing is left.

    Returns:
        Start and stop; the whole motion where none moves.
    """
    speeds = speed_m_s(points)
    moving = np.flatnonzero(speeds > max(STILL_M_S, MOVING_SHARE * np.percentile(speeds, 95)))
    return (int(moving[0]), int(moving[-1]) + 1) if len(moving) else (0, len(points))

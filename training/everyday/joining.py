"""Joining: one motion led over into another, and a still one played to and fro.

Bodies are turned about the vertical and shifted along the floor until hips and facing meet; in
between, every joint moves on as it was moving and arrives as it will move, and bones keep their
lengths. It knows no labels.
"""

import numpy as np

from training.everyday.bones import bone_lengths, reshaped
from training.everyday.posture import facing_radians
from training.everyday.sources import PELVIS, RATE_HZ, Points

_VELOCITY_FRAMES = 3
_FASTEST_M_S = 1.5
"""A joint that is led over starts and arrives no faster, so that it does not overshoot far."""


def turned(points: Points, radians: float) -> Points:
    """Turns ``(F, 20, 4)`` about the vertical axis through the origin; facings grow by as much."""
    sine, cosine = np.float32(np.sin(radians)), np.float32(np.cos(radians))
    x, z = points[..., 0], points[..., 2]
    moved = points.copy()
    moved[..., 0] = cosine * x + sine * z
    moved[..., 2] = cosine * z - sine * x
    return moved


def shifted(points: Points, x: float, z: float) -> Points:
    """Shifts what is seen of ``(F, 20, 4)`` along the floor."""
    moved = points.copy()
    moved[..., [0, 2]] += np.array([x, z], np.float32)
    moved[points[..., 3] <= 0] = 0
    return moved


def met(before: Points, after: Points, frames: int, turn_radians: float) -> Points:
    """Places a motion so that hips and facing meet those of another over a transition.

    Args:
        before: ``(F, 20, 4)``, at least a few frames.
        after: ``(G, 20, 4)``, which is to follow.
        frames: How long the transition between them will be.
        turn_radians: How far the body turns meanwhile.

    Returns:
        ``(G, 20, 4)``: `after`, turned and shifted; the hips go on at the mean of both speeds.
    """
    meeting = facing_radians(before[-1]) - facing_radians(after[0]) + turn_radians
    placed = turned(after, meeting)
    seconds = (frames + 1) / RATE_HZ
    speeds = _velocity(before[-_VELOCITY_FRAMES - 1 :]) + _velocity(placed[: _VELOCITY_FRAMES + 1])
    way = before[-1, PELVIS, :3] + speeds[PELVIS] * seconds / 2 - placed[0, PELVIS, :3]
    return shifted(placed, float(way[0]), float(way[2]))


def transition(before: Points, after: Points, frames: int) -> Points:
    """Leads one motion over into another that is placed already, as `met` does.

    Positions are cubic Hermite curves in time, from the places and velocities of the last frame to
    those of the first; then every bone is given the length between its lengths there.

    Returns:
        ``(frames, 20, 4)``; a joint that one of both lacks is missing.
    """
    t = (np.arange(1, frames + 1, dtype=np.float32) / (frames + 1))[:, None, None]
    seconds = np.float32((frames + 1) / RATE_HZ)
    first, last = before[-1, :, :3], after[0, :, :3]
    leaving = _velocity(before[-_VELOCITY_FRAMES - 1 :]) * seconds
    arriving = _velocity(after[: _VELOCITY_FRAMES + 1]) * seconds
    ease = t * t * (3 - 2 * t)
    way: Points = first + ease * (last - first)
    way += t * (1 - t) ** 2 * leaving - t * t * (1 - t) * arriving
    lengths = bone_lengths(first) * (1 - t[..., 0]) + bone_lengths(last) * t[..., 0]
    rows = np.empty((frames, *before.shape[1:]), np.float32)
    rows[..., :3] = reshaped(way, lengths.astype(np.float32))
    rows[..., 3] = np.minimum(before[-1, :, 3], after[0, :, 3])
    rows[rows[..., 3] <= 0] = 0
    return rows


def to_and_fro(points: Points, frames: int, start: float, speed: float) -> Points:
    """Plays a motion forwards and backwards in turn, between its frames where need be.

    Args:
        points: ``(F, 20, 4)``, at least two frames.
        frames: How many come out.
        start: The frame that is the first.
        speed: Frames of the motion a frame.
    """
    last = len(points) - 1
    way = (start + speed * np.arange(frames)) % (2 * last)
    return played(points, np.where(way > last, 2 * last - way, way))


def played(points: Points, places: np.ndarray) -> Points:
    """Reads a motion ``(F, 20, 4)`` at places ``(N,)`` between its frames, 0 to F - 1."""
    before = np.clip(places.astype(np.int64), 0, len(points) - 2)
    share = (places - before).astype(np.float32)[:, None, None]
    earlier = points[before]
    return earlier + share * (points[before + 1] - earlier)


def _velocity(points: Points) -> Points:
    """The mean velocity of each joint over a few frames, ``(20, 3)`` in m/s, none over a limit."""
    velocity = (points[-1, :, :3] - points[0, :, :3]) * np.float32(RATE_HZ / (len(points) - 1))
    speed = np.linalg.norm(velocity, axis=-1, keepdims=True)
    slowed: Points = velocity * np.minimum(1, _FASTEST_M_S / np.maximum(speed, 1e-6))
    return slowed

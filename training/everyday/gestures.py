"""Gestures: what hands do of whoever stands there and does nothing that has a name.

People touch their faces, hold a telephone, talk with their hands. The data sets, in which everybody
waits for a signal, show hardly any of it, so an arm half raised would always be an action. Here an
arm of a recorded idle span goes to places before the chest and the face, by inverse kinematics, and
back; all else is as it was recorded.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.everyday.sources import LAYOUT, PELVIS, RATE_HZ, THORAX, Points

SHORTEST_S = 1.5
"""A span that a gesture fits into."""

_TRAVEL_S, _STAY_S = (0.4, 1.0), (0.05, 1.2)
_BOTH_SHARE = 0.4
_SWAY, _SWAY_HZ = 0.1, (0.5, 2.5)
"""How far at most a hand sways about where it stays, in trunks, and how often."""
_BOW = 0.3
"""How far in front of the straight way a hand goes from place to place, in trunks."""
_FASTEST_ELBOW_M_S = 4.0
_DRAWS = 5
_SIDES = ("left", "right")
_AT = LAYOUT.joints.index

Vectors = NDArray[np.float64]


@dataclass(frozen=True)
class Place:
    """Where a wrist can be, in trunks from the base of the neck; ranges are least and largest.

    Attributes:
        share: How often.
        outward: Towards the arm's own side.
        up: Along the trunk.
        forward: Whither the chest faces.
    """

    share: float
    outward: tuple[float, float]
    up: tuple[float, float]
    forward: tuple[float, float]


PLACES = (
    Place(0.45, outward=(-0.2, 0.2), up=(0.1, 0.4), forward=(0.15, 0.5)),
    Place(0.4, outward=(-0.4, 0.6), up=(-0.6, 0.1), forward=(0.25, 0.8)),
    Place(0.15, outward=(0.4, 0.65), up=(-1.0, -0.8), forward=(-0.05, 0.2)),
)
"""Before the face, before the chest, on the hip: not above or beside the head, where
hands are that wave or are raised."""


def gesticulated(points: Points, generator: np.random.Generator) -> Points:
    """Lets an arm or both of a still body move.

    Args:
        points: ``(F, 20, 4)`` at `sources.RATE_HZ`, metres, y up, of at least `SHORTEST_S`.
        generator: What is random.

    Returns:
        The same but for elbows, wrists and hands; the first and the last frame, the length of every
        bone and what is missing are as they were.
    """
    first = int(generator.integers(2))
    sides = (0, 1) if generator.random() < _BOTH_SHARE else (first,)
    moved = points.copy()
    for side in sides:
        _lead(moved, side, generator)
    return moved


def _lead(points: Points, side: int, generator: np.random.Generator) -> None:
    """Moves one arm in place; one that is not seen throughout stays as it is.

    So does one that would have to whip round to get there, after some draws.
    """
    elbow = _AT(f"{_SIDES[side]}_elbow")
    for _ in range(_DRAWS):
        led = points.copy()
        _lead_once(led, side, generator)
        steps_m = np.linalg.norm(np.diff(led[:, elbow, :3], axis=0), axis=1)
        if steps_m.max() * RATE_HZ < _FASTEST_ELBOW_M_S:
            points[:] = led
            return


def _lead_once(points: Points, side: int, generator: np.random.Generator) -> None:
    """Moves one arm in place, however fast its elbow then is."""
    own, other = (_SIDES[each] for each in (side, 1 - side))
    joints = [_AT(f"{own}_{name}") for name in ("shoulder", "elbow", "wrist", "hand")]
    if not (points[:, [*joints[:3], PELVIS, THORAX, _AT(f"{other}_shoulder")], 3] > 0).all():
        return
    shoulder, elbow, wrist, hand = (points[:, joint, :3].astype(np.float64) for joint in joints)
    neck = points[:, THORAX, :3].astype(np.float64)
    trunk = neck - points[:, PELVIS, :3]
    up = _unit(trunk)
    across = shoulder - points[:, _AT(f"{other}_shoulder"), :3]
    outward = _unit(across - _along(across, up))
    forward = np.cross(outward, up) * (1 if own == "left" else -1)
    size = np.linalg.norm(trunk, axis=1, keepdims=True)

    there, gone = _path(len(points), generator)
    body = np.stack([outward, up, forward], axis=1)
    goal = neck + size * np.einsum("fa,fax->fx", there, body)
    upper, fore = np.linalg.norm(elbow - shoulder, axis=1), np.linalg.norm(wrist - elbow, axis=1)
    bow = size * forward * gone * (1 - gone)
    wrist_now = _within(shoulder, wrist + gone * (goal - wrist) + bow, upper, fore)
    bent = generator.uniform(0.1, 0.7)
    pole = outward * np.sin(bent) - up * np.cos(bent)
    aside = (elbow - shoulder) - _along(elbow - shoulder, _unit(wrist - shoulder))
    way = _unit(wrist_now - shoulder)
    pull = aside + gone * (pole * upper[:, None] / 2 - aside)
    distance = np.linalg.norm(wrist_now - shoulder, axis=1)
    reach = (upper**2 - fore**2 + distance**2) / (2 * distance)
    height = np.sqrt(np.maximum(upper**2 - reach**2, 0))
    elbow_now = shoulder + reach[:, None] * way + height[:, None] * _unit(pull - _along(pull, way))

    held = hand - wrist
    pointing = _unit(held) + gone * (_unit(wrist_now - elbow_now) - _unit(held))
    hand_now = wrist_now + np.linalg.norm(held, axis=1, keepdims=True) * _unit(pointing)
    for joint, found in zip(joints[1:], (elbow_now, wrist_now, hand_now), strict=True):
        seen = (points[:, joint, 3] > 0) & (gone[:, 0] > 0)
        points[seen, joint, :3] = found[seen]


def _path(frames: int, generator: np.random.Generator) -> tuple[Vectors, Vectors]:
    """Where a hand goes, ``(F, 3)`` in trunks, and how far it has left its own way, ``(F, 1)``."""
    stops, times = [_place(generator)], [generator.uniform(*_TRAVEL_S)]
    back = generator.uniform(*_TRAVEL_S)
    last = (frames - 1) / RATE_HZ - back
    now = times[0] + generator.uniform(*_STAY_S)
    while now < last - _TRAVEL_S[0]:
        stops += [stops[-1], _place(generator)]
        times += [now, min(now + generator.uniform(*_TRAVEL_S), last)]
        now = times[-1] + generator.uniform(*_STAY_S)
    seconds = np.arange(frames) / RATE_HZ
    ends = np.array(stops)
    marks = np.array(times)
    after = np.searchsorted(marks, seconds, "right").clip(max=len(marks) - 1)
    before = np.maximum(after - 1, 0)
    share = (seconds - marks[before]) / np.maximum(marks[after] - marks[before], 1e-6)
    eased = _eased(share)[:, None]
    bow = np.any(ends[before] != ends[after], axis=1, keepdims=True) * np.array([0, 0, 1])
    path = ends[before] + eased * (ends[after] - ends[before])
    path += 4 * _BOW * eased * (1 - eased) * bow
    phase = 2 * np.pi * (generator.random(3) + seconds[:, None] * generator.uniform(*_SWAY_HZ))
    path += generator.uniform(0, _SWAY, 3) * np.sin(phase)
    gone = _eased(seconds / times[0]) * _eased((seconds[-1] - seconds) / back)
    return path, gone[:, None]


def _place(generator: np.random.Generator) -> Vectors:
    """Draws where a hand goes, ``(3,)``."""
    place = PLACES[generator.choice(len(PLACES), p=[each.share for each in PLACES])]
    return np.array([generator.uniform(*span) for span in (place.outward, place.up, place.forward)])


def _within(shoulder: Vectors, wrist: Vectors, upper: Vectors, fore: Vectors) -> Vectors:
    """The wrist, where the arm can reach it."""
    way = wrist - shoulder
    distance = np.linalg.norm(way, axis=1)
    kept = np.clip(distance, np.abs(upper - fore) + 0.05, upper + fore)
    within: Vectors = shoulder + way * (kept / np.maximum(distance, 1e-6))[:, None]
    return within


def _eased(share: Vectors) -> Vectors:
    """From 0 to 1, at rest at both ends."""
    inner = np.clip(share, 0, 1)
    eased: Vectors = inner * inner * (3 - 2 * inner)
    return eased


def _along(vectors: Vectors, ways: Vectors) -> Vectors:
    """The part of each vector along a unit vector."""
    part: Vectors = (vectors * ways).sum(axis=1, keepdims=True) * ways
    return part


def _unit(vectors: Vectors) -> Vectors:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Vectors = vectors / np.maximum(length, 1e-9)
    return unit

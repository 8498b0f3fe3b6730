"""Chooses two bodies among those that a tracker saw in a clip, as the field does for Kinect data.

A tracker numbers bodies; a person who is lost and found again gets a new number, and furniture may
get one too. It knows positions and numbers, not files.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.readers.reader import seen

BODIES = 2
"""Persons of a clip, as in the published pipelines; the place of one who is not there is zeros."""


@dataclass(frozen=True, eq=False)
class Track:
    """One body as its tracker followed it.

    Attributes:
        frames: ``(n,)`` the frames in which it was seen, increasing.
        positions: ``(n, V, C)`` its joints in these frames.
    """

    frames: NDArray[np.int64]
    positions: NDArray[np.float64]


def main_bodies(tracks: Sequence[Track], frames: int) -> NDArray[np.float64]:
    """Puts at most two bodies into each frame, those that move most, the one that moves more first.

    The tracks are taken in the order of their motion. Each goes to the first place that is free in
    all of its frames: so a person who comes back under another number stays the same person, and
    of three that are there at a time the one that moves least is left out.

    Args:
        tracks: At least one, all of the same joints.
        frames: T, the number of frames of the clip.

    Returns:
        ``(T, 2, V, C)``; zeros where there is nobody.
    """
    bodies = np.zeros((frames, BODIES, *tracks[0].positions.shape[1:]))
    taken = np.zeros((frames, BODIES), dtype=np.bool_)
    for track in sorted(tracks, key=lambda track: motion(track.positions), reverse=True):
        for place in range(BODIES):
            if not taken[track.frames, place].any():
                bodies[track.frames, place] = track.positions
                taken[track.frames, place] = True
                break
    return bodies


def motion(positions: NDArray[np.floating[Any]]) -> float:
    """How far a body spreads over its frames: the published measure of who is the main one.

    The standard deviation of each coordinate over all joints and frames, summed (Shahroudy, Liu,
    Ng, Wang: NTU RGB+D, CVPR 2016, and 2s-AGCN's reader after it). Joints that are not finite, or
    were not seen, do not count.

    Args:
        positions: ``(n, V, C)``.
    """
    known = np.isfinite(positions).all(axis=-1) & seen(positions)
    return float(positions[known].std(axis=0).sum()) if known.any() else 0.0

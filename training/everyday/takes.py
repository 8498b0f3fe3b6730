"""Takes: a store's clips cut into spans of one action, of background, or of standing still.

It joins what a label means with where the body moves. It knows no person and no stream.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from model.pose.store import PoseClip, PoseStore
from training.everyday.posture import STILL_M_S, extent, posture, speed_m_s
from training.everyday.sources import SHORTEST_FRAMES, Motion, Points, motions
from training.everyday.vocabulary import Meaning

Kind = Literal["action", "background", "unknown", "idle"]
IDLE_FRAMES = 12
"""A still span that is shorter is not played to and fro."""


@dataclass(frozen=True, eq=False)
class Take:
    """A motion of one kind.

    Attributes:
        kind: What it is; ``idle`` is real stillness, of whatever posture.
        label: The class of the vocabulary; 0 for background and idle, and for the unknown too.
        points: ``(F, 20, 4)`` at `sources.RATE_HZ`, y up and 0 on the floor.
        start: The first frame that shows it: before it the person is still.
        stop: The frame that it ends before.
        entry: `posture` of the first frame.
        exit: `posture` of the last frame.
    """

    kind: Kind
    label: int
    points: Points
    start: int
    stop: int
    entry: NDArray[np.float64]
    exit: NDArray[np.float64]

    def __len__(self) -> int:
        """Number of frames."""
        return len(self.points)


def takes_of(store: PoseStore, place: int, meanings: tuple[Meaning, ...]) -> Iterator[Take]:
    """The takes of one clip.

    A clip with one label is that from the first frame that moves to the last, as `extent` finds
    them; the still frames around it stay with it as background, and are idle on their own where
    they are long enough. A recording with labels by frame gives what its owners labelled, from
    their first frame to their last, and of its background what is still: the rest is walking,
    turning and reaching, which nobody labelled. What is not used gives nothing.
    """
    clip = store[place]
    for motion in motions(clip, store.data_set):
        if clip.frame_labels is not None:
            yield from _by_frame(motion, clip.frame_labels[motion.frames], meanings)
        elif clip.label is not None:
            yield from _by_clip(motion, clip, meanings[clip.label])


def _by_clip(motion: Motion, clip: PoseClip, meaning: Meaning) -> Iterator[Take]:
    points = motion.points
    start, stop = extent(points)
    if meaning.use != "unused":
        yield _take(meaning.use, meaning.label or 0, points, start, stop)
    for still in (points[:start], points[stop:]):
        if len(still) >= IDLE_FRAMES:
            yield _take("idle", 0, still, 0, len(still))


def _by_frame(
    motion: Motion, labels: NDArray[np.int16], meanings: tuple[Meaning, ...]
) -> Iterator[Take]:
    edges = np.flatnonzero(np.diff(labels, prepend=-2, append=-2))
    for start, stop in pairwise(edges.tolist()):
        meaning = meanings[labels[start]] if labels[start] >= 0 else Meaning("unused")
        points = motion.points[start:stop]
        if len(points) < SHORTEST_FRAMES:
            continue
        if meaning.use in ("action", "unknown"):
            yield _take(meaning.use, meaning.label or 0, points, 0, len(points))
        elif meaning.use == "background":
            yield from _still(points)


def _still(points: Points) -> Iterator[Take]:
    """The spans of a motion in which nothing moves appreciably."""
    still = np.concatenate(([False], speed_m_s(points) < STILL_M_S, [False]))
    edges = np.flatnonzero(np.diff(still))
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        if stop - start >= IDLE_FRAMES:
            yield _take("idle", 0, points[start:stop], 0, int(stop - start))


def _take(kind: Kind, label: int, points: Points, start: int, stop: int) -> Take:
    return Take(kind, label, points, start, stop, posture(points[0]), posture(points[-1]))

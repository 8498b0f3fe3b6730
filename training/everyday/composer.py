"""The composer: pieces of one person joined into one continuous stream, labelled by frame.

A stream is drawn from a generator alone. It knows people and classes, no store and no camera.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.pose.metrics import segments
from model.pose.store import LEFT_OUT, Segment
from training.everyday.joining import met, transition
from training.everyday.pieces import Manner, Repertoire
from training.everyday.posture import facing_radians, near, posture
from training.everyday.shelf import Idle, Person
from training.everyday.sources import LAYOUT, PELVIS, RATE_HZ, Points
from training.everyday.vocabulary import Vocabulary

_HOME_M, _TRAVEL_M = 0.75, 0.5
"""Who is farther from where they began, and about to go farther than this, turns back."""
_TURNING_RADIANS_S = np.radians(150)
_TAIL_FRAMES = 8
_LEVEL = [0, 2]


@dataclass(frozen=True, eq=False)
class Composed:
    """What was composed.

    Attributes:
        points: ``(F, 20, 4)`` at `sources.RATE_HZ`, y up, metres.
        labels: ``(F,)`` classes of the vocabulary, or ``LEFT_OUT``.
        segments: Each action with its class, in order; one kept from training has the first number
            behind the classes, and its frames are ``LEFT_OUT``.
        seams: ``(S, 2)`` the first frame of each transition, and the frame that it ends before.
    """

    points: Points
    labels: NDArray[np.int16]
    segments: tuple[Segment, ...]
    seams: NDArray[np.int64]


class Composer:
    """Composes streams of one person at a time."""

    def __init__(self, vocabulary: Vocabulary, idle: Idle) -> None:
        """Takes the classes, and what people stand still by."""
        self._idle = idle
        self._classes, self._cyclic = len(vocabulary.labels), vocabulary.cyclic
        # The unknown, behind the classes, mirrors to itself; so does LEFT_OUT, counted backwards.
        self._mirror = np.array([*vocabulary.mirror, self._classes, LEFT_OUT], np.int16)

    def compose(
        self,
        person: Person,
        manner: Manner,
        generator: np.random.Generator,
        mirrored: bool = False,
        favoured: int | None = None,
    ) -> Composed:
        """Composes one stream.

        A transition's frames are background, between two pieces of background too; but where one
        posture cannot pass into the next without an action (from lying to whatever follows) nobody
        can say what they show, and they are ``LEFT_OUT``.

        Args:
            person: Who is seen.
            manner: How.
            generator: What is random; the same state composes the same.
            mirrored: Whether left and right change places.
            favoured: A class, before mirroring, that is shown more than the others.
        """
        repertoire = Repertoire(person, self._idle, manner, self._classes, self._cyclic, favoured)
        piece = repertoire.first(generator)
        points, labels, seams = [piece.points], [piece.labels()], []
        frames = len(piece.points)
        while frames < manner.seconds * RATE_HZ:
            last = points[-1][-_TAIL_FRAMES:]
            now = posture(last[-1])
            piece = repertoire.next(now, generator)
            turn = _turn_radians(points[0][0], last[-1], piece.points, manner, generator)
            seconds = generator.uniform(*manner.transition_seconds)
            count = round(max(seconds, abs(turn) / _TURNING_RADIANS_S) * RATE_HZ)
            placed = met(last, piece.points, count, turn)
            passes = bool(near(posture(placed[0]), now))
            points += [transition(last, placed, count), placed]
            labels += [np.full(count, 0 if passes else LEFT_OUT, np.int16), piece.labels()]
            seams.append((frames, frames + count))
            frames += count + len(placed)
        whole, classes = np.concatenate(points), np.concatenate(labels)
        if mirrored:
            whole, classes = _mirrored(whole), self._mirror[classes]
        found = tuple(
            Segment(run.label, run.start, run.stop) for run in segments(classes) if run.label > 0
        )
        classes[classes == self._classes] = LEFT_OUT
        return Composed(whole, classes, found, np.array(seams, np.int64).reshape(-1, 2))


def _mirrored(points: Points) -> Points:
    """The mirror image of ``(F, 20, 4)``: x turned round, left and right named anew."""
    return points[:, LAYOUT.mirror] * np.array([-1, 1, 1, 1], np.float32)


def _turn_radians(
    home: Points,
    now: Points,
    after: Points,
    manner: Manner,
    generator: np.random.Generator,
) -> float:
    """How far a body turns before its next piece: towards home where it would leave, else little.

    Args:
        home: ``(20, 4)`` the stream's first frame.
        now: ``(20, 4)`` its last.
        after: ``(F, 20, 4)`` what follows, not yet placed.
        manner: How far it may turn.
        generator: What is random.
    """
    largest = np.radians(manner.turn_degrees)
    back = (home - now)[PELVIS, _LEVEL]
    way = (after[-1] - after[0])[PELVIS, _LEVEL]
    if np.hypot(*back) < _HOME_M or np.hypot(*way) < _TRAVEL_M:
        return float(generator.uniform(-largest, largest) / 4)
    heading = np.arctan2(*way) + facing_radians(now) - facing_radians(after[0])
    apart = (np.arctan2(*back) - heading + np.pi) % (2 * np.pi) - np.pi
    return float(np.clip(apart, -largest, largest))

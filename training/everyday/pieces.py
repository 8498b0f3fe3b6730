"""Pieces: what one person does next in a stream, drawn from what they can do from where they are.

It knows takes and postures; joining is `composer`'s.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.everyday.gestures import SHORTEST_S, gesticulated
from training.everyday.joining import played, to_and_fro
from training.everyday.posture import near, posture
from training.everyday.shelf import Idle, Person
from training.everyday.sources import PELVIS, RATE_HZ, Points
from training.everyday.takes import Take

_BACKGROUND, _UNKNOWN = 0, -1
_FAVOUR = 1 / 3
_UPRIGHT = 0.7
"""The least cosine of a trunk to the vertical of whoever gestures: who lies does not."""


@dataclass(frozen=True)
class Manner:
    """How streams are composed; ranges are least and largest.

    Attributes:
        seconds: Least length of a stream.
        transition_seconds: Length of what leads from one piece over into the next; who turns far
            takes the longer.
        idle_share: Share of pieces that are standing still, where somebody can.
        background_share: Share of the others that are actions out of the vocabulary.
        unknown_share: Share of the others that are actions kept from training.
        idle_seconds: Length of standing still, log-uniform.
        gesture_share: Share of standing still, where it is upright, in which hands gesture.
        cyclic_seconds: How much is shown of a long take of an action of which any part is it.
        cyclic_m: How far it goes at most, unless its least length goes farther.
        speed: Of each piece against the recording, log-uniform.
        turn_degrees: How far a body turns in a transition, to come back to where it began.
    """

    seconds: float = 60.0
    transition_seconds: tuple[float, float] = (0.3, 0.8)
    idle_share: float = 0.4
    background_share: float = 0.2
    unknown_share: float = 0.0
    idle_seconds: tuple[float, float] = (0.7, 5.0)
    gesture_share: float = 0.0
    cyclic_seconds: tuple[float, float] = (2.0, 5.0)
    cyclic_m: float = 3.0
    speed: tuple[float, float] = (0.8, 1.25)
    turn_degrees: float = 120.0


@dataclass(frozen=True, eq=False)
class Piece:
    """What comes next.

    Attributes:
        points: ``(F, 20, 4)``, where it was recorded.
        label: The class of the frames from `start` to before `stop`; 0 for background, K, the first
            number behind the classes, for what is unknown. All others are background.
        start: The first frame that shows it.
        stop: The frame that it ends before.
    """

    points: Points
    label: int
    start: int
    stop: int

    def labels(self) -> NDArray[np.int16]:
        """``(F,)`` the class of each frame."""
        labels = np.zeros(len(self.points), np.int16)
        labels[self.start : self.stop] = self.label
        return labels


class Repertoire:
    """What one person can do."""

    def __init__(
        self,
        person: Person,
        idle: Idle,
        manner: Manner,
        classes: int,
        cyclic: frozenset[int],
        favoured: int | None = None,
    ) -> None:
        """Takes who acts and how.

        Args:
            person: Who.
            idle: What they can stand still by.
            manner: How often what is shown, and how long.
            classes: Number of classes, K.
            cyclic: Those of which any part is the whole.
            favoured: The class that every third action is of, where it can be.
        """
        self._person, self._idle, self._manner = person, idle, manner
        self._classes, self._cyclic, self._favoured = classes, cyclic, favoured

    def first(self, generator: np.random.Generator) -> Piece:
        """Draws what a stream begins with: any action, background where the person has it."""
        return self._drawn(np.ones(len(self._person.takes), np.bool_), generator)

    def next(self, now: NDArray[np.float64], generator: np.random.Generator) -> Piece:
        """Draws what can follow posture `now`, ``(2,)``: standing still, or another take.

        Where no take begins near that posture, any may follow.
        """
        if generator.random() < self._manner.idle_share:
            fitting = self._idle.fitting(self._person, now)
            if len(fitting):
                return self._still(int(fitting[generator.integers(len(fitting))]), generator)
        return self._drawn(near(self._person.entries, now), generator)

    def _drawn(self, fits: NDArray[np.bool_], generator: np.random.Generator) -> Piece:
        """Draws a kind, then a class, then a take of it, among those that fit if any does."""
        labels, manner, kind = self._person.labels, self._manner, generator.random()
        if kind < manner.unknown_share:
            wanted = labels == _UNKNOWN
        elif kind < manner.unknown_share + manner.background_share:
            wanted = labels == _BACKGROUND
        else:
            wanted = labels > _BACKGROUND
        known = labels > _UNKNOWN
        for allowed in (fits & wanted, fits & known, wanted):
            if allowed.any():
                break
        else:
            allowed = known
        possible = np.unique(labels[allowed])
        label = generator.choice(possible)
        if label > _BACKGROUND and self._favoured in possible:
            label = self._favoured if generator.random() < _FAVOUR else label
        places = np.flatnonzero(allowed & (labels == label))
        return self._shown(self._person.takes[generator.choice(places)], generator)

    def _shown(self, take: Take, generator: np.random.Generator) -> Piece:
        start, stop = 0, len(take)
        if take.label in self._cyclic:
            start, stop = self._part(take.points, generator)
        places = np.arange(start, stop - 1, self._speed(generator))
        label = self._classes if take.kind == "unknown" else take.label
        return Piece(
            played(take.points, places),
            label,
            int(np.searchsorted(places, take.start)),
            int(np.searchsorted(places, take.stop)),
        )

    def _part(self, points: Points, generator: np.random.Generator) -> tuple[int, int]:
        """Draws a part of a cyclic motion that is neither long nor leads far."""
        least, largest = (round(seconds * RATE_HZ) for seconds in self._manner.cyclic_seconds)
        steps = np.diff(points[:, PELVIS, [0, 2]], axis=0)
        frames_a_m = len(steps) / max(float(np.linalg.norm(steps, axis=1).sum()), 1e-6)
        largest = min(largest, max(least, round(self._manner.cyclic_m * frames_a_m)))
        if len(points) <= largest:
            return 0, len(points)
        length = int(generator.integers(least, largest + 1))
        start = int(generator.integers(len(points) - length + 1))
        return start, start + length

    def _still(self, place: int, generator: np.random.Generator) -> Piece:
        points = self._idle.worn_by(place, self._person)
        seconds = np.exp(generator.uniform(*np.log(self._manner.idle_seconds)))
        begin = 2 * (len(points) - 1) * generator.random()
        gestures = self._gestures(points, generator)
        frames = round((max(seconds, SHORTEST_S) if gestures else seconds) * RATE_HZ)
        still = to_and_fro(points, frames, begin, self._speed(generator))
        if gestures:
            still = gesticulated(still, generator)
        return Piece(still, _BACKGROUND, 0, frames)

    def _gestures(self, points: Points, generator: np.random.Generator) -> bool:
        """Draws whether hands gesture; nothing is drawn where none ever do."""
        share = self._manner.gesture_share
        return share > 0 and generator.random() < share and bool(posture(points[0])[1] > _UPRIGHT)

    def _speed(self, generator: np.random.Generator) -> float:
        return float(np.exp(generator.uniform(*np.log(self._manner.speed))))

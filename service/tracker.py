"""The tracker: who is who from frame to frame, where a client gives its people no ids.

As in ByteTrack (Zhang et al. 2022, section 3): people who are seen well are associated first, those
seen badly with whom is left over; here by how alike keypoints are (the object keypoint similarity
of COCO), with the body carried on at its own speed. Keypoints may be in pixels or metres: a
distance counts in lengths of the body. It reads no clock; times are the client's.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from model.pose.stream import PERSON_ENDS_MS
from service.assignment import assign

Keypoints = NDArray[np.float32]

WELL_SEEN = 0.5
"""The mean score of a person's joints from which on they are associated first."""

SPREAD = 0.15
"""How far a joint strays from where it was expected, in lengths of the body."""

SPREAD_A_SECOND = 0.3
"""By how much that grows while the person is not seen; together with the least likeness, a second
leaves room for about a body length, which is what somebody walks."""

LEAST_ALIKE = 0.05
"""What is less alike is somebody else: joints 2.4 spreads away."""

SPEED_KEPT = 0.5
"""The share of its earlier speed in that of a body; the rest is what was seen last."""

CARRIED_MS = 300.0
"""A body goes on at its speed for so long after it was seen, and then waits."""


class TrackState(msgspec.Struct, frozen=True):
    """One person as plain values; `body` is little-endian float32 of (V, 4)."""

    person: int
    seen_ms: float
    body: bytes
    speed: tuple[float, float, float]


class TrackerState(msgspec.Struct, frozen=True):
    """What the ids to come depend on."""

    tracks: tuple[TrackState, ...] = ()
    next_id: int = 0


@dataclass
class _Track:
    """One person.

    Attributes:
        person: the id.
        seen_ms: when they were seen last.
        body: (V, 4) as they were then.
        speed: (3,) of the whole body, a millisecond.
    """

    person: int
    seen_ms: float
    body: Keypoints
    speed: NDArray[np.float64]

    def see(self, t_ms: float, body: Keypoints) -> None:
        """Takes the person's new place in."""
        step_ms = t_ms - self.seen_ms
        common = (self.body[:, 3] > 0) & (body[:, 3] > 0)
        if step_ms > 0 and common.any():
            moved = (body[common, :3] - self.body[common, :3]).mean(axis=0, dtype=np.float64)
            self.speed = SPEED_KEPT * self.speed + (1 - SPEED_KEPT) * moved / step_ms
        self.seen_ms, self.body = t_ms, body


class Tracker:
    """The people of one stream. Ids count from 0 and are never given twice.

    A single person who follows a single person is the same one, wherever they are: a client of
    one person at a low rate or with a shaky estimator keeps its window.

    Args:
        limit: remember at most so many people; the one not seen for longest is forgotten first.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._tracks: list[_Track] = []
        self._next = 0

    def step(self, t_ms: float, people: Sequence[Keypoints]) -> list[int]:
        """Returns the id of each person of a frame.

        Args:
            t_ms: the frame's time, later than that of any before.
            people: for each (V, 4) rows x, y, z, score; score 0 is a missing joint.
        """
        # By where they are, from the left: their order in the message is nothing.
        order = sorted(range(len(people)), key=lambda place: people[place].tolist())
        met = self._meet(t_ms, [people[place] for place in order])
        ids = dict(zip(order, met, strict=True))
        return [ids[place] for place in range(len(people))]

    def begin_anew(self) -> None:
        """Forgets everybody, but not which ids were given: the client's clock was set back."""
        self._tracks = []

    def state(self) -> TrackerState:
        """Returns what the ids to come depend on."""
        tracks = (
            TrackState(t.person, t.seen_ms, t.body.astype("<f4").tobytes(), tuple(t.speed.tolist()))
            for t in self._tracks
        )
        return TrackerState(tuple(tracks), self._next)

    def restore(self, state: TrackerState) -> None:
        """Goes on from a state.

        Raises:
            ValueError: it is of no people.
        """
        self._next = state.next_id
        self._tracks = [
            _Track(
                track.person,
                track.seen_ms,
                np.frombuffer(track.body, "<f4").reshape(-1, 4),
                np.array(track.speed),
            )
            for track in state.tracks
        ]

    def _meet(self, t_ms: float, people: Sequence[Keypoints]) -> list[int]:
        self._tracks = [t for t in self._tracks if t_ms - t.seen_ms <= PERSON_ENDS_MS]
        found: dict[int, _Track] = {}
        if len(people) == len(self._tracks) == 1:
            found[0] = self._tracks[0]
        elif people:
            found = self._associate(t_ms, people)
        for place, body in enumerate(people):
            if place in found:
                found[place].see(t_ms, body)
            else:
                found[place] = _Track(self._next, t_ms, body, np.zeros(3))
                self._next += 1
                self._tracks.append(found[place])
        self._tracks = sorted(self._tracks, key=lambda t: (-t.seen_ms, t.person))[: self._limit]
        return [found[place].person for place in range(len(people))]

    def _associate(self, t_ms: float, people: Sequence[Keypoints]) -> dict[int, _Track]:
        """Place in the frame → the track that goes on there."""
        bodies = np.stack(people)
        present = bodies[..., 3] > 0
        score = bodies[..., 3].sum(axis=1) / np.maximum(present.sum(axis=1), 1)
        found: dict[int, _Track] = {}
        left = self._tracks
        for chosen in (score >= WELL_SEEN, score < WELL_SEEN):
            places = np.flatnonzero(chosen).tolist()
            if places and left:
                alike = likeness(t_ms, left, bodies[places])
                for row, column in assign(np.where(alike < LEAST_ALIKE, 0, alike)):
                    found[places[column]] = left[row]
                taken = {track.person for track in found.values()}
                left = [track for track in left if track.person not in taken]
        return found


def likeness(t_ms: float, tracks: Sequence[_Track], bodies: Keypoints) -> NDArray[np.float64]:
    """Returns how alike tracks and people are, from 0 to 1, where both have a joint in common.

    Args:
        t_ms: the time of `bodies`.
        tracks: N people as they were.
        bodies: (M, V, 4) of people as they are.

    Returns:
        (N, M): the mean over joints in common of exp(-d²/2k²), d being the distance in lengths
        of the track's body and k the spread after so long.
    """
    unseen_ms = np.array([t_ms - track.seen_ms for track in tracks])
    speed = np.stack([track.speed for track in tracks])
    carried = speed * np.minimum(unseen_ms, CARRIED_MS)[:, None]
    before = np.stack([track.body for track in tracks]).astype(np.float64)
    expected = before[..., :3] + carried[:, None]
    offset = expected[:, None] - bodies[None, ..., :3]
    common = (before[:, None, :, 3] > 0) & (bodies[None, ..., 3] > 0)
    spread = (SPREAD + SPREAD_A_SECOND * unseen_ms / 1000) * _lengths(before)
    alike = np.exp(-(offset**2).sum(axis=-1) / (2 * spread[:, None, None] ** 2))
    mean = (alike * common).sum(axis=-1) / np.maximum(common.sum(axis=-1), 1)
    result: NDArray[np.float64] = mean
    return result


def _lengths(bodies: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N,) how far people extend along the axis along which they extend most."""
    present = bodies[..., 3:] > 0
    low = np.where(present, bodies[..., :3], np.inf).min(axis=1)
    high = np.where(present, bodies[..., :3], -np.inf).max(axis=1)
    extent = np.where(present.any(axis=1), high - low, 0).max(axis=1)
    lengths: NDArray[np.float64] = np.maximum(extent, np.finfo(np.float32).tiny)
    return lengths

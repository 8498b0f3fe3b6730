"""The people of a message: rows or bytes as they came become keypoints in the model's axes.

Pictures are in pixels afterwards, positions in metres with y up, whatever the client declared; a
model of pictures is given what a camera far away sees of positions. What is wrong with a message is
refused here, before it touches any window.
"""

from collections.abc import Iterable, Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from model.pose.layout import Layout
from model.pose.projection import SEEN
from model.pose.stream import PERSON_ENDS_MS
from service.protocol import Hello, PersonPose, Pose, Refusal, Up
from service.tracker import Tracker, TrackerState

Keypoints = NDArray[np.float32]

FURTHEST = 1e6
"""Pixels or metres from the origin; what lies beyond is no keypoint, and its square no float32."""

FLICKER = 4
"""So many times the people of a message may come and go within `PERSON_ENDS_MS`: each costs memory
until it has ended."""

LARGEST_ID = 2**63 - 1

_UPRIGHT: Mapping[Up, tuple[tuple[int, int, int], ...]] = {
    "y": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "-y": ((-1, 0, 0), (0, -1, 0), (0, 0, 1)),
    "z": ((1, 0, 0), (0, 0, 1), (0, -1, 0)),
    "-z": ((1, 0, 0), (0, 0, -1), (0, 1, 0)),
    "x": ((0, -1, 0), (1, 0, 0), (0, 0, 1)),
    "-x": ((0, 1, 0), (-1, 0, 0), (0, 0, 1)),
}
"""Which axis is up → the rotation, rows being the new axes, after which y is."""


class ReaderState(msgspec.Struct, frozen=True):
    """What the ids to come depend on: (id, when seen last) of the last second, and the tracker."""

    seen_ms: tuple[tuple[int, float], ...]
    tracker: TrackerState


class PeopleReader:
    """Reads the people of one client's messages.

    Args:
        hello: what the client declared of its keypoints; a picture has a size.
        layout: the layout that it named.
        limit: how many people a message may hold.
        dimensions: 2 where the model reads pictures, 3 where it reads positions.
    """

    def __init__(self, hello: Hello, layout: Layout, limit: int, dimensions: int) -> None:
        self._layout = layout
        self._limit = limit
        self._metric = hello.coordinates == "metres"
        self._columns = 4 if self._metric else 3
        self._scale = np.ones(2, np.float32)
        if hello.coordinates == "normalised" and hello.size is not None:
            self._scale = np.array(hello.size, np.float32)
        self._axes = np.array(_UPRIGHT[hello.up], np.float32)
        if dimensions == 2:
            self._axes = np.diag(SEEN).astype(np.float32) @ self._axes
        self._seen_ms: dict[int, float] = {}
        self._tracker = Tracker(FLICKER * limit)

    def read(self, pose: Pose) -> dict[int, Keypoints]:
        """Returns id → (V, 4) rows x, y, z, score; people without ids get a tracker's.

        Raises:
            Refusal: there are too many people, ids are given for some only or twice, or keypoints
                are of the wrong number or width, not finite or too far away.
        """
        if len(pose.people) > self._limit:
            raise Refusal(
                "too-many-people",
                f"a message holds at most {self._limit} people, this one {len(pose.people)}",
            )
        ids = [person.id for person in pose.people]
        given = [person for person in ids if person is not None]
        if given and len(given) < len(ids):
            raise Refusal("bad-ids", "ids are given for all people of a message or for none")
        if any(abs(person) > LARGEST_ID for person in given):
            raise Refusal("bad-ids", f"an id is an integer within ±{LARGEST_ID}")
        if len(set(given)) < len(given):
            raise Refusal("bad-ids", f"each person of a message has an id of its own, got {given}")
        keypoints = [self._keypoints(place, person) for place, person in enumerate(pose.people)]
        numbers = given or self._tracker.step(pose.t_ms, keypoints)
        self._count(numbers, pose.t_ms)
        return dict(zip(numbers, keypoints, strict=True))

    def begin_anew(self) -> None:
        """Forgets everybody: the client's clock was set back."""
        self._seen_ms.clear()
        self._tracker.begin_anew()

    def state(self) -> bytes:
        """Returns what the ids to come depend on."""
        return msgspec.msgpack.encode(
            ReaderState(tuple(self._seen_ms.items()), self._tracker.state())
        )

    def restore(self, state: bytes) -> None:
        """Goes on from a state.

        Raises:
            ValueError: it is none.
        """
        restored = msgspec.msgpack.decode(state, type=ReaderState)
        self._seen_ms = dict(restored.seen_ms)
        self._tracker.restore(restored.tracker)

    def _count(self, people: Iterable[int], t_ms: float) -> None:
        seen_ms = {p: ms for p, ms in self._seen_ms.items() if t_ms - ms <= PERSON_ENDS_MS}
        seen_ms.update(dict.fromkeys(people, t_ms))
        if len(seen_ms) > FLICKER * self._limit:
            raise Refusal(
                "too-many-people",
                f"at most {FLICKER * self._limit} people come and go within "
                f"{PERSON_ENDS_MS:g} ms, here it is {len(seen_ms)}: keep a person's id",
            )
        self._seen_ms = seen_ms

    def _keypoints(self, place: int, person: PersonPose) -> Keypoints:
        rows = self._rows(place, person.keypoints)
        keypoints = np.zeros((len(rows), 4), np.float32)
        keypoints[:, 3] = rows[:, -1]
        with np.errstate(over="ignore", invalid="ignore"):
            if self._metric:
                keypoints[:, :3] = rows[:, :3] @ self._axes.T
            else:
                np.multiply(rows[:, :2], self._scale, out=keypoints[:, :2])
        # What overflowed is infinite, and NaN is not within anything.
        if not np.abs(keypoints).max() <= FURTHEST:
            self._check(place, rows, keypoints)
        np.minimum(keypoints[:, 3], 1, out=keypoints[:, 3])
        keypoints[keypoints[:, 3] <= 0] = 0
        return keypoints

    def _check(self, place: int, rows: Keypoints, keypoints: Keypoints) -> None:
        """Refuses a person of whom a number is not finite, or a joint that is seen too far away."""
        if not np.isfinite(rows).all():
            raise Refusal(
                "not-finite",
                f"keypoints are finite numbers, a missing joint has score 0; person {place} has "
                "NaN or infinity",
            )
        furthest = np.abs(keypoints[keypoints[:, 3] > 0, :3]).max(initial=0)
        if not furthest <= FURTHEST:
            raise Refusal(
                "too-far",
                f"keypoints lie within {FURTHEST:.0f} {'metres' if self._metric else 'pixels'} of "
                f"the origin, one of person {place} is {furthest:.3g} away",
            )

    def _rows(self, place: int, keypoints: list[list[float]] | bytes) -> Keypoints:
        """The (V, 3 or 4) float32 rows as they came."""
        joints, columns = len(self._layout.joints), self._columns
        if isinstance(keypoints, bytes):
            if len(keypoints) != joints * columns * 4:
                raise Refusal(
                    "wrong-keypoints",
                    f"{self._layout.name} keypoints are {joints * columns * 4} bytes "
                    f"({joints} joints of {columns} float32), person {place} has {len(keypoints)}",
                )
            return np.frombuffer(keypoints, "<f4").reshape(joints, columns)
        if len(keypoints) != joints:
            raise Refusal(
                "wrong-keypoints",
                f"{self._layout.name} has {joints} keypoints, person {place} has {len(keypoints)}",
            )
        for joint, row in zip(self._layout.joints, keypoints, strict=True):
            if len(row) != columns:
                raise Refusal(
                    "wrong-keypoints",
                    f"a keypoint is {'x, y, z, score' if self._metric else 'x, y, score'}; "
                    f"{joint} of person {place} has {len(row)} numbers",
                )
        # Numbers beyond float32 become infinite here, and are refused as such.
        with np.errstate(over="ignore"):
            return np.array(keypoints, np.float64).astype(np.float32)

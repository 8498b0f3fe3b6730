"""The shelf: all takes of one part, by who is seen, and the idle spans that everybody shares.

It reads stores once and keeps their motion in memory. It knows no stream.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from model.pose.store import UNKNOWN_SUBJECT, ClipEntry, PoseStore
from training.everyday.bones import bone_lengths, reshaped
from training.everyday.posture import near
from training.everyday.sources import Points, on_the_floor
from training.everyday.splits import Part, Splits, Who, who
from training.everyday.takes import Take, takes_of
from training.everyday.vocabulary import Vocabulary


@dataclass(frozen=True, eq=False)
class Person:
    """Somebody as one camera saw them.

    Attributes:
        data_set: Name of the data set.
        who: The subject, or the style that stands for one.
        view: The camera, where there are several.
        takes: What they do, at least one action.
    """

    data_set: str
    who: Who
    view: int | None
    takes: tuple[Take, ...]

    @property
    def name(self) -> str:
        """Data set, person and camera in one word."""
        return f"{self.data_set}/{self.who}" + ("" if self.view is None else f"/view{self.view}")

    @property
    def subject(self) -> int:
        """The subject's number, where the data set says it."""
        return self.who if isinstance(self.who, int) else UNKNOWN_SUBJECT

    @cached_property
    def lengths(self) -> Points:
        """``(20,)`` lengths of the bones, the medians of what the takes show."""
        frames = np.concatenate([take.points[::5, :, :3] for take in self.takes])
        return np.median(bone_lengths(frames), axis=0)

    @cached_property
    def seen(self) -> NDArray[np.bool_]:
        """``(20,)`` which joints the data set's layout has."""
        seen: NDArray[np.bool_] = self.takes[0].points[0, :, 3] > 0
        return seen

    @cached_property
    def actions(self) -> tuple[int, ...]:
        """The classes that they have takes of."""
        return tuple(sorted({take.label for take in self.takes if take.kind == "action"}))

    @property
    def does_unknown(self) -> bool:
        """Whether they have takes of actions that are kept from training."""
        return any(take.kind == "unknown" for take in self.takes)

    @cached_property
    def entries(self) -> NDArray[np.float64]:
        """``(takes, 2)`` posture of the first frame of each take."""
        return np.array([take.entry for take in self.takes])

    @cached_property
    def labels(self) -> NDArray[np.int64]:
        """``(takes,)`` class of each action, -1 for unknown ones and 0 for background."""
        return np.array(
            [-1 if take.kind == "unknown" else take.label for take in self.takes], np.int64
        )


@dataclass(frozen=True, eq=False)
class Idle:
    """Real stillness of everybody of a part.

    Attributes:
        takes: The spans, of any data set.
    """

    takes: tuple[Take, ...]

    def fitting(self, person: Person, now: NDArray[np.float64]) -> NDArray[np.int64]:
        """Which takes a person can stand still by who is in posture `now`, ``(2,)``."""
        if not self.takes:
            return np.zeros(0, np.int64)
        whole = (self._seen | ~person.seen).all(axis=1)
        return np.flatnonzero(near(self._entries, now) & whole)

    def worn_by(self, place: int, person: Person) -> Points:
        """A span with a person's bones and joints, on the floor, ``(F, 20, 4)``."""
        points = self.takes[place].points.copy()
        points[..., :3] = reshaped(points[..., :3], person.lengths)
        points[:, ~person.seen] = 0
        return on_the_floor(points)

    @cached_property
    def _entries(self) -> NDArray[np.float64]:
        return np.array([take.entry for take in self.takes])

    @cached_property
    def _seen(self) -> NDArray[np.bool_]:
        return np.array([take.points[0, :, 3] > 0 for take in self.takes])


@dataclass(frozen=True, eq=False)
class Shelf:
    """All takes of one part.

    Attributes:
        vocabulary: What the takes' labels are of.
        part: Which part.
        people: By data set, then by person and camera.
        idle: What stands still.
    """

    vocabulary: Vocabulary
    part: Part
    people: tuple[Person, ...]
    idle: Idle


def fill_shelf(
    stores: Iterable[PoseStore], vocabulary: Vocabulary, splits: Splits, part: Part
) -> Shelf:
    """Reads the takes of one part of some stores.

    Raises:
        VocabularyError, SplitError: A store does not fit the vocabulary or the splits.
        StoreError: A store is of a data set whose clock and camera are not known.
    """
    people: list[Person] = []
    idle: list[Take] = []
    for store in stores:
        meanings = vocabulary.of(store.data_set)
        found: dict[tuple[str, Who, int | None], list[Take]] = {}
        for place in splits.places(store, part):
            entry = store.entries[place]
            for take in takes_of(store, place, meanings):
                if take.kind == "idle":
                    idle.append(take)
                else:
                    found.setdefault(_somebody(entry), []).append(take)
        name = store.data_set.name
        people += _people(name, found)
    return Shelf(vocabulary, part, tuple(people), Idle(tuple(idle)))


def _people(
    data_set: str, found: dict[tuple[str, Who, int | None], list[Take]]
) -> Sequence[Person]:
    everybody = (
        Person(data_set, person, view, tuple(takes))
        for (_, person, view), takes in sorted(found.items(), key=str)
    )
    return [person for person in everybody if person.actions]


def _somebody(entry: ClipEntry) -> tuple[str, Who, int | None]:
    """Group of an entry; a style of one Bandai-Namco set is not the same style of the other."""
    group = entry.name.partition("_")[0] if entry.subject == UNKNOWN_SUBJECT else ""
    return group, who(entry), entry.view

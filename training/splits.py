"""Splits: which subjects of a data set train, which choose, and which test."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from model.pose.store import PoseClip, PoseStore, StoreError


@dataclass(frozen=True)
class Split:
    """Subjects by what they are for; no subject is in two parts.

    Attributes:
        train: Their recordings are learnt from.
        choose: Their recordings choose settings and when to stop, and fit the temperature.
        test: Their recordings are labelled for the report, and for nothing else.
    """

    train: tuple[int, ...]
    choose: tuple[int, ...]
    test: tuple[int, ...]


COMPOSED, REAL = "composed", "real"
"""The splits of a store of streams: which are composed, and which were recorded as one."""

UTKINECT = Split(train=(1, 3, 5, 7), choose=(9,), test=(2, 4, 6, 8, 10))


def open_utkinect(path: Path) -> PoseStore:
    """Opens the prepared store of UTKinect.

    Raises:
        StoreError: It is no store, or one of another data set.
    """
    store = PoseStore(path)
    if store.data_set.name != "utkinect":
        raise StoreError(
            f"{path}: expected a prepared store of utkinect, got one of {store.data_set.name}"
        )
    return store


def clips_of(store: PoseStore, subjects: Iterable[int]) -> Sequence[PoseClip]:
    """The clips of some subjects, in the order of the store.

    Raises:
        StoreError: Where a subject has no clip.
    """
    return [store[place] for place in places_of(store, subjects)]


def places_of(store: PoseStore, subjects: Iterable[int]) -> list[int]:
    """The places of some subjects' clips.

    Raises:
        StoreError: Where a subject has no clip.
    """
    wanted = set(subjects)
    missing = sorted(wanted - {entry.subject for entry in store.entries})
    if missing:
        raise StoreError(
            f"{store.path}: expected recordings of subject {', '.join(map(str, missing))}, got none"
        )
    return [place for place, entry in enumerate(store.entries) if entry.subject in wanted]

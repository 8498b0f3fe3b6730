"""Leaks: weights that have seen the clips they are asked about, told by what is noted beside them.

`training.clip_source.ClipSource.seen` says what is noted: whose clips were seen, by which cameras
and in which setups. Every choice of clips to pretrain on is made by these, so they tell clips apart
as protocols do.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from model.network.weights import read_torch_file
from model.pose.store import UNKNOWN_SUBJECT, ClipEntry, PoseStore
from training.protocols import showing_the_same


class LeakError(ValueError):
    """Weights that have seen who tests, said in one sentence that names them."""


class Seen(msgspec.Struct, frozen=True):
    """Whose clips of a data set were seen; no views, or no setups, are any of them."""

    subjects: frozenset[int]
    views: frozenset[int] = frozenset()
    setups: frozenset[int] = frozenset()

    def may_hold(self, entry: ClipEntry) -> bool:
        """Whether a clip may have been among them, for all that is noted."""
        return (
            entry.subject in self.subjects
            and _any_or_in(entry.view, self.views)
            and _any_or_in(entry.setup, self.setups)
        )

    def holds(self, entry: ClipEntry) -> bool:
        """Whether a clip was among them; one of nobody knows whom is not said to be."""
        return entry.subject != UNKNOWN_SUBJECT and self.may_hold(entry)


def check_unseen(
    paths: Sequence[Path], asked: str, store: PoseStore, test: Sequence[int]
) -> tuple[str, ...]:
    """Refuses weights that have seen clips which they are asked about.

    Args:
        paths: Pretrained files, or checkpoints of recognisers.
        asked: What the clips are called together.
        store: Of the clips. Its people may be those of other data sets, or other forms of it.
        test: Places of those that test, or choose.

    Returns:
        A sentence for each file that does not say what it saw, or saw people whom nobody names, as
        some of those that test.

    Raises:
        LeakError: A file says that it saw one of them.
        CheckpointError: A file is none of torch's.
    """
    notes = []
    names = showing_the_same(store.data_set.name)
    for path in paths:
        for data in _noted(read_torch_file(path).get("provenance")):
            if data is None:
                notes.append(f"{path} does not say all that it saw: a leak would go unnoticed.")
                continue
            seen = [data[name] for name in names if name in data]
            entries = [store.entries[place] for place in test]
            leaked = [entry for entry in entries if any(part.holds(entry) for part in seen)]
            if leaked:
                raise LeakError(
                    f"{path}: expected weights that saw no clip they are asked about by "
                    f"{asked}, these saw {_named(leaked)}"
                )
            if any(part.may_hold(entry) for entry in entries for part in seen):
                notes.append(
                    f"{path} saw clips of unnamed people, as are some that are asked: a leak would "
                    "go unnoticed."
                )
    return tuple(dict.fromkeys(notes))


def _noted(provenance: object) -> list[Mapping[str, Seen] | None]:
    """What weights saw, and what those saw that they began with; None where it is not noted."""
    if not isinstance(provenance, dict):
        return [None]
    own = _seen(provenance.get("data"))
    encoder = provenance.get("encoder")
    return [own] if encoder is None else [own, *_noted(encoder)]


def _seen(data: object) -> Mapping[str, Seen] | None:
    try:
        return msgspec.convert(data, dict[str, Seen])
    except msgspec.ValidationError:
        return None


def _any_or_in(value: int | None, known: frozenset[int]) -> bool:
    return value is None or not known or value in known


def _named(entries: Sequence[ClipEntry]) -> str:
    """Subjects, and cameras where there are some."""
    views = {entry.view for entry in entries if entry.view is not None}
    cameras = f" by cameras {_list(views)}" if views else ""
    return f"subjects {_list({entry.subject for entry in entries})}{cameras}"


def _list(numbers: set[int]) -> str:
    return ", ".join(map(str, sorted(numbers)))

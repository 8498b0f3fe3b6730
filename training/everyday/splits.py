"""Splits: who trains the everyday model, who chooses its settings, and who tests it.

They are read from ``splits.toml``. Whole subjects are held out with all their views, and whole
styles of Bandai-Namco, which names no subject. It reads entries of stores, no frame and no label.
"""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import msgspec

from model.pose.store import UNKNOWN_SUBJECT, ClipEntry, PoseStore
from training.everyday.vocabulary import Vocabulary

PATH = Path(__file__).with_name("splits.toml")

Part = Literal["train", "choose", "test"]
PARTS: tuple[Part, ...] = get_args(Part)
Who = int | str
"""A subject's number, or the style that stands for one."""


class SplitError(ValueError):
    """A split that contradicts itself or a store; the sentence names file and key."""


class HeldOut(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who of a data set does not train."""

    choose: tuple[Who, ...]
    test: tuple[Who, ...]


@dataclass(frozen=True)
class Splits:
    """Who is in which part, for each data set.

    Attributes:
        path: The file that they were read from.
        held_out: By name of the data set.
    """

    path: Path
    held_out: Mapping[str, HeldOut]

    def places(self, store: PoseStore, part: Part) -> tuple[int, ...]:
        """The places of a part's clips in a store, in its order.

        Raises:
            SplitError: The file does not know the store's data set, or names somebody who has no
                clip in it; or the part is empty.
        """
        name = store.data_set.name
        held = self.held_out.get(name)
        if held is None:
            raise SplitError(
                f"{self.path.name}: expected a table {name}, got only {', '.join(self.held_out)}"
            )
        people = [who(entry) for entry in store.entries]
        if absent := sorted({*held.choose, *held.test} - set(people), key=str):
            raise SplitError(
                f"{self.path.name}, {name}: expected people of the data set, but nobody in "
                f"{store.path} is {absent[0]!r}"
            )
        parts = [_part(held, person) for person in people]
        places = tuple(place for place, there in enumerate(parts) if there == part)
        if not places:
            raise SplitError(f"{self.path.name}, {name}: {store.path} holds nobody to {part}")
        return places


def held_out(splits: Splits, vocabulary: Vocabulary) -> str:
    """A SHA-256 of which people and which actions are kept from training, in whatever order."""
    people = {
        name: (sorted(held.choose, key=str), sorted(held.test, key=str))
        for name, held in splits.held_out.items()
    }
    actions = {
        name: sorted(label for label, meaning in labels.items() if meaning.use == "unknown")
        for name, labels in vocabulary.meanings.items()
    }
    said = msgspec.json.encode((people, actions), order="sorted")
    return hashlib.sha256(said).hexdigest()


def check_held_out(what: str, kept: str, wanted: str) -> None:
    """Refuses a model that may have learnt from those who are held out.

    Args:
        what: The model, as a message names it.
        kept: The hash of what was kept from its training; nothing where it does not say.
        wanted: That of what is held out, of `held_out`.

    Raises:
        SplitError: Other people or actions were kept from its training, or it does not say.
    """
    if kept != wanted:
        got = f"without others ({kept[:12]}…)" if kept else "that does not say"
        raise SplitError(
            f"{what}: expected a model that was trained without the people and actions held out "
            f"here (sha256 {wanted[:12]}…), got one {got}"
        )


def who(entry: ClipEntry) -> Who:
    """Who is seen: the subject, or the style in a name ``dataset-N_CONTENT_STYLE_NNN``.

    Raises:
        SplitError: The data set names no subject, and the clip's name no style.
    """
    if entry.subject != UNKNOWN_SUBJECT:
        return entry.subject
    words = entry.name.split("_")
    if len(words) != 4:
        raise SplitError(f"{entry.name}: expected a subject, or a name set_content_style_number")
    return words[2]


def read_splits(path: Path = PATH) -> Splits:
    """Reads splits.

    Raises:
        SplitError: It is no TOML file of this form, or somebody is in two parts.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        held_out = msgspec.convert(content, dict[str, HeldOut])
    except (OSError, ValueError) as error:
        raise SplitError(f"{path}: expected choose and test for each data set, but {error}") from (
            error
        )
    for name, held in held_out.items():
        if both := set(held.choose) & set(held.test):
            raise SplitError(
                f"{path.name}, {name}: expected nobody both to choose and to test, "
                f"got {both.pop()!r}"
            )
    return Splits(path, held_out)


def _part(held: HeldOut, person: Who) -> Part:
    if person in held.test:
        return "test"
    return "choose" if person in held.choose else "train"

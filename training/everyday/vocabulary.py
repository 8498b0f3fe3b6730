"""The vocabulary: what the everyday model says, and what each data set's labels are to it.

It is read from ``vocabulary.toml``. It knows labels and no clip: who does what is `splits`' and
`shelf`'s.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import msgspec

from model.pose.store import DataSet

PATH = Path(__file__).with_name("vocabulary.toml")
BACKGROUND = "background"

Use = Literal["action", "background", "unknown", "unused"]
"""What clips of a label are for; ``unknown`` are those that the unknown decision is judged on."""


class VocabularyError(ValueError):
    """A vocabulary that contradicts itself or a data set; the sentence names file and key."""


@dataclass(frozen=True)
class Meaning:
    """What one label of a data set is.

    Attributes:
        use: What its clips are for.
        label: The class of the vocabulary, 0 for background; None where it is in none.
    """

    use: Use
    label: int | None = None


class Action(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One action that the model says.

    Attributes:
        mirror: The action that its mirror image shows; None for itself.
        cyclic: Whether any part of it is it.
        experimental: Whether too few people do it for a figure to be believed.
    """

    mirror: str | None = None
    cyclic: bool = False
    experimental: bool = False


class _Unused(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    unused: str


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    actions: dict[str, Action]
    data: dict[str, dict[str, str | _Unused]]


@dataclass(frozen=True)
class Vocabulary:
    """The classes, and the meaning of every label of every data set that it knows.

    Attributes:
        path: The file that it was read from.
        actions: By name, in the order of the classes from 1 on.
        meanings: Data set → its label → what that is.
    """

    path: Path
    actions: Mapping[str, Action]
    meanings: Mapping[str, Mapping[str, Meaning]]

    @property
    def labels(self) -> tuple[str, ...]:
        """The K classes, ``background`` first."""
        return (BACKGROUND, *self.actions)

    @cached_property
    def mirror(self) -> tuple[int, ...]:
        """K numbers: which class a mirrored picture of each shows."""
        shown = [action.mirror or name for name, action in self.actions.items()]
        return (0, *(self.labels.index(name) for name in shown))

    @property
    def experimental(self) -> tuple[str, ...]:
        """The actions whose figures are not to be believed."""
        return tuple(name for name, action in self.actions.items() if action.experimental)

    @cached_property
    def cyclic(self) -> frozenset[int]:
        """The classes of which any part is the whole."""
        return frozenset(
            label for label, action in enumerate(self.actions.values(), 1) if action.cyclic
        )

    def of(self, data_set: DataSet) -> tuple[Meaning, ...]:
        """What each label of a data set is, in the order of its labels.

        Raises:
            VocabularyError: The file does not know the data set, lacks one of its labels, or has a
                label that it lacks.
        """
        known = self.meanings.get(data_set.name)
        if known is None:
            raise VocabularyError(
                f"{self.path.name}: expected a table data.{data_set.name}, got only "
                f"{', '.join(self.meanings)}"
            )
        for what, labels, others in (
            ("each label of the data set", data_set.labels, tuple(known)),
            ("only labels of the data set", tuple(known), data_set.labels),
        ):
            if strange := [label for label in labels if label not in others]:
                verb = "lacks" if others == tuple(known) else "has"
                raise VocabularyError(
                    f"{self.path.name}: expected {what} in data.{data_set.name}, which {verb} "
                    f"{strange[0]!r}"
                )
        return tuple(known[label] for label in data_set.labels)


def read_vocabulary(path: Path = PATH) -> Vocabulary:
    """Reads a vocabulary.

    Raises:
        VocabularyError: It is no TOML file of this form, or a key names an unknown action.
    """
    try:
        content: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        file = msgspec.convert(content, _File)
    except (OSError, ValueError) as error:
        raise VocabularyError(f"{path}: expected actions and data, but {error}") from error
    _check_actions(path.name, file.actions)
    classes = {BACKGROUND: 0} | {name: label for label, name in enumerate(file.actions, 1)}
    meanings = {
        data_set: {
            label: _meaning(f"{path.name}, data.{data_set}.{label!r}", value, classes)
            for label, value in table.items()
        }
        for data_set, table in file.data.items()
    }
    return Vocabulary(path, file.actions, meanings)


def _check_actions(file: str, actions: Mapping[str, Action]) -> None:
    for name, action in actions.items():
        if name in (BACKGROUND, "unknown"):
            raise VocabularyError(f"{file}, actions: {name!r} is a word of its own, not an action")
        if action.mirror is None:
            continue
        other = actions.get(action.mirror)
        if other is None or other.mirror != name:
            raise VocabularyError(
                f"{file}, actions.{name!r}: expected a mirror that mirrors to it, "
                f"got {action.mirror!r}"
            )


def _meaning(key: str, value: str | _Unused, classes: Mapping[str, int]) -> Meaning:
    if isinstance(value, _Unused):
        return Meaning("unused")
    if value == "unknown":
        return Meaning("unknown")
    if value not in classes:
        raise VocabularyError(f"{key}: expected an action, background or unknown, got {value!r}")
    return Meaning("background" if value == BACKGROUND else "action", classes[value])

"""Protocols: which clips of a data set train and which test, as published, and which choose.

A protocol goes by what a store says of its clips (subject, camera, published splits) and reads no
frame. Settings are chosen on *choosing* subjects, who are a part of those who train: while one
chooses, the clips that test are not even named.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from model.pose.store import ClipEntry, PoseStore
from training.splits import COMPOSED, REAL, UTKINECT

Part = Literal["train", "test"]
Rule = Callable[[ClipEntry], Part | None]
"""The part of the protocol that a clip is in; None where it is in neither."""


class ProtocolError(ValueError):
    """A protocol that is unknown, or does not fit a store, said in one sentence."""


@dataclass(frozen=True)
class Partition:
    """Clips by what they are for.

    Attributes:
        train: Places of the clips that are learnt from, in the order of the store.
        test: Places of those that are asked.
    """

    train: tuple[int, ...]
    test: tuple[int, ...]


@dataclass(frozen=True)
class Protocol:
    """One published way to split a data set.

    Attributes:
        name: As commands and figures call it: ``nw_ucla/cross-view``.
        data_sets: Names of the prepared data sets that it is for.
        rule: Which part a clip is in.
        choosing: Subjects of the training part who are held out while settings are chosen.
        says: The rule in words.
        other_editions: Names of other data sets that hold some of the same clips, under the same
            numbers of subjects, cameras and setups.
    """

    name: str
    data_sets: tuple[str, ...]
    rule: Rule
    choosing: tuple[int, ...]
    says: str
    other_editions: tuple[str, ...] = ()

    def partition(self, store: PoseStore, choosing: bool = False) -> Partition:
        """Splits the clips of a store.

        Args:
            store: Whose entries are read, and no frames.
            choosing: Whether the choosing subjects stand in for the test: they are asked, the
                other training subjects are learnt from, and no test clip is in either part.

        Raises:
            ProtocolError: The store is of another data set, or a part would be empty.
        """
        if store.data_set.name not in self.data_sets:
            raise ProtocolError(
                f"{store.path}: protocol {self.name} is for {' or '.join(self.data_sets)}, "
                f"this store holds {store.data_set.name}"
            )
        parts = [self.rule(entry) for entry in store.entries]
        train = [place for place, part in enumerate(parts) if part == "train"]
        test = [place for place, part in enumerate(parts) if part == "test"]
        if choosing:
            held_out = set(self.choosing)
            test = [place for place in train if store.entries[place].subject in held_out]
            train = [place for place in train if store.entries[place].subject not in held_out]
        for what, places in (("training", train), ("choosing" if choosing else "test", test)):
            if not places:
                raise ProtocolError(
                    f"{store.path}: protocol {self.name} needs {what} clips ({self.says}; "
                    f"choosing subjects {', '.join(map(str, self.choosing)) or 'none'}), "
                    "this store has none"
                )
        return Partition(tuple(train), tuple(test))


def by_split(split: str) -> Rule:
    """The rule of a published split that readers note as ``SPLIT_train`` and ``SPLIT_test``."""
    return by_parts(f"{split}_train", f"{split}_test")


def by_parts(training: str, testing: str) -> Rule:
    """The rule of two splits of a store that are one part each."""

    def part(entry: ClipEntry) -> Part | None:
        if training in entry.splits:
            return "train"
        return "test" if testing in entry.splits else None

    return part


def by_view(testing: Iterable[int]) -> Rule:
    """The rule that some cameras test and all others train."""
    cameras = frozenset(testing)

    def part(entry: ClipEntry) -> Part | None:
        if entry.view is None:
            return None
        return "test" if entry.view in cameras else "train"

    return part


def by_subject(testing: Iterable[int]) -> Rule:
    """The rule that some subjects test, whatever sees them, and all others train."""
    subjects = frozenset(testing)

    def part(entry: ClipEntry) -> Part | None:
        return "test" if entry.subject in subjects else "train"

    return part


NW_UCLA_TESTING_SUBJECTS = (2, 5, 7)
"""Of the cross-subject protocol: ours, for none is published. They are not those who choose."""

_NTU_FORMS = ("{0}", "{0}_agcn", "{0}_2d")
_ODD_TRAIN = "odd subjects train, even subjects test"


def _ntu(edition: str, title: str, split: str, choosing: tuple[int, ...], says: str) -> Protocol:
    forms = {each: tuple(form.format(each) for form in _NTU_FORMS) for each in ("ntu60", "ntu120")}
    # NTU RGB+D 120 holds all of NTU RGB+D 60.
    (others,) = (names for each, names in forms.items() if each != edition)
    return Protocol(f"{edition}/{title}", forms[edition], by_split(split), choosing, says, others)


def _pku(phase: str, title: str, split: str, choosing: tuple[int, ...]) -> Protocol:
    data_sets = (f"{phase}_segments", phase)
    says = f"the owners' lists of {title}"
    return Protocol(f"{phase}/{title}", data_sets, by_split(split), choosing, says)


PROTOCOLS = {
    protocol.name: protocol
    for protocol in (
        Protocol(
            "nw_ucla/cross-view",
            ("nw_ucla",),
            by_view((3,)),
            (8, 9, 10),
            "cameras 1 and 2 train, camera 3 tests",
        ),
        Protocol(
            "nw_ucla/cross-subject",
            ("nw_ucla",),
            by_subject(NW_UCLA_TESTING_SUBJECTS),
            (8, 9, 10),
            "subjects 2, 5 and 7 test with all their views, the others train",
        ),
        Protocol("utd_mhad/cross-subject", ("utd_mhad",), by_split("xsub"), (7,), _ODD_TRAIN),
        Protocol(
            "msr_action3d/cross-subject", ("msr_action3d",), by_split("xsub"), (9,), _ODD_TRAIN
        ),
        Protocol(
            "hdm05/cross-subject",
            ("hdm05",),
            by_split("xsub"),
            (3,),
            "actors bd, bk and dg train, mm and tr test",
        ),
        Protocol(
            "utkinect/cross-subject",
            ("utkinect",),
            by_subject(UTKINECT.test),
            UTKINECT.choose,
            "odd subjects train, even subjects test, all of each recording",
        ),
        Protocol(
            "everyday/composed",
            ("everyday",),
            by_parts(COMPOSED, REAL),
            (),
            "composed streams train, recorded ones test",
        ),
        _ntu("ntu60", "cross-subject", "xsub", (35, 38), "the authors' 20 subjects train"),
        _ntu("ntu60", "cross-view", "xview", (35, 38), "cameras 2 and 3 train, 1 tests"),
        _ntu("ntu120", "cross-subject", "xsub", (98, 100, 103), "the authors' 53 subjects train"),
        _ntu("ntu120", "cross-set", "xset", (98, 100, 103), "even setups train, odd ones test"),
        _pku("pku1", "cross-subject", "xsub", ()),
        _pku("pku1", "cross-view", "xview", ()),
        _pku("pku2", "cross-subject", "xsub", (12, 13)),
        _pku("pku2", "cross-view", "xview", (12, 13)),
        Protocol(
            "uav_human/cross-subject-1",
            ("uav_human",),
            by_split("xsub1"),
            (115, 116, 117, 118),
            "the authors' first list of 89 subjects trains",
        ),
        Protocol(
            "uav_human/cross-subject-2",
            ("uav_human",),
            by_split("xsub2"),
            (112, 113, 114, 115),
            "the authors' second list of 89 subjects trains",
        ),
    )
}
"""Every protocol by its name."""


def protocol_named(name: str) -> Protocol:
    """Returns the protocol called ``name``.

    Raises:
        ProtocolError: None has that name.
    """
    try:
        return PROTOCOLS[name]
    except KeyError:
        raise ProtocolError(
            f"protocol {name!r} is unknown; known are {', '.join(PROTOCOLS)}"
        ) from None


def showing_the_same(data_set: str) -> tuple[str, ...]:
    """Names of the data sets that hold clips of a data set, its own first."""
    protocols = [each for each in PROTOCOLS.values() if data_set in each.data_sets]
    names = [name for each in protocols for name in (*each.data_sets, *each.other_editions)]
    return tuple(dict.fromkeys([data_set, *names]))

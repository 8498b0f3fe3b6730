"""What the name of an NTU RGB+D sample says, and the published splits that follow from it.

``SsssCcccPpppRrrrAaaa`` is setup, camera, performer, replication and action, each counted from 1
(README of github.com/shahroudy/NTURGB-D). The splits are those of the papers: Shahroudy, Liu, Ng,
Wang: NTU RGB+D, CVPR 2016 (cross-subject, cross-view) and Liu, Shahroudy, Perez, Wang, Duan, Kot:
NTU RGB+D 120, TPAMI 2019 (cross-subject, cross-setup).
"""

import re
from dataclasses import dataclass

from training.readers.ntu_actions import ACTIONS
from training.readers.reader import ReadingError

TERMS = "NTU RGB+D: for academic research, on the owners' release agreement, to be cited"
RATE_HZ = 30.0
JOINTS = 25

TRAINING_SUBJECTS_60 = frozenset(
    (1, 2, 4, 5, 8, 9, 13, 14, 15, 16, 17, 18, 19, 25, 27, 28, 31, 34, 35, 38)
)
TRAINING_SUBJECTS_120 = TRAINING_SUBJECTS_60.union(
    (45, 46, 47, 49, 50, 52, 53, 54, 55, 56, 57, 58, 59, 70, 74, 78),
    (80, 81, 82, 83, 84, 85, 86, 89, 91, 92, 93, 94, 95, 97, 98, 100, 103),
)
TRAINING_CAMERAS = frozenset((2, 3))

_NAME = re.compile(r"S(\d{3})C(\d{3})P(\d{3})R(\d{3})A(\d{3})")


@dataclass(frozen=True)
class NTUSample:
    """The five numbers in a sample's name."""

    setup: int
    camera: int
    subject: int
    replication: int
    action: int

    @property
    def execution(self) -> str:
        """What its three cameras recorded at once."""
        return f"S{self.setup:03}P{self.subject:03}R{self.replication:03}A{self.action:03}"


@dataclass(frozen=True)
class NTUEdition:
    """NTU RGB+D with its first 60 actions, or with all 120.

    Attributes:
        name: ``ntu60`` or ``ntu120``.
        setups: How many setups it has; they are counted from 1.
        actions: How many actions it has; likewise.
    """

    name: str
    setups: int
    actions: int

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the actions; ``Aaaa`` in a sample's name is the aaa-th."""
        return ACTIONS[: self.actions]

    def sample(self, name: str, place: str) -> NTUSample:
        """Parses the name of a sample of this edition.

        Args:
            name: Such as ``S001C002P003R002A013``.
            place: Where it stands, to name it.

        Raises:
            ReadingError: Where it is none, or not of this edition.
        """
        matched = _NAME.fullmatch(name)
        sample = NTUSample(*(int(group) for group in matched.groups())) if matched else None
        if sample is None or not (
            1 <= sample.setup <= self.setups and 1 <= sample.action <= self.actions
        ):
            raise ReadingError(
                f"{place}: expected a name like S001C001P001R001A001, "
                f"S up to {self.setups} and A up to {self.actions}, got {name[:40]}"
            )
        return sample

    def splits(self, sample: NTUSample) -> tuple[str, ...]:
        """The published splits that the sample belongs to: one of each protocol."""
        if self.actions == NTU60.actions:
            training = {
                "xsub": sample.subject in TRAINING_SUBJECTS_60,
                "xview": sample.camera in TRAINING_CAMERAS,
            }
        else:
            training = {
                "xsub": sample.subject in TRAINING_SUBJECTS_120,
                "xset": sample.setup % 2 == 0,
            }
        return tuple(f"{name}_{'train' if train else 'test'}" for name, train in training.items())


NTU60 = NTUEdition("ntu60", setups=17, actions=60)
NTU120 = NTUEdition("ntu120", setups=32, actions=120)

"""Dense recordings: which recordings of a store a dense model is made from, and what is said of it.

It goes by protocols and reads no frame. What a run does with them is `training.dense_run`'s.
"""

from dataclasses import dataclass

from model.pose.store import PoseClip, PoseStore, StoreError
from training.clip_source import seen_by_data_set
from training.protocols import Protocol, protocol_named
from training.splits import UTKINECT, clips_of

UTKINECT_PROTOCOL = "utkinect/cross-subject"


@dataclass(frozen=True)
class DenseRecordings:
    """What a dense model learns from, and who chooses.

    Attributes:
        store: Where they lie, with labels for frames.
        protocol: Name of the protocol whose training part they are.
        train: Places of those that are learnt from.
        choose: Places of those that choose the epoch that is kept and the temperature; may be none.
        named: What models are named after.
        chosen_by: What the scores of those that choose are named after.
        data: What a model says of its data.
        terms: Under which terms it was given.
    """

    store: PoseStore
    protocol: str
    train: tuple[int, ...]
    choose: tuple[int, ...]
    named: str
    chosen_by: str
    data: str
    terms: str

    def training(self) -> list[PoseClip]:
        """The recordings that are learnt from; their frames are not read yet."""
        return [self.store[place] for place in self.train]

    def seen(self) -> dict[str, dict[str, object]]:
        """Who of which data sets is in those that train or choose, as `training.leaks` reads it.

        Streams are named after the data sets that they are made of.
        """
        places = (*self.train, *self.choose)
        return seen_by_data_set((self.store, self.store.entries[place]) for place in places)

    def choosing(self) -> list[PoseClip]:
        """Those that choose; their frames are not read yet."""
        return [self.store[place] for place in self.choose]


def recordings_of(protocol: Protocol, store: PoseStore, choosing: bool) -> DenseRecordings:
    """The training part of a protocol.

    Args:
        protocol: Says which recordings train.
        store: Its prepared recordings.
        choosing: Whether its choosing subjects are held out, to choose epoch and temperature.

    Raises:
        ProtocolError: The store is of another data set, or a part would be empty.
        StoreError: Its frames have no labels.
    """
    partition = protocol.partition(store, choosing)
    if "frame_labels" not in store.index.arrays:
        raise StoreError(
            f"{store.path}: expected recordings with a label for each frame, got clips of "
            f"{store.data_set.name} without"
        )
    choose = partition.test if choosing else ()
    data = f"{store.data_set.name}, training part of {protocol.name}: {len(partition.train):,}"
    chose = f", and {len(choose):,} that chose epoch and calibration" if choose else ""
    return DenseRecordings(
        store,
        protocol.name,
        partition.train,
        choose,
        named=protocol.name.replace("/", "-"),
        chosen_by=f"{protocol.name.replace('/', '.')}.choosing",
        data=f"{data} recordings{chose}",
        terms=store.data_set.terms,
    )


def utkinect_recordings(store: PoseStore) -> DenseRecordings:
    """The recordings of UTKinect from which the models are made that are shipped.

    Raises:
        ProtocolError: The store is of another data set.
        StoreError: A subject has no recording, or its frames no labels.
    """
    found = recordings_of(protocol_named(UTKINECT_PROTOCOL), store, choosing=True)
    clips_of(store, (*UTKINECT.train, *UTKINECT.choose))
    return DenseRecordings(
        store,
        found.protocol,
        found.train,
        found.choose,
        named="utkinect",
        chosen_by="utkinect.subject_9",
        data="UTKinect-Action3D as continuous recordings: subjects 1, 3, 5, 7 trained it, "
        "subject 9 chose settings and calibration",
        terms="research use, as UTKinect-Action3D",
    )

"""Protocols split clips as published, and choose without naming a clip that tests."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from model.pose.store import DataSet, PoseClip, PoseStore
from model.pose.store_writer import PoseStoreWriter
from tests.training.protocol_store import write_protocol_store
from training.protocols import PROTOCOLS, ProtocolError, protocol_named

NW_UCLA_CLIPS = Path(__file__).parents[3] / "shared" / "data" / "nw_ucla" / "all_sqe"


def store_of(
    path: Path, data_set: str, clips: Sequence[tuple[int, int, tuple[str, ...]]]
) -> PoseStore:
    """A store of clips of one frame, each of a subject, a camera and some splits."""
    keypoints = np.ones((1, 1, 20, 4), np.float32)
    named = DataSet(data_set, "kinect20", 30.0, ("one", "two"), "made up")
    with PoseStoreWriter(path, named) as writer:
        for number, (subject, view, splits) in enumerate(clips):
            times_ms = np.zeros(1)
            writer.append(
                PoseClip(str(number), keypoints, times_ms, subject, view, 0, splits=splits)
            )
    return PoseStore(path)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_no_clip_is_in_two_parts_and_choosing_never_names_a_test_clip(
    name: str, tmp_path: Path
) -> None:
    """For every protocol: train and test are disjoint; while choosing, both parts are of train."""
    protocol = PROTOCOLS[name]
    choosing = protocol.choosing or (1,)
    splits = ("xsub", "xview", "xset", "xsub1", "xsub2")
    clips = [
        (subject, view, (stream, *(f"{split}_{part}" for split in splits)))
        for part, stream, subjects in (
            ("train", "composed", (*choosing, 1, 200)),
            ("test", "real", (2, 5, 7)),
        )
        for subject in subjects
        for view in (1, 2, 3)
    ]
    store = store_of(tmp_path / "store", protocol.data_sets[0], clips)
    final = protocol.partition(store)

    assert not set(final.train) & set(final.test)
    if not protocol.choosing:
        with pytest.raises(ProtocolError, match="needs choosing clips"):
            protocol.partition(store, choosing=True)
        return
    held_out = protocol.partition(store, choosing=True)
    assert set(held_out.train) | set(held_out.test) == set(final.train)
    assert not set(held_out.train) & set(held_out.test)
    assert {store.entries[place].subject for place in held_out.test} == set(protocol.choosing)


@pytest.mark.skipif(not NW_UCLA_CLIPS.is_dir(), reason="NW-UCLA is not here")
def test_nw_ucla_is_split_as_published(tmp_path: Path) -> None:
    """By the names of the real files: cameras 1 and 2 give 1,020 clips, camera 3 gives 464."""
    names = sorted(path.stem for path in NW_UCLA_CLIPS.glob("*.json"))
    clips = [(int(name[5:7]), int(name[-2:]), ()) for name in names]
    store = store_of(tmp_path / "store", "nw_ucla", clips)
    views = protocol_named("nw_ucla/cross-view").partition(store)
    people = protocol_named("nw_ucla/cross-subject").partition(store)

    assert (len(views.train), len(views.test)) == (1020, 464)
    assert set(Counter(store.entries[place].subject for place in people.test)) == {2, 5, 7}
    assert len(people.train) + len(people.test) == 1484


def test_what_does_not_fit_is_said(tmp_path: Path) -> None:
    """An unknown protocol, another data set's store, and a store without the split."""
    store = write_protocol_store(tmp_path / "store")
    with pytest.raises(ProtocolError, match="'nw_ucla' is unknown; known are nw_ucla/cross-view"):
        protocol_named("nw_ucla")
    with pytest.raises(ProtocolError, match="is for hdm05, this store holds utd_mhad"):
        protocol_named("hdm05/cross-subject").partition(store)
    bare = store_of(tmp_path / "bare", "utd_mhad", [(1, 1, ()), (2, 1, ())])
    with pytest.raises(ProtocolError, match=r"needs training clips \(odd subjects train"):
        protocol_named("utd_mhad/cross-subject").partition(bare)

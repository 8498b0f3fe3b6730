"""A store whose writing was cut off: what stands is kept, what does not is written again."""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.pose.store import DataSet, PoseClip, PoseStore, Segment, StoreError
from model.pose.store_writer import PoseStoreWriter

DATA_SET = DataSet("made", "kinect20", 30.0, ("background", "wave"), "ours")
SOURCE = "the raw files as they are"


def _clip(index: int) -> PoseClip:
    generator = np.random.default_rng(index)
    frames = 3 + index % 5
    return PoseClip(
        name=f"c{index}",
        keypoints=generator.normal(size=(frames, 2, 20, 4)).astype(np.float32),
        times_ms=np.arange(frames, dtype=np.float64) * 33.0,
        subject=index,
        view=1 + index % 3,
        frame_labels=np.full(frames, index % 2, np.int16),
        setup=7,
        size=(1920, 1080),
        splits=("xsub_train" if index % 2 else "xsub_test",),
        segments=(Segment(1, 0, 2),),
    )


def _write(path: Path, clips: Iterable[int], stop_after: int | None = None) -> tuple[str, ...]:
    """Writes what is not done yet, and returns it; stops as a killed process would, mid-file."""
    written: list[str] = []
    with PoseStoreWriter(path, DATA_SET, source=SOURCE) as writer:
        for index in clips:
            if f"f{index}" in writer.finished:
                continue
            if stop_after is not None and len(written) == stop_after:
                raise KeyboardInterrupt
            if index % 4 == 3:
                writer.skip(f"f{index}", f"f{index}: broken")
            else:
                writer.append(_clip(index), f"f{index}")
            written.append(f"f{index}")
    return tuple(written)


def _contents(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in path.iterdir()}


@settings(max_examples=30, deadline=None)
@given(stops=st.lists(st.integers(0, 6), max_size=4), count=st.integers(1, 14))
def test_however_often_it_is_interrupted_the_store_is_the_same(
    tmp_path_factory: pytest.TempPathFactory, stops: list[int], count: int
) -> None:
    """Byte for byte what an undisturbed writer leaves; no file is done twice."""
    directory = tmp_path_factory.mktemp("stores")
    _write(directory / "whole", range(count))
    done = 0
    for stop in stops:
        if done + stop < count:
            with pytest.raises(KeyboardInterrupt):
                _write(directory / "cut", range(count), stop)
            done += stop
    last = _write(directory / "cut", range(count))

    assert len(last) == count - done
    assert _contents(directory / "cut") == _contents(directory / "whole")
    assert sorted(path.name for path in directory.iterdir()) == ["cut", "whole"]


def _cut(path: Path) -> Path:
    """A store in the making, of four files, cut off; its directory."""
    with pytest.raises(KeyboardInterrupt):
        _write(path, range(9), stop_after=4)
    return path.with_name(f".{path.name}.part")


@pytest.mark.parametrize("half_line", [b'{"file":"f4","cl', b"\xff\n", b"[]\n"])
def test_half_a_line_of_the_journal_is_no_promise(tmp_path: Path, half_line: bytes) -> None:
    """The file that was being noted is read again; what was noted before stands."""
    _write(tmp_path / "whole", range(9))
    part = _cut(tmp_path / "store")
    with (part / "journal.jsonl").open("ab") as file:
        file.write(half_line)
    with (part / "keypoints.npy").open("ab") as file:
        file.write(b"rows of a file that was never noted")

    assert _write(tmp_path / "store", range(9)) == ("f4", "f5", "f6", "f7", "f8")
    assert _contents(tmp_path / "store") == _contents(tmp_path / "whole")


def test_rows_that_the_journal_promises_and_are_not_there_begin_it_anew(tmp_path: Path) -> None:
    """After a power cut an array may be shorter than its journal says: then nothing is believed."""
    _write(tmp_path / "whole", range(9))
    part = _cut(tmp_path / "store")
    content = (part / "keypoints.npy").read_bytes()
    (part / "keypoints.npy").write_bytes(content[:-1])

    assert len(_write(tmp_path / "store", range(9))) == 9
    assert _contents(tmp_path / "store") == _contents(tmp_path / "whole")


def test_another_source_begins_anew(tmp_path: Path) -> None:
    """What was made from other files, or by other settings, is never mixed in."""
    _cut(tmp_path / "store")
    with PoseStoreWriter(tmp_path / "store", DATA_SET, source="other") as writer:
        assert writer.finished == frozenset()
        writer.append(replace(_clip(0), frame_labels=None), "f0")

    assert [clip.name for clip in PoseStore(tmp_path / "store")] == ["c0"]
    assert sorted(_contents(tmp_path / "store")) == ["index.json", "keypoints.npy", "times_ms.npy"]


def test_a_store_in_the_making_has_one_writer(tmp_path: Path) -> None:
    """A second writer of the same path is refused, and does the first no harm."""
    second = PoseStoreWriter(tmp_path / "store", DATA_SET, source=SOURCE)
    with PoseStoreWriter(tmp_path / "store", DATA_SET, source=SOURCE) as first:
        first.append(_clip(0), "f0")
        with pytest.raises(StoreError, match="expected to be its only writer"):
            second.__enter__()
        first.append(_clip(1), "f1")

    assert len(PoseStore(tmp_path / "store")) == 2


def test_an_error_in_a_file_leaves_no_part(tmp_path: Path) -> None:
    """Only what can go on later is kept: not what a strict reader gave up."""
    clip = _clip(0)
    unlike = PoseClip("c1", clip.keypoints[:, :1], clip.times_ms, subject=1)
    with (
        pytest.raises(StoreError, match="expected arrays"),
        PoseStoreWriter(tmp_path / "store", DATA_SET, source=SOURCE) as writer,
    ):
        _append_both(writer, clip, unlike)

    assert not list(tmp_path.iterdir())


def _append_both(writer: PoseStoreWriter, first: PoseClip, second: PoseClip) -> None:
    writer.append(first)
    writer.append(second)


def test_attributes_and_splits_come_back(tmp_path: Path) -> None:
    """Setup, size, splits and segments of each clip; a split is the places of its clips."""
    _write(tmp_path / "store", (0, 1, 2))
    store = PoseStore(tmp_path / "store")

    assert (store[1].setup, store[1].size) == (7, (1920, 1080))
    assert store[1].segments == (Segment(1, 0, 2),)
    assert store.splits == {"xsub_test": (0, 2), "xsub_train": (1,)}
    assert store.split("xsub_test") == (0, 2)
    with pytest.raises(StoreError, match=r"of the splits xsub_test, xsub_train, got xview_test"):
        store.split("xview_test")


def test_a_store_of_before_has_no_splits(tmp_path: Path) -> None:
    """What an older writer left opens, and says that there is no split."""
    with PoseStoreWriter(tmp_path / "store", DATA_SET) as writer:
        writer.append(_clip(0))
    index = json.loads((tmp_path / "store" / "index.json").read_text())
    for key in ("setup", "size", "splits", "segments"):
        del index["clips"][0][key]
    (tmp_path / "store" / "index.json").write_text(json.dumps(index))
    store = PoseStore(tmp_path / "store")

    assert store[0].splits == ()
    with pytest.raises(StoreError, match="of the splits none, got xsub_train"):
        store.split("xsub_train")


@pytest.mark.parametrize("segment", [Segment(2, 0, 2), Segment(1, 2, 2), Segment(1, 0, 9)])
def test_a_segment_outside_of_its_clip_or_labels_is_refused(
    tmp_path: Path, segment: Segment
) -> None:
    """Nothing that a metric would trip over gets into a store."""
    clip = _clip(0)
    broken = PoseClip(clip.name, clip.keypoints, clip.times_ms, 1, segments=(segment,))
    with (
        pytest.raises(StoreError, match=r"expected segments within|expected labels of 0 to 1"),
        PoseStoreWriter(tmp_path / "store", DATA_SET) as writer,
    ):
        writer.append(broken)

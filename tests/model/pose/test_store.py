"""The prepared store: what goes in comes out, unmixed and uncopied; what is wrong is refused."""

import json
import pickle
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.pose.store import DataSet, PoseClip, PoseStore, StoreError
from model.pose.store_writer import PoseStoreWriter

DATA_SET = DataSet("made", "kinect20", 30.0, ("background", "wave"), "ours")


def _clip(name: str, frames: int, seed: int = 0, framewise: bool = True) -> PoseClip:
    generator = np.random.default_rng(seed)
    return PoseClip(
        name=name,
        keypoints=generator.normal(size=(frames, 1, 20, 4)).astype(np.float32),
        times_ms=np.cumsum(generator.uniform(1, 50, frames)),
        subject=3,
        view=None if framewise else 2,
        label=None if framewise else 1,
        frame_labels=generator.integers(-1, 2, frames).astype(np.int16) if framewise else None,
        frame_numbers=np.arange(frames) * 2 if framewise else None,
    )


def _write(path: Path, clips: Iterable[PoseClip], data_set: DataSet = DATA_SET) -> PoseStore:
    with PoseStoreWriter(path, data_set) as writer:
        for clip in clips:
            writer.append(clip)
    return PoseStore(path)


@settings(max_examples=20, deadline=None)
@given(lengths=st.lists(st.integers(1, 300), min_size=1, max_size=12), framewise=st.booleans())
def test_clips_come_back_as_they_went_in(
    tmp_path_factory: pytest.TempPathFactory, lengths: list[int], framewise: bool
) -> None:
    """Any number of clips of any length: each comes back with its own frames and facts."""
    clips = [_clip(f"c{i}", n, seed=i, framewise=framewise) for i, n in enumerate(lengths)]
    store = _write(tmp_path_factory.mktemp("stores") / "store", clips)

    assert len(store) == len(clips)
    for clip, stored in zip(clips, store, strict=True):
        assert (stored.name, stored.subject) == (clip.name, clip.subject)
        assert (stored.view, stored.label) == (clip.view, clip.label)
        np.testing.assert_array_equal(stored.keypoints, clip.keypoints)
        assert stored.frame_arrays().keys() == clip.frame_arrays().keys()
        for name, array in clip.frame_arrays().items():
            np.testing.assert_array_equal(stored.frame_arrays()[name], array)


def test_a_clip_is_a_read_only_view_of_the_mapped_file(tmp_path: Path) -> None:
    """Taking a clip copies no frame: two takings share memory, and neither can be written to."""
    store = _write(tmp_path / "store", [_clip("a", 5), _clip("b", 7)])

    assert np.shares_memory(store[1].keypoints, store[1].keypoints)
    assert not store[1].keypoints.flags.writeable
    assert len(pickle.dumps(store)) < 500


def test_half_precision_halves_the_keypoints_and_nothing_else(tmp_path: Path) -> None:
    """A float16 store keeps millimetres near the camera and times in full."""
    clip = _clip("a", 50)
    with PoseStoreWriter(tmp_path / "store", DATA_SET, dtype="float16") as writer:
        writer.append(clip)
    stored = PoseStore(tmp_path / "store")[0]

    assert stored.keypoints.dtype == np.float16
    assert np.abs(stored.keypoints - clip.keypoints).max() < 2e-3
    np.testing.assert_array_equal(stored.times_ms, clip.times_ms)
    with (
        pytest.raises(StoreError, match="a: expected keypoints that float16 holds, got 100"),
        PoseStoreWriter(tmp_path / "far", DATA_SET, dtype="float16") as writer,
    ):
        writer.append(replace(clip, keypoints=clip.keypoints + 1e5))


def test_an_interrupted_preparation_leaves_the_older_store_whole(tmp_path: Path) -> None:
    """An error while writing removes what was written; the store that was there still opens."""
    _write(tmp_path / "store", [_clip("old", 5)])

    def interrupted() -> Iterator[PoseClip]:
        yield _clip("new", 9)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _write(tmp_path / "store", interrupted())

    assert [clip.name for clip in PoseStore(tmp_path / "store")] == ["old"]
    assert [path.name for path in tmp_path.iterdir()] == ["store"]


def test_a_store_replaces_an_older_one_and_nothing_else(tmp_path: Path) -> None:
    """Preparing twice leaves the second store; a directory of other files is not touched."""
    _write(tmp_path / "store", [_clip("old", 5)])
    _write(tmp_path / "store", [_clip("new", 9)])
    assert [clip.name for clip in PoseStore(tmp_path / "store")] == ["new"]

    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "index.json").write_text("{}")
    with pytest.raises(StoreError, match="expected nothing or a store there"):
        PoseStoreWriter(tmp_path / "photos", DATA_SET)


def _edit_index(path: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    index = json.loads((path / "index.json").read_text())
    edit(index)
    (path / "index.json").write_text(json.dumps(index))


def _header_byte(path: Path, old: bytes, new: bytes) -> None:
    path.write_bytes(path.read_bytes().replace(old, new, 1))


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda p: _edit_index(p, lambda i: i.update(version=2)), "version 1, got .* version 2"),
        (
            lambda p: _edit_index(p, lambda i: i.update(format="other")),
            "posewire-store .* got other",
        ),
        (lambda p: _edit_index(p, lambda i: i.pop("clips")), "missing required field `clips`"),
        (lambda p: _edit_index(p, lambda i: i["clips"].pop()), r"expected shape \(5, 1, 20, 4\)"),
        (lambda p: _edit_index(p, lambda i: i["clips"].pop(0)), "clip b to begin at row 0, got"),
        (
            lambda p: _edit_index(p, lambda i: i.update(arrays=["times_ms"])),
            "expected keypoints and",
        ),
        (lambda p: _edit_index(p, lambda i: i["arrays"].append("../x")), r"got arrays \['../x'"),
        (lambda p: (p / "index.json").write_text("walk"), "expected the index of a store, but"),
        (lambda p: (p / "index.json").write_bytes(b'{"format": "\xff"}'), "index of a store, but"),
        (
            lambda p: _edit_index(p, lambda i: i["clips"][0].update(label=9)),
            "clip a .* got class 9",
        ),
        (lambda p: _header_byte(p / "keypoints.npy", b"'", b"("), "expected an array of the store"),
        (lambda p: (p / "index.json").unlink(), "expected a prepared store, got no index.json"),
        (lambda p: (p / "times_ms.npy").unlink(), "times_ms.npy: expected an array of the store"),
        (lambda p: (p / "keypoints.npy").write_bytes(b"x" * 99), "expected an array of the store"),
        (
            lambda p: (p / "keypoints.npy").write_bytes((p / "keypoints.npy").read_bytes()[:-1]),
            "keypoints.npy: expected an array of the store",
        ),
        (
            lambda p: np.save(p / "frame_labels.npy", np.zeros(12, np.int64)),
            "frame_labels.npy: expected int16, got int64",
        ),
        (
            lambda p: np.save(p / "frame_labels.npy", np.zeros(11, np.int16)),
            r"expected shape \(12,\) as index.json says, got \(11,\)",
        ),
    ],
)
def test_a_damaged_store_is_refused_in_one_sentence(
    tmp_path: Path, damage: Callable[[Path], object], sentence: str
) -> None:
    """Another format or version, a missing or truncated file, sizes that disagree."""
    path = tmp_path / "store"
    _write(path, [_clip("a", 5), _clip("b", 7)])
    damage(path)
    with pytest.raises(StoreError, match=sentence) as caught:
        PoseStore(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda c: replace(c, name="first"), "expected a new name"),
        (lambda c: replace(c, keypoints=c.keypoints * np.nan), "expected finite keypoints"),
        (lambda c: replace(c, times_ms=c.times_ms[::-1]), "expected times that increase"),
        (lambda c: replace(c, frame_labels=c.frame_labels + 2), "labels of 0 to 1, got 2"),
        (lambda c: replace(c, frame_labels=c.frame_labels - 2), "labels of 0 to 1, got -2"),
        (lambda c: replace(c, frame_numbers=None), "expected arrays"),
        (
            lambda c: replace(c, keypoints=c.keypoints[:, :, :9]),
            r"expected \(M, V, 4\) \(1, 20, 4\)",
        ),
        (lambda c: replace(c, keypoints=c.keypoints[1:]), "expected 7 times_ms, got shape"),
        (
            lambda c: replace(c, keypoints=c.keypoints[..., :3]),
            r"expected keypoints \(T, M, V, 4\)",
        ),
    ],
)
def test_a_clip_unlike_the_others_is_refused(
    tmp_path: Path, change: Callable[[PoseClip], PoseClip], sentence: str
) -> None:
    """Nothing that a later reader would trip over gets into a store."""
    second = replace(_clip("second", 8), frame_labels=np.array([0, 1] * 4, np.int16))
    first = _clip("first", 5)
    with pytest.raises(StoreError, match=sentence):
        _write(
            tmp_path / "store", (make(clip) for make, clip in ((replace, first), (change, second)))
        )
    assert not list(tmp_path.iterdir())


def test_a_store_of_nothing_is_not_written(tmp_path: Path) -> None:
    """Without a clip there is no store, and a sentence says so."""
    with pytest.raises(StoreError, match="expected at least one clip"):
        _write(tmp_path / "store", [])
    assert not list(tmp_path.iterdir())

"""``python -m training prepare``: what lands in the store, what is printed, what is refused."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from model.pose.store import PoseClip, PoseStore, StoreError
from model.pose.store_writer import PoseStoreWriter
from training.__main__ import main
from training.readers.utkinect import UTKinectReader

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"

needs_data = pytest.mark.skipif(not SHARED.is_dir(), reason=f"no raw data sets at {SHARED}")

WORDS = "walk sitDown standUp pickUp carry throw push pull waveHands clapHands".split()


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """Two UTKinect recordings of random joints; each of the ten actions lasts two frames."""
    directory = tmp_path / "raw"
    directory.mkdir()
    generator = np.random.default_rng(5)
    lines = []
    for name in ("s01_e01", "s02_e01"):
        rows = [
            " ".join([str(number), *(f"{value:.6f}" for value in generator.normal(size=60))])
            for number in range(0, 120, 4)
        ]
        (directory / f"joints_{name}.txt").write_text("\n".join(rows))
        lines += [name, *(f"{word}: {8 + 8 * i} {12 + 8 * i}" for i, word in enumerate(WORDS))]
    (directory / "actionLabel.txt").write_text("\n".join(lines))
    return directory


def _prepare(raw: Path, out: Path, *options: str) -> int:
    return main(["prepare", "utkinect", "--from", str(raw), "--out", str(out), *options])


def test_the_store_holds_what_was_read_and_the_last_line_says_so(
    raw: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 0, a store, and with --json one line last on stdout with the same counts."""
    assert _prepare(raw, tmp_path / "store", "--json") == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    store = PoseStore(tmp_path / "store")

    assert (found["clips"], found["frames"]) == (2, 60)
    assert found["class_frames"]["background"] == 20
    assert found["class_frames"]["clap hands"] == 4
    assert [clip.name for clip in store] == ["s01_e01", "s02_e01"]
    assert store.data_set.labels[:3] == ("background", "walk", "sit down")
    assert (store.data_set.layout, store.entries[1].subject) == ("kinect20", 2)


def test_a_broken_file_is_skipped_named_and_costs_no_other(
    raw: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without --strict the store holds the whole files, and names the broken one with its line."""
    with (raw / "joints_s01_e01.txt").open("a") as file:
        file.write("\n120 0.1 0.2")
    assert _prepare(raw, tmp_path / "store") == 0
    store = PoseStore(tmp_path / "store")
    (skipped,) = store.index.skipped

    assert [clip.name for clip in store] == ["s02_e01"]
    assert skipped.file == "joints_s01_e01.txt"
    assert skipped.reason == "joints_s01_e01.txt, line 31: expected 61 numbers, got 3"
    assert skipped.reason in capsys.readouterr().out


def test_a_reader_that_fails_unforeseen_costs_one_file(
    raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it raises, the file is named with it, and the others are stored."""
    read = UTKinectReader.read

    def failing(reader: UTKinectReader, path: Path) -> PoseClip:
        if "s01" in path.name:
            raise KeyError("no such\nthing")
        return read(reader, path)

    monkeypatch.setattr(UTKinectReader, "read", failing)
    assert _prepare(raw, tmp_path / "store") == 0
    (skipped,) = PoseStore(tmp_path / "store").index.skipped

    assert skipped.reason == (
        "joints_s01_e01.txt: expected a file of utkinect, its reader failed with KeyError: "
        "'no such\\nthing'"
    )


def test_strict_ends_at_the_first_broken_file_and_leaves_nothing(
    raw: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --strict: exit 2, one sentence on stderr, no store and no part of one."""
    (raw / "joints_s02_e01.txt").write_text("walk")
    assert _prepare(raw, tmp_path / "store", "--strict") == 2

    assert capsys.readouterr().err.splitlines() == [
        "prepare: joints_s02_e01.txt, line 1: expected 61 numbers, got 1"
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["raw"]


def test_a_store_that_holds_something_else_is_not_replaced(
    raw: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whether it lay there before, or came while the files were read."""
    assert _prepare(raw, tmp_path / "store") == 0
    kept = tmp_path / "store" / "runs" / "precious.ckpt"
    kept.parent.mkdir()
    kept.write_bytes(b"kept")
    capsys.readouterr()
    assert _prepare(raw, tmp_path / "store") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("expected nothing there but a store, which is replaced, got runs in it")
    assert kept.read_bytes() == b"kept"
    store, new = PoseStore(tmp_path / "store"), tmp_path / "new"
    with (
        pytest.raises(StoreError, match="got late in it"),
        PoseStoreWriter(new, store.data_set, source="the same") as writer,
    ):
        _overtaken(writer, store)
    assert (new / "late" / "precious.ckpt").read_bytes() == b"kept"
    shutil.rmtree(new)
    with PoseStoreWriter(new, store.data_set, source="the same") as writer:
        assert len(writer.finished) == 1
    assert len(PoseStore(new)) == 1


def _overtaken(writer: PoseStoreWriter, store: PoseStore) -> None:
    """Somebody else puts a store with more in it where the writer is to put its own."""
    writer.append(store[0])
    shutil.copytree(store.path, writer.path)
    (writer.path / "runs").rename(writer.path / "late")


def test_a_name_that_is_no_text_costs_one_file(
    raw: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is skipped and named, byte by byte; the others are read."""
    try:
        (raw / os.fsdecode(b"joints_s03_e01\xff.txt")).write_text("1")
    except OSError:
        pytest.skip("this file system takes no such name")
    assert _prepare(raw, tmp_path / "store", "--json") == 0
    said = capsys.readouterr().out
    assert json.loads(said.splitlines()[-1])["clips"] == 2


def test_bad_input_is_exit_2_and_one_sentence(
    raw: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No such source, nothing whole in it, a foreign directory in the way, a wrong data set."""
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "joints_s01_e01.txt").write_text("1 2 3")
    recordings = ["--recordings", str(tmp_path / "recordings")]
    cases = [
        (
            ["utkinect", "--from", str(tmp_path / "absent"), "--out", str(tmp_path / "a")],
            "got none",
        ),
        (["utkinect", "--from", str(broken), "--out", str(tmp_path / "b")], "none of 1 files"),
        (["utkinect", "--from", str(raw), "--out", str(raw)], "expected nothing or a store there"),
        (["nw_ucla", "--from", str(raw), "--out", str(tmp_path / "c"), *recordings], "utkinect"),
        (
            ["utkinect", "--from", str(raw), "--out", str(tmp_path), *recordings],
            "--recordings: expected a directory outside of the store, got",
        ),
    ]
    for arguments, sentence in cases:
        assert main(["prepare", *arguments]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert sentence in line


def test_a_recording_streams_the_store_bit_for_bit(raw: Path, tmp_path: Path) -> None:
    """hello, then one pose a distinct frame number whose float32 keypoints are the store's."""
    recordings = tmp_path / "recordings"
    assert _prepare(raw, tmp_path / "store", "--recordings", str(recordings)) == 0
    for clip in PoseStore(tmp_path / "store"):
        _assert_recorded(recordings / f"{clip.name}.jsonl", clip.keypoints, clip.times_ms)


@needs_data
def test_every_real_recording_streams_the_store_bit_for_bit(tmp_path: Path) -> None:
    """The same, of all twenty recordings of UTKinect."""
    out, recordings = tmp_path / "store", tmp_path / "recordings"
    assert _prepare(SHARED / "utkinect", out, "--recordings", str(recordings)) == 0
    store = PoseStore(out)

    assert len(list(recordings.iterdir())) == len(store) == 20
    for clip in store:
        _assert_recorded(recordings / f"{clip.name}.jsonl", clip.keypoints, clip.times_ms)


def _assert_recorded(path: Path, keypoints: np.ndarray, times_ms: np.ndarray) -> None:
    hello, *poses = [json.loads(line) for line in path.read_text().splitlines()]
    streamed = np.array([pose["people"][0]["keypoints"] for pose in poses], dtype=np.float32)

    assert (hello["type"], hello["version"], hello["layout"]) == ("hello", 1, "kinect20")
    assert (hello["coordinates"], hello["up"]) == ("metres", "y")
    assert {pose["type"] for pose in poses} == {"pose"}
    assert [pose["people"][0]["id"] for pose in poses] == [1] * len(poses)
    np.testing.assert_array_equal(streamed, keypoints[:, 0])
    np.testing.assert_array_equal([pose["t_ms"] for pose in poses], times_ms)

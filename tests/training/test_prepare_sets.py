"""``prepare`` of every data set of the paper, from files in its published form to an open store."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from model.pose.store import PoseStore
from tests.training.published_forms import (
    agcn_files,
    moving,
    pku_files,
    pyskl_annotation,
    skeleton_text,
    write_pickle,
)
from training.__main__ import main
from training.prepare import READERS

FIRST, SECOND = "S001C002P003R002A013", "S002C001P001R001A060"
UAV = "P001S00G10B10H10UC022000LC021000A154R0_08241716"
MISSING = "NTU_RGBD_samples_with_missing_skeletons.txt"


def _raw(name: str, directory: Path) -> Path:
    """Two whole samples of the data set, or of PKU-MMD one recording of two segments."""
    directory.mkdir()
    edition, _, form = name.partition("_")
    if form == "agcn":
        agcn_files(directory, "train", [FIRST, SECOND])
    elif form == "2d":
        annotations = [pyskl_annotation(FIRST), pyskl_annotation(SECOND, bodies=2)]
        split = {"xsub_train": [SECOND], "xsub_val": [FIRST]}
        write_pickle(
            directory / f"{edition}_hrnet.pkl", {"split": split, "annotations": annotations}
        )
    elif edition.startswith("pku"):
        recording = "0002-L" if edition == "pku1" else "A01N02-L"
        pku_files(directory / "pku", {recording: (20, "8,2,5,2\n51,10,14,1\n")}, [recording], ["x"])
    elif name == "uav_human":
        poses = 300 + moving(5, 20.0, joints=17, dimensions=2)
        for file in (UAV, UAV.replace("P001", "P000")):
            (directory / f"{file}.txt").write_text(skeleton_text([{"000": p} for p in poses]))
    else:
        (directory / MISSING).write_text("")
        text = skeleton_text([{"7": pose} for pose in moving(5, 0.3)])
        for sample in (FIRST, SECOND):
            (directory / f"{sample}.skeleton").write_text(text)
    return directory


@pytest.mark.parametrize(
    ("name", "layout", "classes", "split"),
    [
        ("ntu60", "ntu25", 60, "xview_train"),
        ("ntu120", "ntu25", 120, "xset_test"),
        ("ntu60_agcn", "ntu25", 60, "xsub_train"),
        ("ntu120_agcn", "ntu25", 120, "xset_train"),
        ("ntu60_2d", "coco17", 60, "xsub_test"),
        ("ntu120_2d", "coco17", 120, "xsub_train"),
        ("pku1", "ntu25", 52, "xsub_train"),
        ("pku2", "ntu25", 52, "xview_train"),
        ("pku1_segments", "ntu25", 51, "xview_train"),
        ("pku2_segments", "ntu25", 51, "xsub_train"),
        ("uav_human", "coco17", 155, "xsub1_test"),
    ],
)
def test_published_files_become_a_store_with_its_splits(
    name: str,
    layout: str,
    classes: int,
    split: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Clips, frames, classes, splits and skipped files are printed, and as the store has them."""
    raw = _raw(name, tmp_path / "raw")
    out = tmp_path / "store"
    assert main(["prepare", name, "--from", str(raw), "--out", str(out), "--json"]) == 0
    printed = capsys.readouterr().out
    found = json.loads(printed.splitlines()[-1])
    store = PoseStore(out)

    assert store.data_set.name == name
    assert (store.data_set.layout, len(store.data_set.labels)) == (layout, classes)
    assert len(store.split(split)) == found["splits"][split] > 0
    assert found["clips"] == len(store)
    assert found["frames"] == sum(len(clip) for clip in store)
    assert found["skipped"] == []
    assert f"split {split}: {found['splits'][split]:,} clips" in printed
    assert "skipped files: 0" in printed
    assert all((clip.keypoints[..., 3] > 0).any() for clip in store)


def test_the_page_of_data_sets_names_each_of_them() -> None:
    """The names of the command are those of docs/data.md's table, no more and no fewer."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "data.md").read_text()
    table = page[: page.index("## The command")]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    documented = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert documented == set(READERS)


def test_a_sample_left_out_is_no_broken_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """--strict ends at broken files, not at those that the owners' list names; both are printed."""
    raw = _raw("ntu60", tmp_path / "raw")
    (raw / MISSING).write_text(f"{FIRST}\n")
    command = ["prepare", "ntu60", "--from", str(raw), "--out", str(tmp_path / "store")]
    assert main([*command, "--strict"]) == 0
    assert f"{FIRST}.skeleton: left out, as {MISSING} lists it" in capsys.readouterr().out

    assert main([*command, "--strict", "--missing", "/dev/null"]) == 0
    assert len(PoseStore(tmp_path / "store")) == 2

    (raw / f"{SECOND}.skeleton").write_text("3\n1\n")
    assert main([*command, "--strict"]) == 2
    assert f"prepare: {SECOND}.skeleton, line 3" in capsys.readouterr().err


def test_half_precision_is_asked_for_by_name(tmp_path: Path) -> None:
    """--dtype float16 halves the keypoints, and is another store than float32's."""
    raw = _raw("ntu60", tmp_path / "raw")
    command = ["prepare", "ntu60", "--from", str(raw), "--out", str(tmp_path / "store")]
    assert main([*command, "--dtype", "float16"]) == 0

    assert PoseStore(tmp_path / "store")[0].keypoints.dtype == np.float16


def test_two_clips_of_one_name_cost_one_of_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A sample that lies there twice is stored once, and the other is named."""
    raw = _raw("ntu60", tmp_path / "raw")
    (raw / "again").mkdir()
    (raw / "again" / f"{FIRST}.skeleton").write_bytes((raw / f"{FIRST}.skeleton").read_bytes())
    command = ["prepare", "ntu60", "--from", str(raw), "--out", str(tmp_path / "store")]
    assert main(command) == 0

    assert f"{FIRST}: expected a new name" in capsys.readouterr().out
    assert len(PoseStore(tmp_path / "store")) == 2


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["pku1", "--missing", "list.txt"], "--missing: expected ntu60 or ntu120, got pku1"),
        (["ntu60", "--missing", "absent.txt"], "absent.txt"),
        (["ntu60"], "expected files S*.skeleton of ntu60 below it, got none"),
        (["ntu60_2d"], "expected one of ntu60_hrnet.pkl and ntu60_2d.pkl there, got 0"),
        (["ntu60_agcn"], "expected train_data_joint.npy or val_data_joint.npy there, got neither"),
        (["pku2"], "expected recordings like A01N01-L.txt in a folder there, got none"),
        (["uav_human"], "expected files P*.txt there, got none"),
        (["hdm05"], "expected NumPy's .npz, but"),
    ],
)
def test_what_is_not_there_is_one_sentence(
    arguments: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2; the sentence names what was expected, and nothing is left behind."""
    (tmp_path / "empty").mkdir()
    place = ["--from", str(tmp_path / "empty"), "--out", str(tmp_path / "store")]
    assert main(["prepare", *arguments, *place]) == 2
    (line,) = capsys.readouterr().err.splitlines()

    assert line.startswith("prepare: ")
    assert sentence in line
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]

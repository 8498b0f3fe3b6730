"""``prepare`` as a real process that is killed, runs out of disk, or comes twice at a time."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from model.pose.store import PoseStore
from tests.patience import SOON_S
from tests.training.published_forms import moving, skeleton_text

ROOT = Path(__file__).resolve().parents[2]
FILES = 400
STEP = 60

# The command, every file limited to so many bytes, as a full disk would, where there is a number.
COMMAND = """
import os, resource, signal, sys
from training.__main__ import command_line
os.nice(5)  # so that whoever waits for the moment to kill it is not late
limit = int(sys.argv.pop(1))
if limit:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
arguments = command_line().parse_args()
sys.exit(arguments.run(arguments))
"""


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Samples in NTU's text, every fiftieth of them cut short."""
    directory = tmp_path_factory.mktemp("ntu") / "raw"
    directory.mkdir()
    (directory / "NTU_RGBD_samples_with_missing_skeletons.txt").write_text("S001C001P001R001A002\n")
    texts = [skeleton_text([{"7": pose} for pose in moving(20, 0.3, seed)]) for seed in range(8)]
    for index in range(FILES):
        name = f"S001C001P{1 + index // 60:03}R001A{1 + index % 60:03}.skeleton"
        text = texts[index % 8]
        (directory / name).write_text(text[:5_000] if index % 50 == 49 else text)
    return directory


def _start(raw: Path, out: Path, limit_bytes: int = 0) -> subprocess.Popen[str]:
    arguments = ["prepare", "ntu60", "--from", str(raw), "--out", str(out), "--json"]
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, str(limit_bytes), *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _finish(process: subprocess.Popen[str]) -> dict[str, object]:
    output, errors = process.communicate(timeout=SOON_S)
    assert process.returncode == 0, errors
    found: dict[str, object] = json.loads(output.splitlines()[-1])
    return found


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def _kill_after(process: subprocess.Popen[str], journal: Path, lines: int) -> int:
    """Kills the process once its journal has that many lines; how many files it has then."""
    while _lines(journal) < lines and process.poll() is None:
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=SOON_S)
    return _lines(journal) - 1


def test_a_killed_preparation_goes_on_where_it_stopped(raw: Path, tmp_path: Path) -> None:
    """Killed twice at whatever instant, the third run leaves the undisturbed store's bytes."""
    whole = _finish(_start(raw, tmp_path / "whole"))
    journal = tmp_path / ".cut.part" / "journal.jsonl"
    first = _kill_after(_start(raw, tmp_path / "cut"), journal, STEP)
    second = _kill_after(_start(raw, tmp_path / "cut"), journal, first + STEP)
    assert not (tmp_path / "cut").exists()
    summary = _finish(_start(raw, tmp_path / "cut"))

    assert STEP <= first + 1 < second + 1 < FILES
    assert summary["continued_files"] == second
    for key in ("clips", "frames", "class_frames", "splits", "skipped", "missing_joints"):
        assert summary[key] == whole[key]
    for file in (tmp_path / "whole").iterdir():
        assert (tmp_path / "cut" / file.name).read_bytes() == file.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cut", "whole"]


def test_files_that_have_changed_since_begin_it_anew(raw: Path, tmp_path: Path) -> None:
    """What a killed run made of other files is not mixed into the store."""
    journal = tmp_path / ".store.part" / "journal.jsonl"
    assert _kill_after(_start(raw, tmp_path / "store"), journal, STEP) < FILES
    listed = raw / "NTU_RGBD_samples_with_missing_skeletons.txt"
    before = listed.read_text()
    listed.write_text(before + "S001C001P001R001A003\n")
    try:
        summary = _finish(_start(raw, tmp_path / "store"))
    finally:
        listed.write_text(before)

    assert summary["continued_files"] == 0
    assert summary["clips"] == FILES - FILES // 50 - 2


def test_a_full_disk_costs_no_earlier_store_and_goes_on_when_there_is_room(
    raw: Path, tmp_path: Path
) -> None:
    """One sentence, exit 2; the older store still opens; with room again, the rest is written."""
    small = tmp_path / "small"
    small.mkdir()
    for path in (raw / "NTU_RGBD_samples_with_missing_skeletons.txt", *sorted(raw.iterdir())[1:3]):
        (small / path.name).write_bytes(path.read_bytes())
    _finish(_start(small, tmp_path / "store"))
    older = [clip.name for clip in PoseStore(tmp_path / "store")]
    full = _start(raw, tmp_path / "store", limit_bytes=1_000_000)
    _, errors = full.communicate(timeout=SOON_S)

    assert full.returncode == 2
    assert errors.splitlines()[-1].startswith("prepare: ")
    assert "File too large" in errors.splitlines()[-1]
    assert "Traceback" not in errors
    assert [clip.name for clip in PoseStore(tmp_path / "store")] == older

    summary = _finish(_start(raw, tmp_path / "store"))
    assert summary["continued_files"] != 0
    clips = list(PoseStore(tmp_path / "store"))
    assert len(clips) == FILES - FILES // 50 - 1
    expected = moving(20, 0.3, 0).astype(np.float32)
    np.testing.assert_allclose(clips[0].keypoints[:, 0, :, :3], expected, rtol=1e-6)


def test_an_interrupted_preparation_says_how_to_go_on(raw: Path, tmp_path: Path) -> None:
    """Ctrl-C is one sentence and exit 130, and what was done is kept."""
    journal = tmp_path / ".store.part" / "journal.jsonl"
    process = _start(raw, tmp_path / "store")
    while _lines(journal) < STEP and process.poll() is None:
        time.sleep(0.002)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=SOON_S)

    assert process.returncode == 130
    assert errors.splitlines()[-1] == "prepare: interrupted; the same command continues it"
    assert _lines(journal) >= STEP

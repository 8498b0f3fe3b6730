"""A pretraining whose process is killed, or whose disk is full, loses nothing that was saved."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from model.network.pretrained import load_pretrained
from model.pose.store import PoseStore
from tests.patience import SOON_S
from tests.training.full_disk import full_disk
from tests.training.swings import write_swings
from training.__main__ import main

ROOT = Path(__file__).resolve().parents[2]
FLAGS = "--hidden-size 16 --frames 16 --batch 12 --accumulate 2 --epochs 12 --choosing 5".split()


@pytest.fixture(scope="module")
def swings(tmp_path_factory: pytest.TempPathFactory) -> PoseStore:
    return write_swings(tmp_path_factory.mktemp("swings") / "store")


def command(store: PoseStore, out: Path) -> list[str]:
    return ["pretrain", "--store", str(store.path), "--out", str(out), *FLAGS]


def kill_after_first_state(arguments: list[str], state: Path) -> None:
    """Starts the command as a process and kills it once its state is on disk."""
    process = subprocess.Popen(
        # So that whoever waits for the moment to kill it is not late.
        ["nice", "-n", "5", sys.executable, "-m", "training", *arguments],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not state.exists() and process.poll() is None:
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    _, errors = process.communicate(timeout=SOON_S)
    assert process.returncode == -signal.SIGKILL, errors


def test_a_killed_pretraining_goes_on_to_the_same_weights(
    swings: PoseStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """SIGKILL, then a full disk, then room again: the unbroken run's weights, bit by bit."""
    assert main(command(swings, tmp_path / "whole")) == 0
    out = tmp_path / "cut"
    state = out / "pretrain.state.pt"
    kill_after_first_state(command(swings, out), state)
    assert not (out / "pretrained.ckpt").exists()
    (out / ".pretrain.state.pt.12345.partial").write_bytes(b"killed while it wrote")

    saved = state.read_bytes()
    with full_disk(200_000):
        assert main(command(swings, out)) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == f"pretrain: {state}: cannot be written: File too large"
    assert state.read_bytes() == saved
    assert sorted(path.name for path in out.iterdir()) == ["pretrain.state.pt"]

    (out / ".pretrained.ckpt.12345.partial").write_bytes(b"killed while it wrote")
    done = torch.load(state, weights_only=True)["progress"]["epoch"]
    assert 1 <= done < 12
    assert main(command(swings, out)) == 0
    # The bar begins where the run was, so that its pace and time left are this process's own.
    shown = capsys.readouterr().err
    assert f"| {60 * done}/720 [" in shown
    assert "| 0/720 [" not in shown
    expected = load_pretrained(tmp_path / "whole" / "pretrained.ckpt").network.state_dict()
    found = load_pretrained(out / "pretrained.ckpt").network.state_dict()
    assert all(torch.equal(found[name], expected[name]) for name in expected)
    assert sorted(path.name for path in out.iterdir()) == ["pretrain.state.pt", "pretrained.ckpt"]


def test_a_full_disk_costs_no_earlier_checkpoint(
    swings: PoseStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Begun anew on a full disk: one sentence, exit 2, the earlier checkpoint as it was."""
    arguments = [*command(swings, tmp_path), "--epochs", "1"]
    assert main(arguments) == 0
    earlier = (tmp_path / "pretrained.ckpt").read_bytes()
    with full_disk(200_000):
        assert main([*arguments, "--seed", "2", "--restart"]) == 2
    assert capsys.readouterr().err.splitlines()[-1].endswith("cannot be written: File too large")
    assert (tmp_path / "pretrained.ckpt").read_bytes() == earlier
    assert [path.name for path in tmp_path.iterdir()] == ["pretrained.ckpt"]

"""Two processes that torchrun starts learn what one would from their batches together."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from model.network.pretrained import load_pretrained
from model.pose.store import PoseStore
from tests.training.replica_worker import CLIPS, LinearViews, task_of
from tests.training.swings import source_of, write_swings
from training.clip_source import ClipBatch, ClipSource
from training.replica import Replica

ROOT = Path(__file__).resolve().parents[2]
FLAGS = "--hidden-size 16 --frames 16 --batch 12 --epochs 2 --accelerator cpu --json".split()


class NotingSource(ClipSource):
    """A source that notes which clips were read."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.noted: list[int] = []

    def read(self, places: Sequence[int] | NDArray[np.int64], observed: float = 1.0) -> ClipBatch:
        self.noted += [int(place) for place in places]
        return super().read(places, observed)


def torchrun(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs two processes on this machine, on any free port."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    return subprocess.run(
        [*launcher, "--nproc-per-node", "2", *arguments],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a store, and what two processes made of it in `replica_worker`."""
    directory = tmp_path_factory.mktemp("distributed")
    write_swings(directory / "store")
    done = torchrun("tests/training/replica_worker.py", str(directory))
    assert done.returncode == 0, done.stderr
    return directory


@pytest.fixture(scope="module")
def found(place: Path) -> list[dict[str, Any]]:
    """What each of the processes computed."""
    return [torch.load(place / f"rank-{rank}.pt", weights_only=True) for rank in range(2)]


def test_two_processes_have_the_loss_and_gradients_of_their_joined_batch(
    place: Path, found: list[dict[str, Any]]
) -> None:
    """All terms of MG-FD over both halves of a batch, and DDP's mean of what comes back.

    The network is linear, since a projector's batch norm sees its own process's clips.
    """
    task = task_of(source_of(PoseStore(place / "store")), CLIPS, Replica())
    (batch,) = task.batches(0)
    network = LinearViews()
    loss = task.loss(network, batch)
    names, weights = zip(*network.named_parameters(), strict=True)
    gradients = dict(zip(names, torch.autograd.grad(loss, weights), strict=True))

    assert loss.item() > 1
    assert all(gradient.abs().max() > 1e-3 for gradient in gradients.values())
    for one in found:
        torch.testing.assert_close(one["loss"], loss.detach(), rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(one["gradients"], gradients, rtol=1e-4, atol=5e-6)


def test_processes_draw_different_views(found: list[dict[str, Any]]) -> None:
    """What is drawn in an epoch depends on the process too."""
    assert not torch.equal(found[0]["drawn"], found[1]["drawn"])


def test_processes_share_the_clips_of_an_epoch(place: Path) -> None:
    """Over all processes every clip comes once; an epoch later in another order."""
    source = NotingSource([PoseStore(place / "store")], "kinect20", "kinect-3d", persons=1)
    for epoch in range(2):
        for rank in range(3):
            assert len(list(task_of(source, 2, Replica(rank, 3)).batches(epoch))) == 2
    first, second = source.noted[:CLIPS], source.noted[CLIPS:]
    assert sorted(first) == sorted(second) == list(range(CLIPS))
    assert first != second


def test_torchrun_pretrains_one_encoder(place: Path, found: list[dict[str, Any]]) -> None:
    """`torchrun … -m training pretrain` ends in one line and one checkpoint, which both hold."""
    store, out = str(place / "store"), place / "command"
    done = torchrun("-m", "training", "pretrain", "--store", store, "--out", str(out), *FLAGS)
    assert done.returncode == 0, done.stderr

    said = done.stdout.splitlines()
    assert len(said) == 2
    assert "clips/s on cpu × 2" in said[0]
    assert json.loads(said[1])["clips"] == 72
    assert sorted(path.name for path in out.iterdir()) == ["pretrain.state.pt", "pretrained.ckpt"]
    kept = load_pretrained(place / "worker" / "pretrained.ckpt").network.state_dict()
    for one in found:
        assert kept.keys() == one["pretrained"].keys()
        assert all(torch.equal(kept[name], one["pretrained"][name]) for name in kept)
    again = load_pretrained(out / "pretrained.ckpt")
    settings = again.provenance["settings"]
    assert isinstance(settings, dict)
    assert (settings["processes"], settings["preset"]["optimisation"]["batches"]) == (2, 3)

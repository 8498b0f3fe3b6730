"""What each of two processes does in `test_distributed`: `torchrun … replica_worker.py DIR`.

DIR holds a store; each process writes what it computed to ``rank-N.pt`` in it.
"""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch
from lightning.fabric import Fabric
from torch import Tensor, nn

from model.network.pretrained import Pretrained
from model.network.projectors import Projections
from model.pose.store import PoseStore
from tests.training.swings import READING, TINY, source_of
from training.clip_choice import chosen_clips
from training.clip_source import ClipSource
from training.consistency import Perspective
from training.devices import Devices
from training.fit import fit
from training.mgfd import MgfdWeights
from training.optimisation import Optimisation
from training.pretraining import pretrain
from training.replica import Replica, replica_of
from training.view_task import ViewTask
from training.views import ViewSettings

CLIPS, FRAMES, WIDTH = 12, 16, 6
SHORT = replace(TINY.optimisation, epochs=2, batch=12)
AS_THEY_ARE = ViewSettings(shortest_crop=1.0, corrupted_share=0.0, shear=0.0)
"""Views that are their clips, so that each process's are known."""


class LinearViews(nn.Module):
    """Each view by its own linear map, so that views differ although their clips do not."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.maps = nn.ModuleList(nn.Linear(3 * FRAMES * 20, 3 * WIDTH) for _ in range(4))

    def forward(self, views: Tensor) -> list[Projections]:
        flat = views.flatten(2)
        parts = [own(view).chunk(3, dim=1) for own, view in zip(self.maps, flat, strict=True)]
        return [Projections(*part) for part in parts]


class Draws:
    """A task that notes what it draws at random."""

    drawn: Tensor

    def batches(self, epoch: int) -> Iterator[int]:
        yield epoch

    def loss(self, network: nn.Module, batch: int) -> Tensor:
        self.drawn = torch.rand(4)
        total: Tensor = network(self.drawn[None]).sum()
        return total

    def validate(self, network: nn.Module) -> float:
        return 0.0


def task_of(source: ClipSource, batch: int, replica: Replica) -> ViewTask:
    """MG-FD with all its terms over the first clips, in order of an epoch."""
    perspective = Perspective(views=AS_THEY_ARE, loss=MgfdWeights(cross_correlation=0.1))
    device = torch.device("cpu")
    return ViewTask(source, range(CLIPS), perspective, FRAMES, batch, 0, device, replica)


def pretrained(source: ClipSource, out: Path) -> Pretrained:
    """What a short pretraining of both processes leaves each of them with."""
    preset = replace(TINY, optimisation=SHORT)
    chosen = chosen_clips(source, None, set(), set())
    return pretrain(source, chosen, READING, preset, out, Devices("cpu", 2)).pretrained


def work(directory: Path) -> None:
    """Computes loss and gradients of this process's half, draws at random, and pretrains."""
    fabric = Fabric(accelerator="cpu", devices=2, strategy="ddp")
    fabric.launch()
    network = LinearViews()
    trained = fabric.setup(network)
    source = source_of(PoseStore(directory / "store"))
    task = task_of(source, CLIPS // 2, replica_of(fabric))
    (batch,) = task.batches(0)
    loss = task.loss(trained, batch)
    fabric.backward(loss)

    draws, optimisation = Draws(), Optimisation(epochs=1, batches=1, batch=1)
    fit(fabric, nn.Linear(4, 1), draws, optimisation, {}, directory / "draws.state.pt")
    found = {
        "loss": loss.detach(),
        "gradients": {name: weights.grad for name, weights in network.named_parameters()},
        "drawn": draws.drawn,
        "pretrained": pretrained(source, directory / "worker").network.state_dict(),
    }
    torch.save(found, directory / f"rank-{fabric.global_rank}.pt")


if __name__ == "__main__":
    work(Path(sys.argv[1]))

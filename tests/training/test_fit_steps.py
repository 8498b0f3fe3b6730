"""A step of the loop: accumulated gradients, and what is drawn at random."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from lightning.fabric import Fabric
from torch import Tensor, nn
from torch.nn import functional

from training.fit import fit
from training.optimisation import Optimisation

CLIPS, WIDTH = 24, 5


class Regression:
    """A plain mean loss over numbers, in batches of any size."""

    def __init__(self, batch: int) -> None:
        generator = torch.Generator().manual_seed(0)
        self.batch = batch
        self.inputs = torch.randn(CLIPS, WIDTH, generator=generator)
        self.targets = torch.randn(CLIPS, 1, generator=generator)

    def batches(self, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        for start in range(0, CLIPS, self.batch):
            places = slice(start, start + self.batch)
            yield self.inputs[places], self.targets[places]

    def loss(self, network: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        inputs, targets = batch
        return functional.mse_loss(network(inputs), targets)

    def validate(self, network: nn.Module) -> float:
        return 0.0


def learnt(optimisation: Optimisation, state_path: Path) -> dict[str, Tensor]:
    """The weights that a linear network learns."""
    torch.manual_seed(0)
    network = nn.Linear(WIDTH, 1)
    fabric = Fabric(accelerator="cpu", devices=1)
    fit(fabric, network, Regression(optimisation.batch), optimisation, {}, state_path)
    return network.state_dict()


@pytest.mark.parametrize(("batch", "accumulate"), [(6, 2), (3, 4), (2, 6)])
def test_accumulated_batches_step_as_one_batch_does(
    tmp_path: Path, batch: int, accumulate: int
) -> None:
    """For a mean over clips, steps of several small batches give the weights of large ones."""
    at_once = Optimisation(epochs=3, batches=2, batch=12)
    parted = Optimisation(epochs=3, batches=CLIPS // batch, batch=batch, accumulate=accumulate)
    assert parted.steps == at_once.steps == 2
    expected = learnt(at_once, tmp_path / "at_once.pt")
    for name, weights in learnt(parted, tmp_path / "parted.pt").items():
        torch.testing.assert_close(weights, expected[name], rtol=1e-5, atol=1e-6)


def test_an_epochs_last_step_takes_what_is_left(tmp_path: Path) -> None:
    """Of three batches by two the last makes a step alone, and the rate falls by steps."""
    settings = Optimisation(epochs=2, batches=3, batch=8, accumulate=2, warmup_share=0.0)
    assert settings.steps == 2
    assert [round(settings.rate(step) / settings.learning_rate, 2) for step in range(4)] == [
        *(1.0, 1.0, 0.75, 0.25),
    ]
    weights = learnt(settings, tmp_path / "state.pt")
    state = torch.load(tmp_path / "state.pt", weights_only=True)
    assert {int(moments["step"]) for moments in state["optimiser"]["state"].values()} == {4}
    assert all(values.isfinite().all() for values in weights.values())

"""A step of the loop: accumulated gradients, and what is drawn at random."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass, replace
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

    def __init__(self, batch: int, size: float = 0.3) -> None:
        generator = torch.Generator().manual_seed(0)
        self.batch = batch
        # Gradients are short, so that none is cut to `CLIP_NORM`.
        self.inputs = size * torch.randn(CLIPS, WIDTH, generator=generator)
        self.targets = size * torch.randn(CLIPS, 1, generator=generator)

    def batches(self, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        for start in range(0, CLIPS, self.batch):
            places = slice(start, start + self.batch)
            yield self.inputs[places], self.targets[places]

    def loss(self, network: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        inputs, targets = batch
        return functional.mse_loss(network(inputs), targets)

    def validate(self, network: nn.Module) -> float:
        return 0.0


@dataclass(frozen=True)
class StillWeights(Optimisation):
    """Weights learn at no rate, the bias at a quarter of the schedule's."""

    def optimiser(self, network: nn.Module) -> torch.optim.Optimizer:
        weights, bias = network.parameters()
        groups = [{"params": [weights], "rate_share": 0.0}, {"params": [bias], "rate_share": 0.25}]
        return torch.optim.AdamW(groups, lr=self.learning_rate)


def learnt(optimisation: Optimisation, state_path: Path, size: float = 0.3) -> dict[str, Tensor]:
    """The weights that a linear network learns."""
    torch.manual_seed(0)
    network = nn.Linear(WIDTH, 1)
    fabric = Fabric(accelerator="cpu", devices=1)
    fit(fabric, network, Regression(optimisation.batch, size), optimisation, {}, state_path)
    return network.state_dict()


def moments(state_path: Path) -> list[Tensor]:
    """The mean gradients that the optimiser keeps."""
    kept = torch.load(state_path, weights_only=True)["optimiser"]["state"]
    return [kept[place]["exp_avg"] for place in sorted(kept)]


@pytest.mark.parametrize(("batch", "accumulate"), [(6, 2), (3, 4), (2, 6)])
def test_accumulated_batches_step_as_one_batch_does(
    tmp_path: Path, batch: int, accumulate: int
) -> None:
    """For a mean over clips, steps of several small batches give the weights of large ones."""
    told = Optimisation(epochs=3, learning_rate=0.05, average_decay=0.5)
    at_once = replace(told, batches=2, batch=12)
    parted = replace(told, batches=CLIPS // batch, batch=batch, accumulate=accumulate)
    assert parted.steps == at_once.steps == 2
    expected = learnt(at_once, tmp_path / "at_once.pt")
    torch.manual_seed(0)
    begun = nn.Linear(WIDTH, 1).state_dict()
    for name, weights in learnt(parted, tmp_path / "parted.pt").items():
        assert (weights - begun[name]).abs().min() > 1e-3
        torch.testing.assert_close(weights, expected[name], rtol=1e-5, atol=1e-6)
    # Adam forgets how long a gradient is; its moments do not.
    for one, other in zip(
        moments(tmp_path / "parted.pt"), moments(tmp_path / "at_once.pt"), strict=True
    ):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-7)


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


@pytest.mark.parametrize("size", [0.3, 30.0])
def test_a_run_is_the_plain_loop(tmp_path: Path, size: float) -> None:
    """AdamW on the mean gradient, cut to a norm of 1, and a moving average of the weights."""
    settings = Optimisation(
        epochs=3, batches=4, batch=6, accumulate=2, learning_rate=0.05, average_decay=0.75
    )
    torch.manual_seed(0)
    network = nn.Linear(WIDTH, 1)
    average, optimiser = copy.deepcopy(network), settings.optimiser(network)
    task = Regression(12, size)
    for step in range(6):
        optimiser.zero_grad()
        torch.autograd.backward(task.loss(network, list(task.batches(0))[step % 2]))
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        for group in optimiser.param_groups:
            group["lr"] = settings.rate(step)
        optimiser.step()
        for kept, latest in zip(average.parameters(), network.parameters(), strict=True):
            # The first step's weights are where the average begins.
            kept.data.lerp_(latest.data, 0.25 if step else 1.0)
    expected = average.state_dict()
    for name, weights in learnt(settings, tmp_path / "state.pt", size).items():
        torch.testing.assert_close(weights, expected[name], rtol=1e-5, atol=1e-6)


def test_parts_of_a_network_learn_at_their_share_of_the_rate(tmp_path: Path) -> None:
    """The bias follows AdamW by hand: its first step is as long as the rate."""
    settings = StillWeights(
        epochs=1, batches=1, batch=CLIPS, learning_rate=0.05, warmup_share=0.0, average_decay=0.5
    )
    torch.manual_seed(0)
    begun = nn.Linear(WIDTH, 1).state_dict()
    found = learnt(settings, tmp_path / "state.pt")
    assert torch.equal(found["weight"], begun["weight"])
    step = 0.25 * settings.rate(0)
    # AdamW takes 1 % of the rate off a parameter first, then steps by the rate.
    moved = found["bias"] - begun["bias"] * (1 - 0.01 * step)
    torch.testing.assert_close(moved.abs(), torch.tensor([step]), rtol=1e-3, atol=0)

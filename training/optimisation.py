"""Optimisation: how long and how fast a network learns, as plain settings."""

import math
from dataclasses import dataclass

import torch
from torch import nn

from training.seeds import SEEDS


class FitError(ValueError):
    """A run that cannot be begun, taken up or kept, said in one sentence."""


@dataclass(frozen=True)
class Optimisation:
    """How long and how fast a network learns.

    Attributes:
        epochs: How often state is saved.
        batches: Batches of an epoch, on each device.
        batch: Clips of a batch, on each device.
        accumulate: Batches whose gradients are averaged into one step; an epoch's last step takes
            what is left. A loss with statistics over its batch, as MG-FD, takes those of each
            batch by itself: two batches of 64 are not one of 128.
        learning_rate: At its highest.
        weight_decay: Of AdamW, on matrices.
        warmup_share: Share of the steps in which the rate rises.
        average_decay: Of the moving average of the weights, a step.
        validate_every: Epochs from one validation to the next; the last epoch has one in any case.
        seed: Of everything random.
    """

    epochs: int = 30
    batches: int = 40
    batch: int = 64
    accumulate: int = 1
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    warmup_share: float = 0.1
    average_decay: float = 0.99
    validate_every: int = 2
    seed: int = 1

    def __post_init__(self) -> None:
        """Refuses a run that would do nothing.

        Raises:
            FitError: Where there is no epoch, batch or clip to learn from, no learning rate to
                learn at, or a seed that not all generators take.
        """
        if not 0 <= self.seed < SEEDS:
            raise FitError(f"seed: expected 0 to {SEEDS - 1}, got {self.seed}")
        for name in ("epochs", "batches", "batch", "accumulate", "validate_every"):
            if getattr(self, name) < 1:
                raise FitError(f"{name}: expected at least 1, got {getattr(self, name)}")
        if not 0 < self.learning_rate < math.inf:
            raise FitError(f"learning_rate: expected a number above 0, got {self.learning_rate}")

    @property
    def steps(self) -> int:
        """Steps of an epoch."""
        return math.ceil(self.batches / self.accumulate)

    def rate(self, step: int) -> float:
        """The learning rate of a step: a linear rise, then half a cosine down to nought."""
        total = self.epochs * self.steps
        rise = max(round(self.warmup_share * total), 1)
        if step < rise:
            return self.learning_rate * (step + 1) / rise
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * (step - rise) / (total - rise)))

    def optimiser(self, network: nn.Module) -> torch.optim.Optimizer:
        """AdamW in one kernel a step; matrices decay, not biases, norms or position tables."""
        matrices = [weights for weights in network.parameters() if weights.ndim == 2]
        others = [weights for weights in network.parameters() if weights.ndim != 2]
        groups = [
            {"params": matrices, "weight_decay": self.weight_decay},
            {"params": others, "weight_decay": 0.0},
        ]
        return torch.optim.AdamW(groups, lr=self.learning_rate, fused=True)

"""Recipes of the everyday models: all settings of their fine-tuning.

The three see the same streams through the same cameras and as many windows, so that networks are
compared and not their data.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import torch
from torch import nn

from model.network.baselines import BaselineConfig
from model.network.config import EncoderConfig
from model.network.recogniser import RecogniserConfig
from model.pose.layout import Layout
from training.everyday.label_windows import FrameLoss, LabelRounds
from training.optimisation import Optimisation
from training.recipes import gru

NAME = "everyday-s"
"""Of the model that is shipped."""

ENCODER = "backbone."
"""What the names of a recogniser's weights begin with that are its encoder's."""


@dataclass(frozen=True)
class EncoderOptimisation(Optimisation):
    """An optimisation in which the encoder learns at a rate of its own.

    Attributes:
        encoder_rate_share: Of the rate at which the head learns.
    """

    encoder_rate_share: float = 1.0

    def optimiser(self, network: nn.Module) -> torch.optim.Optimizer:
        """AdamW, in which the groups of the encoder carry their share of the rate."""
        groups: list[dict[str, Any]] = [
            {
                "params": weights,
                "weight_decay": self.weight_decay if matrices else 0.0,
                "rate_share": self.encoder_rate_share if encoder else 1.0,
            }
            for encoder in (True, False)
            for matrices in (True, False)
            if (weights := _weights(network, encoder, matrices))
        ]
        return torch.optim.AdamW(groups, lr=self.learning_rate, fused=True)


def _weights(network: nn.Module, encoder: bool, matrices: bool) -> list[nn.Parameter]:
    """The weights that are, or are not, of the encoder, and matrices or not."""
    return [
        weights
        for name, weights in network.named_parameters()
        if name.startswith(ENCODER) == encoder and (weights.ndim == 2) == matrices
    ]


@dataclass(frozen=True)
class EverydayRecipe:
    """All that a fine-tune is told, beside its data.

    Attributes:
        name: Of the model.
        network: Skeleton, number of frames and of classes → sizes of the network.
        pretrained: Whether it begins with the pretrained encoder.
        optimisation: How long and how fast it learns.
        rounds: How windows are drawn.
        weighed: How their positions are weighed.
    """

    name: str
    network: Callable[[Layout, int, int], RecogniserConfig | BaselineConfig]
    pretrained: bool = False
    optimisation: EncoderOptimisation = field(
        default_factory=lambda: EncoderOptimisation(
            epochs=60, batches=320, average_decay=0.998, validate_every=10
        )
    )
    rounds: LabelRounds = field(default_factory=LabelRounds)
    weighed: FrameLoss = field(default_factory=FrameLoss)


def dste(layout: Layout, frames: int, labels: int) -> RecogniserConfig:
    """The encoder that is pretrained, with a linear head on its dense feature."""
    encoder = EncoderConfig(
        "dste", joints=len(layout.joints), persons=1, hidden_size=128, frames=frames
    )
    return RecogniserConfig(encoder, "frames", labels, parents=layout.parents, head_dropout=0.1)


RECIPES: Mapping[str, EverydayRecipe] = MappingProxyType(
    {
        "usdrl": EverydayRecipe(f"{NAME}-usdrl", dste, pretrained=True),
        "scratch": EverydayRecipe(f"{NAME}-scratch", dste),
        "gru": EverydayRecipe(f"{NAME}-gru", gru),
    }
)
JOINED = ("usdrl", "gru")
"""The recogniser and the recurrent network that answer together as `NAME`."""

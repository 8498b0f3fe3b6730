"""The baselines that a dense encoder must beat: a GRU over frames, and an MLP on each frame.

They read the same clips and give the same logits a position as a recogniser of frames, and see no
future at any position: the GRU by its nature, the MLP because it sees one frame only.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import msgspec
import torch
from torch import Tensor, nn

from model.network.config import check_sizes, read_settings
from model.network.tokens import temporal_tokens

CHANNELS = 3
"""Values of a joint: x, y, z, or x, y, score."""

Kind = Literal["gru", "mlp"]

_LARGEST = {"joints": 1024, "persons": 16, "labels": 100_000, "hidden_size": 8192, "layers": 64}
"""Limits of sanity: a checkpoint from a stranger names these sizes."""


@dataclass(frozen=True)
class BaselineConfig:
    """Sizes of a baseline.

    Attributes:
        kind: ``gru`` or ``mlp``.
        joints: V.
        persons: M.
        labels: K.
        hidden_size: Width of its layers.
        layers: Number of recurrent or hidden layers.
        dropout: Share of a layer's output that is dropped in training.
        steps: Whether each frame's step from the frame before is read beside its joints. It makes
            the MLP one of two frames, so that is the GRU's.

    Raises:
        ValueError: A value is out of its range; the message names it.
    """

    kind: Kind
    joints: int
    persons: int
    labels: int
    hidden_size: int = 128
    layers: int = 1
    dropout: float = 0.3
    steps: bool = False

    def __post_init__(self) -> None:
        """Refuses what no baseline can be built from."""
        if self.kind not in get_args(Kind):
            raise ValueError(f"kind must be one of gru, mlp; got {self.kind!r}")
        check_sizes(self, _LARGEST)
        if self.steps and self.kind == "mlp":
            raise ValueError("steps are read by a baseline of kind gru, not by one of kind mlp")
        if not 0.0 <= self.dropout < 1.0:
            raise ValueError(f"dropout must be at least 0 and below 1; got {self.dropout}")

    def to_dict(self) -> dict[str, object]:
        """The settings as plain values, for a checkpoint."""
        plain: dict[str, object] = msgspec.to_builtins(self)
        return plain

    @classmethod
    def from_dict(cls, settings: object) -> "BaselineConfig":
        """Reads what `to_dict` wrote.

        Raises:
            ValueError: A setting is missing, unknown, of another type or out of range.
        """
        return read_settings(settings, cls, "baseline")


class GruBaseline(nn.Module):
    """A recurrent network that runs over a window from its oldest frame to its newest."""

    def __init__(self, config: BaselineConfig) -> None:
        """Makes the network with random weights."""
        super().__init__()
        self.config = config
        width = CHANNELS * config.joints * config.persons * (2 if config.steps else 1)
        self.embedding = nn.Sequential(
            nn.Linear(width, config.hidden_size), nn.LayerNorm(config.hidden_size), nn.ReLU()
        )
        between = config.dropout if config.layers > 1 else 0.0
        self.gru = nn.GRU(
            config.hidden_size,
            config.hidden_size,
            config.layers,
            batch_first=True,
            dropout=between,
        )
        self.dropout = nn.Dropout(config.dropout)
        self.fc = nn.Linear(config.hidden_size, config.labels)

    def forward(self, clips: Tensor) -> tuple[Tensor, Tensor]:
        """Maps clips ``(B, 3, T, V, M)`` to logits ``(B, T, K)`` and features ``(B, T, D)``."""
        frames = temporal_tokens(clips)
        if self.config.steps:
            steps = torch.diff(frames, dim=1, prepend=frames[:, :1])
            frames = torch.cat([frames, steps], dim=-1)
        features, _ = self.gru(self.dropout(self.embedding(frames)))
        return self.fc(self.dropout(features)), features


class MlpBaseline(nn.Module):
    """A network that sees one frame at a time: what posture alone can tell."""

    def __init__(self, config: BaselineConfig) -> None:
        """Makes the network with random weights."""
        super().__init__()
        self.config = config
        width = CHANNELS * config.joints * config.persons
        layers: list[nn.Module] = []
        for _ in range(config.layers):
            layers += [
                nn.Linear(width, config.hidden_size),
                nn.LayerNorm(config.hidden_size),
                nn.ReLU(),
                nn.Dropout(config.dropout),
            ]
            width = config.hidden_size
        self.body = nn.Sequential(*layers)
        self.fc = nn.Linear(width, config.labels)

    def forward(self, clips: Tensor) -> tuple[Tensor, Tensor]:
        """Maps clips ``(B, 3, T, V, M)`` to logits ``(B, T, K)`` and features ``(B, T, D)``."""
        features = self.body(temporal_tokens(clips))
        return self.fc(features), features


def baseline_of(config: BaselineConfig) -> GruBaseline | MlpBaseline:
    """Makes the baseline that ``config`` describes."""
    return GruBaseline(config) if config.kind == "gru" else MlpBaseline(config)

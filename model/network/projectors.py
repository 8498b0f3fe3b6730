"""The three projectors of MG-FD pretraining, on top of an encoder (USDRL, section 3.3).

They exist in pretraining only; what is fine-tuned or served leaves them behind.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from model.network.encoder import Encoder, Streams


class Projections(NamedTuple):
    """What the loss compares between views."""

    temporal: Tensor
    """z_t, (B, 2D)."""
    spatial: Tensor
    """z_s, (B, 2D)."""
    instance: Tensor
    """z_i, (B, 4D)."""


class PretrainingNetwork(nn.Module):
    """An encoder with the temporal, spatial and instance projectors."""

    def __init__(self, backbone: Encoder) -> None:
        """Add projectors of the widths that go with `backbone`."""
        super().__init__()
        width = backbone.config.hidden_size
        self.backbone = backbone
        self.t_proj = _projector(width, 2 * width, 2 * width)
        self.s_proj = _projector(width, 2 * width, 2 * width)
        self.i_proj = _projector(2 * width, 2 * width, 4 * width)

    def forward(self, clip: Tensor) -> Projections:
        """Map a clip of one modality (B, C, T, V, M) to its projections."""
        return self.project(self.backbone(clip))

    def project(self, streams: Streams) -> Projections:
        """Max-pool the streams over their tokens, and project them."""
        temporal, spatial = streams.temporal.amax(dim=1), streams.spatial.amax(dim=1)
        return Projections(
            self.t_proj(temporal),
            self.s_proj(spatial),
            self.i_proj(torch.cat([temporal, spatial], dim=-1)),
        )


def _projector(width_in: int, width: int, width_out: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(width_in, width),
        nn.BatchNorm1d(width),
        nn.ReLU(),
        nn.Linear(width, width),
        nn.BatchNorm1d(width),
        nn.ReLU(),
        nn.Linear(width, width_out),
    )

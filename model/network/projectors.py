"""The three projectors of MG-FD pretraining, on top of an encoder (USDRL, section 3.3).

They exist in pretraining only; what is fine-tuned or served leaves them behind.
"""

from typing import NamedTuple

from torch import Tensor, nn

from model.network.encoder import Encoder, Streams, clip_feature


class Projections(NamedTuple):
    """What the loss compares between views."""

    temporal: Tensor
    """z_t, (B, 2D)."""
    spatial: Tensor
    """z_s, (B, 2D)."""
    instance: Tensor
    """z_i, (B, 4D)."""


class Projectors(nn.Module):
    """The temporal, spatial and instance projector of clip features."""

    def __init__(self, hidden_size: int) -> None:
        """Make projectors of features of `hidden_size` channels a stream."""
        super().__init__()
        self.t_proj = _projector(hidden_size, 2 * hidden_size, 2 * hidden_size)
        self.s_proj = _projector(hidden_size, 2 * hidden_size, 2 * hidden_size)
        self.i_proj = _projector(2 * hidden_size, 2 * hidden_size, 4 * hidden_size)

    def forward(self, feature: Tensor) -> Projections:
        """Project clip features (B, 2D)."""
        return self.project_feature(feature)

    def project_feature(self, feature: Tensor) -> Projections:
        """Project clip features (B, 2D)."""
        temporal, spatial = feature.chunk(2, dim=-1)
        return Projections(self.t_proj(temporal), self.s_proj(spatial), self.i_proj(feature))


class PretrainingNetwork(Projectors):
    """An encoder under the three projectors, whose names beside it are the published ones."""

    def __init__(self, backbone: Encoder) -> None:
        """Add projectors of the widths that go with `backbone`."""
        super().__init__(backbone.config.hidden_size)
        self.backbone = backbone

    def forward(self, clip: Tensor) -> Projections:
        """Map a clip of one modality (B, C, T, V, M) to its projections."""
        return self.project(self.backbone(clip))

    def project(self, streams: Streams) -> Projections:
        """Max-pool the streams over their tokens, and project them."""
        return self.project_feature(clip_feature(streams))


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

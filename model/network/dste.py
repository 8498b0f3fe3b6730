"""DSTE, the dense spatio-temporal encoder (USDRL, AAAI 2025, section 3.2)."""

from torch import Tensor, nn

from model.network.attention import (
    ConvolutionalAttention,
    DenseShiftAttention,
    SelfAttention,
    past,
)
from model.network.config import EncoderConfig
from model.network.encoder import Encoder, Streams


class DstLayer(nn.Module):
    """A blend of convolutional and dense shift attention, which share their attention weights."""

    def __init__(self, config: EncoderConfig, length: int, visible: Tensor | None = None) -> None:
        """Make one layer for sequences of exactly `length` tokens (`visible`: `SelfAttention`)."""
        super().__init__()
        width = config.hidden_size
        attention = SelfAttention(width, config.heads, visible)
        self.alpha = config.alpha
        self.CA = ConvolutionalAttention(attention, width, config.drop_path)
        self.DSA = DenseShiftAttention(attention, width, length, config.gap, config.drop_path)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens (B, L, D) to (B, L, D)."""
        blended: Tensor = self.alpha * self.CA(tokens) + (1 - self.alpha) * self.DSA(tokens)
        return blended


class Dste(Encoder):
    """Embedding, then DST layers on each stream, positions added before every layer."""

    def __init__(self, config: EncoderConfig, embedding: nn.Module | None = None) -> None:
        """Make the layers, named `t_tr`, `t_tr1`, … and `s_tr`, `s_tr1`, … as published."""
        super().__init__(config, embedding)
        self._suffixes = ["", *(str(number) for number in range(1, config.layers))]
        visible = past(config.frames) if config.causal else None
        for suffix in self._suffixes:
            self.add_module(f"t_tr{suffix}", DstLayer(config, config.frames, visible))
            self.add_module(f"s_tr{suffix}", DstLayer(config, config.spatial_tokens))

    def attend(self, embedded: Streams) -> Streams:
        """Run both streams, shapes unchanged."""
        temporal, spatial = embedded
        for suffix in self._suffixes:
            temporal = self.get_submodule(f"t_tr{suffix}")(self.tpe(temporal))
            spatial = self.get_submodule(f"s_tr{suffix}")(spatial + self.spe.to(spatial.dtype))
        return Streams(temporal, spatial)

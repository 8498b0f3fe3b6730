"""STTR, the paper's baseline encoder: an ordinary transformer on each stream."""

from torch import Tensor, nn
from torch.nn import functional

from model.network.attention import SelfAttention, past
from model.network.config import EncoderConfig
from model.network.encoder import Encoder, Streams


class PostNormLayer(nn.Module):
    """What `torch.nn.TransformerEncoderLayer` computes: post-norm, ReLU, no dropout, width D."""

    def __init__(self, config: EncoderConfig, visible: Tensor | None = None) -> None:
        """Make one layer under PyTorch's parameter names (`visible`: `SelfAttention`)."""
        super().__init__()
        width = config.hidden_size
        self.self_attn = SelfAttention(width, config.heads, visible)
        self.linear1 = nn.Linear(width, width)
        self.linear2 = nn.Linear(width, width)
        self.norm1 = nn.LayerNorm(width)
        self.norm2 = nn.LayerNorm(width)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens (B, L, D) to (B, L, D)."""
        tokens = self.norm1(tokens + self.self_attn(tokens))
        widened = self.linear2(functional.relu(self.linear1(tokens)))
        normalised: Tensor = self.norm2(tokens + widened)
        return normalised


class TransformerStack(nn.Module):
    """Post-norm layers, one after the other."""

    def __init__(self, config: EncoderConfig, visible: Tensor | None = None) -> None:
        """Make `config.layers` layers."""
        super().__init__()
        self.layers = nn.ModuleList(PostNormLayer(config, visible) for _ in range(config.layers))

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens (B, L, D) to (B, L, D)."""
        for layer in self.layers:
            tokens = layer(tokens)
        return tokens


class Sttr(Encoder):
    """Embedding, positions once, then a transformer on each stream."""

    def __init__(self, config: EncoderConfig, embedding: nn.Module | None = None) -> None:
        """Make the two stacks."""
        super().__init__(config, embedding)
        self.t_tr = TransformerStack(config, past(config.frames) if config.causal else None)
        self.s_tr = TransformerStack(config)

    def attend(self, embedded: Streams) -> Streams:
        """Run both streams, shapes unchanged."""
        temporal, spatial = embedded
        return Streams(self.t_tr(self.tpe(temporal)), self.s_tr(spatial + self.spe))

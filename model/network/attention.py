"""Attention over tokens, in three forms: plain, convolutional (CA) and dense-shifted (DSA).

CA and DSA are the two branches of a DST layer (USDRL, AAAI 2025, section 3.2). They are given
the attention that they share; module names are those of the published checkpoints.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional


def past(length: int) -> Tensor:
    """Give which tokens a token of causal attention sees: itself and those before, (L, L) bool."""
    return torch.ones(length, length, dtype=torch.bool).tril()


class SelfAttention(nn.Module):
    """Multi-head self-attention over tokens.

    Computes what `torch.nn.MultiheadAttention` does, under the same parameter names, without
    its inference fast path, which exports differently from what was trained.
    """

    visible: Tensor | None

    def __init__(self, hidden_size: int, heads: int, visible: Tensor | None = None) -> None:
        """Make the projections of `heads` heads that share `hidden_size` channels.

        Args:
            hidden_size: D.
            heads: a divisor of D.
            visible: (L, L) bool, which columns' tokens a row's token sees; None for all.
        """
        super().__init__()
        self.heads = heads
        self.register_buffer("visible", visible, persistent=False)
        self.in_proj_weight = nn.Parameter(torch.empty(3 * hidden_size, hidden_size))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * hidden_size))
        self.out_proj = nn.Linear(hidden_size, hidden_size)
        nn.init.xavier_uniform_(self.in_proj_weight)
        nn.init.zeros_(self.out_proj.bias)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens (B, L, D) to (B, L, D)."""
        batch, length, width = tokens.shape
        projected = functional.linear(tokens, self.in_proj_weight, self.in_proj_bias)
        heads = projected.reshape(batch, length, 3, self.heads, width // self.heads)
        query, key, value = heads.permute(2, 0, 3, 1, 4)
        # Sequences are so short that the plain products beat the fused kernel on a CPU, the more
        # so in bfloat16.
        scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-2, -1)
        if self.visible is not None:
            scores = torch.where(self.visible, scores, -torch.inf)
        mixed = scores.softmax(dim=-1).to(value.dtype) @ value
        attended: Tensor = self.out_proj(mixed.transpose(1, 2).flatten(2))
        return attended


class Mlp(nn.Module):
    """Linear(D, 2D) → GELU → Linear(2D, D) on every token."""

    def __init__(self, hidden_size: int) -> None:
        """Make the two layers for tokens of `hidden_size` channels."""
        super().__init__()
        self.fc1 = nn.Linear(hidden_size, 2 * hidden_size)
        self.fc2 = nn.Linear(2 * hidden_size, hidden_size)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens (B, L, D) to (B, L, D)."""
        widened: Tensor = self.fc2(functional.gelu(self.fc1(tokens)))
        return widened


class DropPath(nn.Module):
    """Skips a branch for a random part of the samples in training; does nothing otherwise."""

    def __init__(self, chance: float) -> None:
        """Skip with `chance`, at least 0 and below 1."""
        super().__init__()
        self.chance = chance

    def forward(self, branch: Tensor) -> Tensor:
        """Map (B, L, D) to (B, L, D), samples either 0 or scaled to keep the expected value."""
        if not self.training or self.chance == 0.0:
            return branch
        kept = 1.0 - self.chance
        return branch * branch.new_empty(branch.shape[0], 1, 1).bernoulli_(kept).div_(kept)


class ConvolutionalAttention(nn.Module):
    """CA: attention after a convolution over the token axis, of kernel size 1."""

    def __init__(self, attention: SelfAttention, hidden_size: int, drop_path: float) -> None:
        """Wrap `attention`, which the caller may share with another branch."""
        super().__init__()
        self.attn = attention
        self.conv1 = nn.Conv1d(hidden_size, hidden_size, kernel_size=1)
        self.norm1 = nn.LayerNorm(hidden_size)
        self.norm2 = nn.LayerNorm(hidden_size)
        self.mlp = Mlp(hidden_size)
        self.drop_path = DropPath(drop_path)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens (B, L, D) to (B, L, D); the last step has no residual, as published."""
        # A convolution of kernel 1 is a linear map of each token: said so, it needs no
        # transposed copies.
        convolved = functional.linear(tokens, self.conv1.weight.squeeze(-1), self.conv1.bias)
        local = tokens + functional.relu(convolved)
        local = self.drop_path(self.attn(self.norm1(local))) + tokens
        result: Tensor = self.drop_path(self.mlp(self.norm2(local)))
        return result


class DenseShiftAttention(nn.Module):
    """DSA: a pre-norm transformer block on the tokens and on a learnt mixture along their axis."""

    keep: Tensor

    def __init__(
        self, attention: SelfAttention, hidden_size: int, length: int, gap: int, drop_path: float
    ) -> None:
        """Wrap `attention` for sequences of exactly `length` tokens, every `gap`-th kept.

        What its tokens may not see is not mixed into them either.
        """
        super().__init__()
        self.wt1 = nn.Linear(length, length)
        self.wt2 = nn.Linear(length, length)
        self.attn = attention
        self.norm1 = nn.LayerNorm(hidden_size)
        self.norm2 = nn.LayerNorm(hidden_size)
        self.mlp = Mlp(hidden_size)
        self.drop_path = DropPath(drop_path)
        keep = (torch.arange(length) % gap == 0).unsqueeze(-1)
        self.register_buffer("keep", keep, persistent=False)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens (B, L, D) to (B, L, D), the mean of the block on both sequences."""
        # One doubled batch instead of two calls: the weights are the same.
        both: Tensor = torch.cat([self._shift(tokens), tokens])
        both = both + self.drop_path(self.attn(self.norm1(both)))
        both = both + self.drop_path(self.mlp(self.norm2(both)))
        return both.reshape(2, *tokens.shape).mean(dim=0)

    def _shift(self, tokens: Tensor) -> Tensor:
        """Mix tokens (B, L, D) along L, and put every `gap`-th back to what it was."""
        along = functional.relu(self._mix(self.wt1, tokens.transpose(1, 2)))
        mixed = self._mix(self.wt2, along).transpose(1, 2)
        # A constant mask, not an indexed assignment: that would export as ScatterND.
        return torch.where(self.keep, tokens, mixed + tokens)

    def _mix(self, weights: nn.Linear, along: Tensor) -> Tensor:
        """Map (B, D, L) along L, each place from those that its token sees."""
        visible = self.attn.visible
        weight = weights.weight if visible is None else weights.weight * visible
        return functional.linear(along, weight, weights.bias)

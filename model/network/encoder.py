"""What both encoders have in common: embedding, positions, and the features made of the streams.

Knows nothing of labels or losses. (USDRL, AAAI 2025, section 3.2.)
"""

import math
from abc import ABC, abstractmethod
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from model.network.config import EncoderConfig
from model.network.tokens import spatial_tokens, temporal_tokens

# Rows of the sine-cosine table in the published checkpoints, whatever their clip length.
_PUBLISHED_ROWS = 200


class Streams(NamedTuple):
    """What an encoder gives: one feature a frame, and one a joint of a person."""

    temporal: Tensor
    """y_t, (B, T, D)."""
    spatial: Tensor
    """y_s, (B, M·V, D)."""


def clip_feature(streams: Streams) -> Tensor:
    """Give one feature a clip, (B, 2D): the maximum over the tokens of each stream."""
    return torch.cat([streams.temporal.amax(dim=1), streams.spatial.amax(dim=1)], dim=-1)


class SkeletonEmbedding(nn.Module):
    """Linear → LayerNorm → ReLU → Linear, one for each stream."""

    def __init__(self, config: EncoderConfig) -> None:
        """Make both embeddings for clips of the shape in `config`."""
        super().__init__()
        self.t_embedding = _embedding(config.spatial_tokens * config.channels, config.hidden_size)
        self.s_embedding = _embedding(config.frames * config.channels, config.hidden_size)

    def forward(self, clip: Tensor) -> Streams:
        """Map a clip (B, C, T, V, M) to tokens (B, T, D) and (B, M·V, D)."""
        return Streams(
            self.t_embedding(temporal_tokens(clip)), self.s_embedding(spatial_tokens(clip))
        )


class TemporalPositions(nn.Module):
    """The fixed sine-cosine table: sine on even channels, base 10000."""

    pe: Tensor

    def __init__(self, frames: int, hidden_size: int) -> None:
        """Make the table, long enough for `frames` and at least as long as the published one."""
        super().__init__()
        self.frames = frames
        rows = torch.arange(max(frames, _PUBLISHED_ROWS)).unsqueeze(-1)
        even = torch.arange(0, hidden_size, 2)
        angles = rows * torch.exp(even * (-math.log(10000.0) / hidden_size))
        table = torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)
        self.register_buffer("pe", table.unsqueeze(0))

    def forward(self, tokens: Tensor) -> Tensor:
        """Add the table to tokens (B, T, D), in their precision."""
        return tokens + self.pe[:, : self.frames].to(tokens.dtype)


class Encoder(nn.Module, ABC):
    """Maps clips of one modality to the two streams; `Dste` and `Sttr` say how."""

    dense_pooling: Tensor

    def __init__(self, config: EncoderConfig, embedding: nn.Module | None = None) -> None:
        """Make positions; subclasses add `t_tr…` and `s_tr…`.

        Args:
            config: sizes.
            embedding: maps a clip to the tokens of both streams; None for a `SkeletonEmbedding`.
        """
        super().__init__()
        self.config = config
        self.ske_emb = embedding or SkeletonEmbedding(config)
        self.tpe = TemporalPositions(config.frames, config.hidden_size)
        self.spe = nn.Parameter(torch.zeros(1, config.spatial_tokens, config.hidden_size))
        nn.init.trunc_normal_(self.spe, std=0.02)
        pooling = _running_mean(config) if config.causal else _adaptive_pooling(config)
        self.register_buffer("dense_pooling", pooling, persistent=False)

    @abstractmethod
    def attend(self, embedded: Streams) -> Streams:
        """Run positions and layers of both streams on embedded tokens, shapes unchanged."""

    def forward(self, clip: Tensor) -> Streams:
        """Encode clips.

        Args:
            clip: what its embedding reads, one modality or the joints, (B, C, T, V, M).

        Returns:
            y_t (B, T, D) and y_s (B, M·V, D).

        Raises:
            ValueError: the clip has another shape than the encoder was made for.
        """
        self.check_clip(clip)
        embedded: Streams = self.ske_emb(clip)
        return self.attend(embedded)

    def check_clip(self, clip: Tensor) -> None:
        """Refuse a clip of another shape than the encoder was made for.

        Raises:
            ValueError: says both shapes.
        """
        if tuple(clip.shape[1:]) != self.config.clip_shape:
            raise ValueError(
                f"a clip must have the shape (B, C, T, V, M) = (B, "
                f"{', '.join(map(str, self.config.clip_shape))}); got {tuple(clip.shape)}"
            )

    def dense_feature(self, streams: Streams) -> Tensor:
        """Give one feature a frame, (B, T, 2D): y_t beside y_s average-pooled to T tokens.

        A causal encoder has the mean of y_t over the frames so far for the latter: every token
        of y_s is a joint over the whole clip, so any use of it would let later frames in. The
        running mean keeps the width of a head and gives each frame the clip's context so far.
        """
        pooled = self.dense_pooling @ (streams.temporal if self.config.causal else streams.spatial)
        return torch.cat([streams.temporal, pooled], dim=-1)


def _embedding(width: int, hidden_size: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(width, hidden_size),
        nn.LayerNorm(hidden_size),
        nn.ReLU(),
        nn.Linear(hidden_size, hidden_size),
    )


def _adaptive_pooling(config: EncoderConfig) -> Tensor:
    """Adaptive average pooling as the matrix it is, (T, M·V): ONNX has no such operator."""
    identity = torch.eye(config.spatial_tokens)
    return functional.adaptive_avg_pool1d(identity, config.frames).T.contiguous()


def _running_mean(config: EncoderConfig) -> Tensor:
    """The mean over the frames so far as a matrix, (T, T)."""
    frames = torch.arange(1, config.frames + 1)
    return torch.ones(config.frames, config.frames).tril() / frames.unsqueeze(-1)

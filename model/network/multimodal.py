"""One encoder for joints, motion and bones at once: an embedding for each, and their fusion.

The multi-modal perspective of USDRL (IEEE TPAMI 2026), its way of one encoder for all. An encoder
whose embedding is a `MultiModalEmbedding` reads joints and gives the streams of the fused tokens;
all else about it (features, heads, export) is as with one modality.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from model.network.config import EncoderConfig
from model.network.encoder import Encoder, SkeletonEmbedding, Streams, clip_feature
from model.network.projectors import PretrainingNetwork, Projections, Projectors
from model.network.tokens import MODALITIES, SingleModality, check_parents, derive


class ModalProjections(NamedTuple):
    """What the multi-modal loss compares, of one view."""

    fused: Projections
    """Of the fused stream."""
    modal: tuple[Projections, ...]
    """Of each modality's own stream, in the order of `MODALITIES`."""
    predicted: tuple[Projections, ...]
    """Of the fused stream again, by the predictor of each modality."""


class ModalFeatures(NamedTuple):
    """Clip features of one batch, each (B, 2D)."""

    fused: Tensor
    """Of the fused stream."""
    modal: tuple[Tensor, ...]
    """Of each modality's own stream, in the order of `MODALITIES`."""


class MultiModalEmbedding(nn.Module):
    """A `SkeletonEmbedding` for each modality; their mean through a bias-free linear map."""

    def __init__(self, config: EncoderConfig, parents: Sequence[int]) -> None:
        """Make the embeddings for clips of the shape in `config`.

        Args:
            config: sizes.
            parents: parent of each joint, a root its own, for the bones.

        Raises:
            ValueError: `parents` are no tree over the joints.
        """
        super().__init__()
        check_parents(parents, config.joints)
        self.parents = tuple(parents)
        self.modal = nn.ModuleDict({name: SkeletonEmbedding(config) for name in MODALITIES})
        self.t_fusion = _plain_map(config.hidden_size)
        self.s_fusion = _plain_map(config.hidden_size)

    def forward(self, clip: Tensor, modalities: Sequence[SingleModality] = MODALITIES) -> Streams:
        """Map joints (B, C, T, V, M) to fused tokens (B, T, D) and (B, M·V, D).

        Args:
            clip: joint positions.
            modalities: which of the three take part, at least one.

        Raises:
            ValueError: there is no modality, an unknown one, or one twice.
        """
        return self.fuse(self.each(clip, modalities))

    def each(
        self, clip: Tensor, modalities: Sequence[SingleModality] = MODALITIES
    ) -> list[Streams]:
        """Give the tokens of each modality by itself; arguments and errors as in `forward`."""
        if not modalities or sorted(modalities) != sorted(set(modalities) & set(MODALITIES)):
            raise ValueError(
                f"expected some of {', '.join(MODALITIES)}, each once; "
                f"got {', '.join(modalities) or 'none'}"
            )
        return [self.modal[name](derive(clip, name, self.parents)) for name in modalities]

    def fuse(self, embedded: Sequence[Streams]) -> Streams:
        """Give the fused tokens of modalities that are present."""
        temporal, spatial = (
            torch.stack(stream).mean(dim=0) for stream in zip(*embedded, strict=True)
        )
        return Streams(self.t_fusion(temporal), self.s_fusion(spatial))


class MultiModalNetwork(PretrainingNetwork):
    """A multi-modal encoder with MG-FD's projectors, and a predictor for each modality.

    As a `PretrainingNetwork` it projects the fused stream.
    """

    def __init__(self, backbone: Encoder) -> None:
        """Add projectors and predictors of the widths that go with `backbone`.

        Raises:
            TypeError: `backbone` embeds one modality only.
        """
        super().__init__(backbone)
        self._embedding()
        self.predictors = nn.ModuleDict(
            {name: Projectors(backbone.config.hidden_size) for name in MODALITIES}
        )

    def encode(self, clip: Tensor, modalities: Sequence[SingleModality] = MODALITIES) -> Streams:
        """Give the fused streams of the modalities that are present.

        Args:
            clip: joint positions (B, C, T, V, M).
            modalities: which of the three take part, at least one.

        Raises:
            ValueError: the clip has another shape, or the modalities are none, unknown or twice.
        """
        self.backbone.check_clip(clip)
        return self.backbone.attend(self._embedding()(clip, modalities))

    def features(self, clip: Tensor) -> ModalFeatures:
        """Give the clip features of all streams of joints (B, C, T, V, M), encoded in one call."""
        self.backbone.check_clip(clip)
        embedding = self._embedding()
        each = embedding.each(clip)
        temporal, spatial = zip(embedding.fuse(each), *each, strict=True)
        streams = self.backbone.attend(Streams(torch.cat(temporal), torch.cat(spatial)))
        fused, *modal = clip_feature(streams).float().chunk(1 + len(each))
        return ModalFeatures(fused, tuple(modal))

    def project_all(self, features: ModalFeatures) -> ModalProjections:
        """Project what `features` gave; every feature has its own batch statistics."""
        return ModalProjections(
            self.project_feature(features.fused),
            tuple(self.project_feature(feature) for feature in features.modal),
            tuple(predictor(features.fused) for predictor in self.predictors.values()),
        )

    def _embedding(self) -> MultiModalEmbedding:
        embedding = self.backbone.ske_emb
        if not isinstance(embedding, MultiModalEmbedding):
            raise TypeError(
                f"expected an encoder with a multi-modal embedding, "
                f"found a {type(embedding).__name__}"
            )
        return embedding


def _plain_map(hidden_size: int) -> nn.Linear:
    """A bias-free map that is the identity at first, so that fusion begins as the plain mean."""
    plain = nn.Linear(hidden_size, hidden_size, bias=False)
    nn.init.eye_(plain.weight)
    return plain

"""The network that is trained, exported and served: modality, encoder and a linear head.

Knows class counts, not class names: those lie in the artifact contract.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import msgspec
from torch import Tensor, nn

from model.network.config import EncoderConfig, read_settings, refuse_unknown
from model.network.dste import Dste
from model.network.encoder import Encoder, clip_feature
from model.network.multimodal import MultiModalEmbedding
from model.network.sttr import Sttr
from model.network.tokens import Modality, check_parents, derive

Task = Literal["frames", "clip"]


@dataclass(frozen=True)
class RecogniserConfig:
    """Settings of a recogniser.

    Attributes:
        encoder: sizes of the encoder.
        task: "frames" scores every frame, "clip" scores the clip as of its newest frame.
        labels: number of classes, K.
        modality: what the encoder reads, derived from the joints inside the network.
        parents: parent of each joint, a root its own; needed for "bone" and "all", else may be
            empty.
        head_dropout: share of the head's input that is dropped in training.

    Raises:
        ValueError: a value is out of its range, or a causal encoder is to read motion; the
            message names it.
    """

    encoder: EncoderConfig
    task: Task
    labels: int
    modality: Modality = "joint"
    parents: tuple[int, ...] = ()
    head_dropout: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what no recogniser can be built from."""
        if self.task not in get_args(Task):
            raise ValueError(f"task must be one of frames, clip; got {self.task!r}")
        if self.modality not in get_args(Modality):
            raise ValueError(
                f"modality must be one of joint, motion, bone, all; got {self.modality!r}"
            )
        if self.encoder.causal and self.modality in ("motion", "all"):
            raise ValueError(
                "a causal encoder must read joint or bone, because motion looks one frame ahead; "
                f"got {self.modality!r}"
            )
        # The upper limit is one of sanity: a checkpoint from a stranger names this number.
        if not 1 <= self.labels <= 100_000:
            raise ValueError(f"labels must lie in 1…100000; got {self.labels}")
        if not 0.0 <= self.head_dropout < 1.0:
            raise ValueError(
                f"head_dropout must be at least 0 and below 1; got {self.head_dropout}"
            )
        if self.parents or self.modality in ("bone", "all"):
            check_parents(self.parents, self.encoder.joints)

    def to_dict(self) -> dict[str, object]:
        """Give the settings as plain values, for JSON or a checkpoint."""
        plain: dict[str, object] = msgspec.to_builtins(self)
        return plain

    @classmethod
    def from_dict(cls, settings: object) -> "RecogniserConfig":
        """Read what `to_dict` wrote.

        Raises:
            ValueError: a setting is missing, unknown, of another type or out of range.
        """
        if isinstance(settings, Mapping):
            refuse_unknown(settings.get("encoder"), EncoderConfig)
        return read_settings(settings, cls, "network")


class Recogniser(nn.Module):
    """Clips in, class scores and features out.

    Parameters are named `backbone.*` and `fc.*`, as in the published downstream checkpoints.
    """

    def __init__(self, config: RecogniserConfig) -> None:
        """Make the network with random weights."""
        super().__init__()
        self.config = config
        self.backbone = encoder_of(config.encoder, config.modality, config.parents)
        self.dropout = nn.Dropout(config.head_dropout)
        self.fc = nn.Linear(2 * config.encoder.hidden_size, config.labels)

    def forward(self, clip: Tensor) -> tuple[Tensor, Tensor]:
        """Score clips.

        Args:
            clip: normalised joints (B, C, T, V, M), float32; frame T−1 is the newest.

        Returns:
            Logits, (B, T, K) for task "frames" or (B, K) for task "clip", and dense features
            (B, T, 2D).

        Raises:
            ValueError: the clip has another shape than the network was made for.
        """
        streams = self.backbone(derive(clip, self.config.modality, self.config.parents))
        features = self.backbone.dense_feature(streams)
        scored = features if self.config.task == "frames" else clip_feature(streams)
        return self.fc(self.dropout(scored)), features


def encoder_of(
    config: EncoderConfig, modality: Modality = "joint", parents: Sequence[int] = ()
) -> Encoder:
    """Make an encoder with random weights.

    Args:
        config: sizes.
        modality: what it is given, as `tokens.derive` makes it; "all" has the embedding that
            derives and fuses the three.
        parents: parent of each joint; read for "all" only.

    Raises:
        ValueError: "all" needs other parents.
    """
    embedding = MultiModalEmbedding(config, parents) if modality == "all" else None
    return Dste(config, embedding) if config.kind == "dste" else Sttr(config, embedding)

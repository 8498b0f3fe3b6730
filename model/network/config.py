"""Settings of an encoder: plain values, checked once, stored in every checkpoint.

Knows nothing of layouts, labels or training; those lie in the artifact contract and in
`RecogniserConfig`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Literal, TypeVar, get_args

import msgspec

Settings = TypeVar("Settings")
EncoderKind = Literal["dste", "sttr"]

# The limits are far above any real network. They exist because a checkpoint from a stranger
# names these sizes, and the network is built from them before its weights are compared.
_LARGEST = {
    "joints": 1024,
    "persons": 16,
    "frames": 4096,
    "channels": 16,
    "hidden_size": 8192,
    "heads": 128,
    "layers": 64,
    "gap": 4096,
}


@dataclass(frozen=True)
class EncoderConfig:
    """Sizes of a DSTE or STTR encoder (USDRL, AAAI 2025, section 3).

    Attributes:
        kind: "dste" (dense spatio-temporal encoder) or "sttr" (two plain transformers).
        joints: joints of one person, V.
        persons: persons of a clip, M.
        frames: frames of a clip, T; part of the weights, so fixed once trained.
        channels: values of a joint, C: x, y, z, or x, y, score.
        hidden_size: width of a token, D; even, and a multiple of `heads`.
        heads: attention heads.
        layers: layers of each stream.
        alpha: share of convolutional attention in a DST layer, 0…1 (DSTE only).
        gap: every `gap`-th token keeps its own value in dense shift attention (DSTE only).
        drop_path: chance that a residual branch of a sample is skipped in training (DSTE only).
        causal: whether a frame's dense feature depends on no later frame; published encoders
            are not causal.

    Raises:
        ValueError: a value is out of its range; the message names it.
    """

    kind: EncoderKind
    joints: int
    persons: int
    hidden_size: int
    frames: int = 64
    channels: int = 3
    heads: int = 1
    layers: int = 2
    alpha: float = 0.5
    gap: int = 4
    drop_path: float = 0.1
    causal: bool = False

    def __post_init__(self) -> None:
        """Refuse what no encoder can be built from."""
        if self.kind not in get_args(EncoderKind):
            raise ValueError(f"kind must be one of dste, sttr; got {self.kind!r}")
        check_sizes(self, _LARGEST)
        if self.hidden_size % 2 or self.hidden_size % self.heads:
            raise ValueError(
                f"hidden_size must be even and a multiple of heads ({self.heads}); "
                f"got {self.hidden_size}"
            )
        if not 0.0 <= self.alpha <= 1.0:
            raise ValueError(f"alpha must lie in 0…1; got {self.alpha}")
        if not 0.0 <= self.drop_path < 1.0:
            raise ValueError(f"drop_path must be at least 0 and below 1; got {self.drop_path}")

    @property
    def spatial_tokens(self) -> int:
        """Tokens of the spatial stream, M·V."""
        return self.persons * self.joints

    @property
    def clip_shape(self) -> tuple[int, int, int, int]:
        """Shape (C, T, V, M) of one clip."""
        return self.channels, self.frames, self.joints, self.persons


def check_sizes(settings: object, largest: Mapping[str, int]) -> None:
    """Name a size that is out of its range.

    Args:
        settings: has a field for each name.
        largest: name of a size → its largest value.

    Raises:
        ValueError: a size is below 1 or too large.
    """
    for name, limit in largest.items():
        value = getattr(settings, name)
        if not 1 <= value <= limit:
            raise ValueError(f"{name} must lie in 1…{limit}; got {value}")


def read_settings(settings: object, of: type[Settings], whose: str) -> Settings:
    """Read plain values as settings.

    Args:
        settings: as `msgspec.to_builtins` gives them.
        of: their dataclass.
        whose: what a message calls their owner.

    Raises:
        ValueError: a setting is missing, unknown, of another type or out of range.
    """
    refuse_unknown(settings, of)
    try:
        return msgspec.convert(settings, of)
    except msgspec.ValidationError as error:
        raise ValueError(f"the {whose}'s settings cannot be read: {error}") from error


def refuse_unknown(settings: object, of: type) -> None:
    """Name a key that `of` has no field for; a misspelt setting must not become a default.

    Raises:
        ValueError: `settings` is a mapping with such a key.
    """
    if not isinstance(settings, Mapping):
        return
    unknown = sorted(str(key) for key in settings.keys() - {field.name for field in fields(of)})
    if unknown:
        raise ValueError(f"the network's settings hold the unknown key {unknown[0]!r}")

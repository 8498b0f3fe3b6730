"""The USDRL authors' checkpoints: read, with sizes inferred from shapes, and written again.

A pretraining checkpoint holds `backbone.*` and three projectors, a downstream one `backbone.*`
and `fc.*`; each key may carry the `module.` of a distributed run. What shapes do not tell is
taken as published: two persons, one head, alpha 0.5, gap 4.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from model.network.config import EncoderConfig, EncoderKind
from model.network.projectors import PretrainingNetwork
from model.network.recogniser import Recogniser, RecogniserConfig, Task, encoder_of
from model.network.tokens import Modality
from model.network.weights import (
    CheckpointError,
    check_fit,
    read_state,
    read_torch_file,
    write_state,
    write_torch_file,
)

_PERSONS = 2
_PREFIX = "module."
_STTR_LAYER = re.compile(r"backbone\.t_tr\.layers\.(\d+)\.")
_DSTE_LAYER = re.compile(r"backbone\.t_tr(\d*)\.(?:CA|DSA)\.")


@dataclass(frozen=True)
class Published:
    """The network of a published checkpoint.

    Attributes:
        network: a pretraining network, or a recogniser where the file has a head.
        prefixed: those of its weights whose keys carry `module.` in the file.
    """

    network: PretrainingNetwork | Recogniser
    prefixed: frozenset[str] = frozenset()


def load_published(
    path: Path, *, task: Task = "clip", modality: Modality = "joint", parents: Sequence[int] = ()
) -> Published:
    """Read a published checkpoint; its network is in evaluation mode.

    Args:
        path: the file.
        task: what the head of a downstream checkpoint scores; the file does not say.
        modality: what a downstream encoder reads; the file does not say.
        parents: parent of each joint, for "bone".

    Returns:
        The network with the file's weights.

    Raises:
        CheckpointError: it is no torch file, or its keys or shapes are not those of a
            published checkpoint, which it names; or `task`, `modality` or `parents` are out
            of their range.
    """
    state, prefixed = _without_prefix(read_state(read_torch_file(path), path), path)
    config: EncoderConfig | RecogniserConfig
    try:
        config = _infer_encoder(state)
        if "fc.weight" in state:
            labels, _ = _sizes(state, "fc.weight", 2)
            config = RecogniserConfig(config, task, labels, modality, tuple(parents))
    except ValueError as error:
        raise CheckpointError(f"{path}: {error}") from error
    with torch.device("meta"):
        blueprint = _network(config)
    check_fit(state, blueprint, path)
    network = _network(config)
    network.load_state_dict(state)
    network.eval()
    return Published(network, prefixed)


def save_published(published: Published, path: Path) -> None:
    """Write a checkpoint in the published form, under the keys that it was read with.

    Raises:
        CheckpointError: the file cannot be written.
    """
    state = {
        f"{_PREFIX}{name}" if name in published.prefixed else name: values
        for name, values in write_state(published.network).items()
    }
    write_torch_file({"state_dict": state}, path)


def _network(config: EncoderConfig | RecogniserConfig) -> PretrainingNetwork | Recogniser:
    if isinstance(config, RecogniserConfig):
        return Recogniser(config)
    return PretrainingNetwork(encoder_of(config))


def _without_prefix(
    state: Mapping[str, Tensor], path: Path
) -> tuple[dict[str, Tensor], frozenset[str]]:
    """Drop `module.` from the keys, and tell which ones had it."""
    plain = {name.removeprefix(_PREFIX): values for name, values in state.items()}
    if len(plain) < len(state):
        twice = next(name for name in plain if name in state and f"{_PREFIX}{name}" in state)
        raise CheckpointError(f"{path}: {twice} is listed both with and without {_PREFIX!r}")
    return plain, frozenset(name for name in plain if name not in state)


def _infer_encoder(state: Mapping[str, Tensor]) -> EncoderConfig:
    """Find the sizes of an encoder in the shapes of its weights.

    Raises:
        ValueError: a weight that tells them is missing, or they contradict one another.
    """
    _, tokens, hidden_size = _sizes(state, "backbone.spe", 3)
    _, temporal_width = _sizes(state, "backbone.ske_emb.t_embedding.0.weight", 2)
    _, spatial_width = _sizes(state, "backbone.ske_emb.s_embedding.0.weight", 2)
    joints, odd = divmod(tokens, _PERSONS)
    if odd or not joints:
        raise ValueError(f"backbone.spe must hold tokens of {_PERSONS} persons; holds {tokens}")
    channels, rest = divmod(temporal_width, tokens)
    if rest or not channels:
        raise ValueError(
            f"backbone.ske_emb.t_embedding.0.weight must take a multiple of {tokens} values, "
            f"as many as backbone.spe has tokens; takes {temporal_width}"
        )
    frames, rest = divmod(spatial_width, channels)
    if rest:
        raise ValueError(
            f"backbone.ske_emb.s_embedding.0.weight must take a multiple of {channels} values, "
            f"the channels of a joint; takes {spatial_width}"
        )
    kind, layers = _infer_layers(state)
    return EncoderConfig(
        kind,
        joints=joints,
        persons=_PERSONS,
        hidden_size=hidden_size,
        frames=frames,
        channels=channels,
        layers=layers,
    )


def _infer_layers(state: Mapping[str, Tensor]) -> tuple[EncoderKind, int]:
    """Tell the kind of an encoder, and the layers of its temporal stream, by their names."""
    dste = {match[1] for name in state if (match := _DSTE_LAYER.match(name))}
    if dste:
        return "dste", len(dste)
    sttr = {match[1] for name in state if (match := _STTR_LAYER.match(name))}
    if sttr:
        return "sttr", len(sttr)
    raise ValueError("expected layers named backbone.t_tr.CA… or backbone.t_tr.layers.0…")


def _sizes(state: Mapping[str, Tensor], name: str, axes: int) -> tuple[int, ...]:
    """Give the shape of a weight that has `axes` axes."""
    if name not in state:
        raise ValueError(f"expected the key {name}, found none")
    shape = tuple(state[name].shape)
    if len(shape) != axes:
        raise ValueError(f"{name} must have {axes} axes; has the shape {shape}")
    return shape

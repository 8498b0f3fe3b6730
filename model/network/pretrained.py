"""The pretrained checkpoint: an encoder with its projectors, in one torch file.

What it reads (modality, layout, normalisation) is noted beside the weights, as plain values, so
that whoever fine-tunes or evaluates it prepares clips as pretraining did.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import torch

from model.network.config import EncoderConfig
from model.network.projectors import PretrainingNetwork
from model.network.recogniser import encoder_of
from model.network.tokens import Modality
from model.network.weights import (
    CheckpointError,
    check_fit,
    plain_entries,
    read_state,
    read_torch_file,
    write_state,
    write_torch_file,
)

FORMAT = "posewire-pretrained"
VERSION = 1


@dataclass(frozen=True)
class Reading:
    """How clips were prepared for an encoder.

    Attributes:
        modality: What it reads of them.
        layout: Name of the layout of their joints.
        normalisation: Name of their normalisation.
    """

    modality: Modality
    layout: str
    normalisation: str


@dataclass(frozen=True)
class Pretrained:
    """A pretrained network and what was noted beside it.

    Attributes:
        network: Encoder and projectors.
        reading: How clips are prepared for it.
        provenance: Plain values on where the weights come from (data, settings, commit, …).
    """

    network: PretrainingNetwork
    reading: Reading
    provenance: Mapping[str, object] = field(default_factory=dict)


def save_pretrained(pretrained: Pretrained, path: Path) -> None:
    """Writes a pretrained network; an older file at `path` is replaced at once, or not at all.

    Raises:
        CheckpointError: a note is not a plain value, or the file cannot be written.
    """
    content = {
        "format": FORMAT,
        "version": VERSION,
        "encoder": msgspec.to_builtins(pretrained.network.backbone.config),
        "reading": msgspec.to_builtins(pretrained.reading),
        "provenance": plain_entries(pretrained.provenance, "provenance", path),
        "state_dict": write_state(pretrained.network),
    }
    write_torch_file(content, path)


def load_pretrained(path: Path) -> Pretrained:
    """Reads what `save_pretrained` wrote; its network is in evaluation mode.

    Raises:
        CheckpointError: it is no such file, is of another version, or does not fit its own
            settings.
    """
    content = read_torch_file(path)
    found = (content.get("format"), content.get("version"))
    if found != (FORMAT, VERSION):
        raise CheckpointError(
            f"{path}: expected format {FORMAT!r}, version {VERSION}; found {found[0]!r}, {found[1]}"
        )
    try:
        config = msgspec.convert(content.get("encoder"), EncoderConfig)
        reading = msgspec.convert(content.get("reading"), Reading)
        provenance = msgspec.convert(content.get("provenance"), dict[str, object])
    except msgspec.ValidationError as error:
        raise CheckpointError(f"{path}: its settings cannot be read: {error}") from error
    state = read_state(content, path)
    with torch.device("meta"):
        blueprint = PretrainingNetwork(encoder_of(config))
    check_fit(state, blueprint, path)
    network = PretrainingNetwork(encoder_of(config))
    network.load_state_dict(state)
    return Pretrained(network.eval(), reading, provenance)

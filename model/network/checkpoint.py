"""Our own checkpoint: a network with what is needed to export it, in one torch file.

The network is a recogniser, or an ensemble: a recogniser and a recurrent network.

The artifact's and the provenance's entries are plain values that pass through unread; their
meaning lies with those who write and read them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch

from model.network.baselines import BaselineConfig, GruBaseline
from model.network.ensemble import Ensemble
from model.network.recogniser import Recogniser, RecogniserConfig
from model.network.weights import (
    CheckpointError,
    check_fit,
    plain_entries,
    read_state,
    read_torch_file,
    write_state,
    write_torch_file,
)

FORMAT = "posewire-checkpoint"
VERSION = 1


@dataclass(frozen=True)
class Checkpoint:
    """A network and what was noted beside it.

    Attributes:
        network: a recogniser or an ensemble, with its weights.
        artifact: plain values for the exported artifact's metadata (labels, layout, …).
        provenance: plain values on where the weights come from (data, commit, figures, …).
    """

    network: Recogniser | Ensemble
    artifact: Mapping[str, object] = field(default_factory=dict)
    provenance: Mapping[str, object] = field(default_factory=dict)


def save_checkpoint(checkpoint: Checkpoint, path: Path) -> None:
    """Write a checkpoint; an older one at `path` is replaced at once, or not at all.

    Raises:
        CheckpointError: an entry is not a plain value, or the file cannot be written.
    """
    content: dict[str, object] = {
        "format": FORMAT,
        "version": VERSION,
        "network": checkpoint.network.config.to_dict(),
        "artifact": plain_entries(checkpoint.artifact, "artifact", path),
        "provenance": plain_entries(checkpoint.provenance, "provenance", path),
        "state_dict": write_state(checkpoint.network),
    }
    if isinstance(checkpoint.network, Ensemble):
        content["recurrent"] = checkpoint.network.recurrent.config.to_dict()
    write_torch_file(content, path)


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint that `save_checkpoint` wrote; its network is in evaluation mode.

    Raises:
        CheckpointError: it is no such file, is of another version, or does not fit its own
            settings.
    """
    content = read_torch_file(path)
    if content.get("format") != FORMAT:
        raise CheckpointError(
            f"{path}: expected format {FORMAT!r}, found {content.get('format')!r}"
        )
    if content.get("version") != VERSION:
        raise CheckpointError(
            f"{path}: expected version {VERSION} of the format, found {content.get('version')!r}"
        )
    try:
        with torch.device("meta"):
            blueprint = _network(content)
    except ValueError as error:
        raise CheckpointError(f"{path}: {error}") from error
    state = read_state(content, path)
    check_fit(state, blueprint, path)
    network = _network(content)
    network.load_state_dict(state)
    return Checkpoint(
        network.eval(), _entries(content, "artifact", path), _entries(content, "provenance", path)
    )


def _network(content: Mapping[object, object]) -> Recogniser | Ensemble:
    """Builds the network that a file's settings describe, with random weights.

    Raises:
        ValueError: the settings cannot be read, or do not belong together.
    """
    recogniser = Recogniser(RecogniserConfig.from_dict(content.get("network")))
    if "recurrent" not in content:
        return recogniser
    config = BaselineConfig.from_dict(content["recurrent"])
    if config.kind != "gru":
        raise ValueError(f"an ensemble's second network must be a gru; got {config.kind!r}")
    return Ensemble(recogniser, GruBaseline(config))


def _entries(content: Mapping[object, object], key: str, path: Path) -> Mapping[str, object]:
    entries = content.get(key)
    if not isinstance(entries, dict):
        raise CheckpointError(f"{path}: expected a dict under the key {key!r}")
    return entries

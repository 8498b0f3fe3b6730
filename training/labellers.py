"""Labellers: whatever can label a recording, opened from its file.

A checkpoint of a recogniser, an ensemble or a baseline runs in torch, an artifact in ONNX Runtime.
What comes out is the same: a specification and a function from clips to logits.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from model.network.baselines import BaselineConfig, GruBaseline, MlpBaseline, baseline_of
from model.network.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from model.network.ensemble import Ensemble
from model.network.recogniser import Recogniser
from model.network.weights import (
    CheckpointError,
    check_fit,
    plain_entries,
    read_state,
    read_torch_file,
    write_state,
    write_torch_file,
)
from model.pose.artifact import ArtifactSpec, spec_of
from model.pose.artifact_session import ArtifactSession
from training.frozen_streams import compute_device
from training.online import Predictor

BASELINE_FORMAT = "posewire-baseline"


@dataclass(frozen=True)
class Labeller:
    """A model that is ready to label.

    Attributes:
        spec: What it says of itself.
        predict: Clips ``(N, 3, T, V, M)`` to logits.
    """

    spec: ArtifactSpec
    predict: Predictor


def predictor_of(network: nn.Module) -> Predictor:
    """Lets a network, which is in evaluation mode, predict from arrays."""
    device = next(network.parameters()).device

    def predict(clips: NDArray[np.float32]) -> NDArray[np.float32]:
        with torch.inference_mode():
            logits, _ = network(torch.from_numpy(clips).to(device))
        predicted: NDArray[np.float32] = logits.float().cpu().numpy()
        return predicted

    return predict


@dataclass(frozen=True)
class Weights:
    """What a checkpoint of a labeller holds.

    Attributes:
        network: In evaluation mode.
        spec: What it says of itself.
        provenance: Plain values on where the weights come from.
    """

    network: Recogniser | Ensemble | GruBaseline | MlpBaseline
    spec: ArtifactSpec
    provenance: Mapping[str, object] = field(default_factory=dict)


def open_checkpoint(path: Path) -> Labeller:
    """Opens a checkpoint of a recogniser, of an ensemble or of a baseline.

    Raises:
        CheckpointError: Where it is none of them.
        ArtifactError: Where its notes are no specification.
    """
    weights = load_weights(path)
    return Labeller(weights.spec, predictor_of(weights.network.to(compute_device())))


def load_weights(path: Path) -> Weights:
    """Reads a checkpoint of a recogniser, of an ensemble or of a baseline.

    Raises:
        CheckpointError: Where it is none of them.
        ArtifactError: Where its notes are no specification.
    """
    content = read_torch_file(path)
    if content.get("format") == BASELINE_FORMAT:
        return _baseline(content, path)
    checkpoint = load_checkpoint(path)
    return Weights(checkpoint.network, spec_of(checkpoint.artifact), checkpoint.provenance)


def save_weights(weights: Weights, path: Path) -> None:
    """Writes a checkpoint of a recogniser, of an ensemble or of a baseline.

    Raises:
        CheckpointError: Where a note is not a plain value, or the file cannot be written.
    """
    network, artifact = weights.network, asdict(weights.spec)
    if isinstance(network, Recogniser | Ensemble):
        save_checkpoint(Checkpoint(network, artifact, weights.provenance), path)
        return
    content = {
        "format": BASELINE_FORMAT,
        "network": network.config.to_dict(),
        "artifact": artifact,
        "provenance": plain_entries(weights.provenance, "provenance", path),
        "state_dict": write_state(network),
    }
    write_torch_file(content, path)


def open_artifact(path: Path) -> Labeller:
    """Opens an exported artifact on the CPU.

    Raises:
        ArtifactError: Where it is no ONNX file, or contradicts what it says of itself.
    """
    session = ArtifactSession(path)
    return Labeller(session.spec, session.logits)


def _baseline(content: Mapping[object, object], path: Path) -> Weights:
    try:
        config = BaselineConfig.from_dict(content.get("network"))
    except ValueError as error:
        raise CheckpointError(f"{path}: {error}") from error
    artifact, provenance = content.get("artifact"), content.get("provenance", {})
    if not isinstance(artifact, dict):
        raise CheckpointError(f"{path}: expected a dict under the key 'artifact'")
    if not isinstance(provenance, dict):
        raise CheckpointError(f"{path}: expected a dict under the key 'provenance'")
    state = read_state(content, path)
    with torch.device("meta"):
        blueprint = baseline_of(config)
    check_fit(state, blueprint, path)
    network = baseline_of(config)
    network.load_state_dict(state)
    return Weights(network.eval(), spec_of(artifact), provenance)

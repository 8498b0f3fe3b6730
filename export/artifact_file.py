"""The artifact file: one ONNX model with its specification, written at once or not at all."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray

from model.pose.artifact import ArtifactError, ArtifactSpec, check_graph, read_spec


@dataclass(frozen=True)
class Artifact:
    """An artifact in ONNX Runtime on the CPU.

    Attributes:
        path: its file.
        spec: what it says of itself.
        model: its graph.
        session: what runs it.
    """

    path: Path
    spec: ArtifactSpec
    model: onnx.ModelProto
    session: ort.InferenceSession

    def run(self, clips: NDArray[np.float32]) -> Mapping[str, NDArray[np.float32]]:
        """Runs clips (B, 3, T, V, M); gives logits (B, T, K) or (B, K), features (B, T, F)."""
        logits, features = self.session.run(["logits", "features"], {"clip": clips})
        return {"logits": np.asarray(logits), "features": np.asarray(features)}


def open_artifact(path: Path) -> Artifact:
    """Opens an artifact and holds its graph to its specification.

    Raises:
        ArtifactError: it is no ONNX file, carries no specification, or contradicts it.
    """
    if not path.is_file():
        raise ArtifactError(f"{path}: an artifact is an .onnx file, there is no such file")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ArtifactError(f"{path}: cannot be read: {error.strerror or error}") from None
    return _artifact(path, content)


def write_artifact(model: onnx.ModelProto, spec: ArtifactSpec, path: Path) -> Artifact:
    """Writes a model with its specification.

    Raises:
        ArtifactError: the model contradicts its specification, or the file cannot be written; what
            was at `path` is then untouched.
    """
    onnx.helper.set_model_props(model, spec.to_metadata())
    content = model.SerializeToString(deterministic=True)
    artifact = _artifact(path, content)
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            part.write_bytes(content)
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
    except FileExistsError:
        raise ArtifactError(f"{path}: cannot be written: {path.parent} is no folder") from None
    except OSError as error:
        raise ArtifactError(f"{path}: cannot be written: {error.strerror or error}") from None
    return artifact


def _artifact(path: Path, content: bytes) -> Artifact:
    """Reads the content of the file at `path`, which need not be there yet."""
    try:
        model = onnx.load_from_string(content)
        onnx.checker.check_model(model)
        session = ort.InferenceSession(content, providers=["CPUExecutionProvider"])
    except Exception as error:  # protobuf's, ONNX's and its runtime's have no type in common
        reason = " ".join(str(error).split())
        raise ArtifactError(f"{path}: not an ONNX file that can be run: {reason}") from None
    try:
        spec = read_spec({entry.key: entry.value for entry in model.metadata_props})
        check_graph(
            spec,
            {value.name: (value.type, value.shape) for value in session.get_inputs()},
            {value.name: (value.type, value.shape) for value in session.get_outputs()},
        )
    except ArtifactError as error:
        raise ArtifactError(f"{path}: {error}") from None
    return Artifact(path, spec, model, session)

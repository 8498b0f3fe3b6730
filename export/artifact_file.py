"""The artifact file: one ONNX model with its specification, written at once or not at all."""

import os
from dataclasses import dataclass
from pathlib import Path

import onnx

from model.pose.artifact import ArtifactError, ArtifactSpec
from model.pose.artifact_session import ArtifactSession


@dataclass(frozen=True)
class Artifact:
    """An artifact in ONNX Runtime on the CPU.

    Attributes:
        path: its file.
        model: its graph.
        session: what runs it.
    """

    path: Path
    model: onnx.ModelProto
    session: ArtifactSession

    @property
    def spec(self) -> ArtifactSpec:
        """What it says of itself."""
        return self.session.spec


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
    session = ArtifactSession(path, content=content)
    model = onnx.load_from_string(content)
    try:
        onnx.checker.check_model(model)
    except onnx.checker.ValidationError as error:
        reason = " ".join(str(error).split())
        raise ArtifactError(f"{path}: not a valid ONNX file: {reason}") from None
    return Artifact(path, model, session)

"""The artifact file: one ONNX model with its specification, written at once or not at all."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import onnx

from model.pose.artifact import METADATA_KEY, ArtifactError, ArtifactSpec
from model.pose.artifact_guard import check_content
from model.pose.artifact_session import ArtifactSession
from model.pose.seal import SEAL_KEY, check_seal
from model.pose.tensorrt import BatchProfile, profile_of
from model.pose.whole_file import whole_file

UNSERVED_KEY = "posewire-unserved"
"""Where the specification stands in a file that breaks the contract: no service reads it there."""


@dataclass(frozen=True)
class Artifact:
    """An artifact in ONNX Runtime on the CPU.

    Attributes:
        path: its file, which need not be there yet.
        content: the file's bytes.
        model: its graph.
        session: what runs it.
    """

    path: Path
    content: bytes
    model: onnx.ModelProto
    session: ArtifactSession

    @property
    def spec(self) -> ArtifactSpec:
        """What it says of itself."""
        return self.session.spec

    @property
    def sha256(self) -> str:
        """The hash of its file, in hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def profile(self) -> BatchProfile:
        """The batches that TensorRT builds it for."""
        return profile_of({entry.key: entry.value for entry in self.model.metadata_props})


def open_artifact(path: Path) -> Artifact:
    """Opens an artifact and holds its graph to its specification.

    Raises:
        ArtifactError: it is no ONNX file, reaches beyond itself, is not what was sealed, carries no
            specification, or contradicts it.
    """
    if not path.is_file():
        raise ArtifactError(f"{path}: an artifact is an .onnx file, there is no such file")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ArtifactError(f"{path}: cannot be read: {error.strerror or error}") from None
    return _artifact(path, content)


def make_artifact(
    model: onnx.ModelProto, spec: ArtifactSpec, path: Path, profile: BatchProfile | None = None
) -> Artifact:
    """Makes the artifact of a model in memory, sealed; `path` is where it is to lie.

    Args:
        model: whose metadata are replaced.
        spec: what it says of itself.
        path: for messages, and for `keep_artifact`.
        profile: the batches that TensorRT builds it for; None for the usual ones.

    Raises:
        ArtifactError: the model contradicts its specification.
    """
    metadata = spec.to_metadata() | (profile or BatchProfile()).to_metadata()
    return _artifact(path, _sealed(model, metadata))


def keep_artifact(artifact: Artifact) -> Artifact:
    """Writes an artifact to its path.

    Raises:
        ArtifactError: the file cannot be written; what was at the path is then untouched.
    """
    _replace(artifact.path, artifact.content)
    return artifact


def write_artifact(
    model: onnx.ModelProto, spec: ArtifactSpec, path: Path, profile: BatchProfile | None = None
) -> Artifact:
    """Writes a model with its specification, as `make_artifact` makes it.

    Raises:
        ArtifactError: the model contradicts its specification, or the file cannot be written; what
            was at `path` is then untouched.
    """
    return keep_artifact(make_artifact(model, spec, path, profile))


def write_unserved(model: onnx.ModelProto, spec: ArtifactSpec, path: Path) -> None:
    """Writes a model that breaks the contract, so that no service takes it for an artifact.

    Raises:
        ArtifactError: the file cannot be written.
    """
    _replace(path, _sealed(model, {UNSERVED_KEY: spec.to_metadata()[METADATA_KEY]}))


def _sealed(model: onnx.ModelProto, metadata: Mapping[str, str]) -> bytes:
    """The bytes of a model with metadata, the last of which is the hash of all the rest."""
    onnx.helper.set_model_props(model, dict(metadata))
    seal = hashlib.sha256(model.SerializeToString(deterministic=True)).hexdigest()
    model.metadata_props.add(key=SEAL_KEY, value=seal)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def _replace(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as file:
            file.write(content)
    except FileExistsError:
        raise ArtifactError(f"{path}: cannot be written: {path.parent} is no folder") from None
    except OSError as error:
        raise ArtifactError(f"{path}: cannot be written: {error.strerror or error}") from None


def _artifact(path: Path, content: bytes) -> Artifact:
    """Reads the content of the file at `path`, which need not be there yet."""
    try:
        check_content(content)
        check_seal(content)
    except ArtifactError as error:
        raise ArtifactError(f"{path}: {error}") from None
    session = ArtifactSession(path, content=content)
    model = onnx.load_from_string(content)
    try:
        onnx.checker.check_model(model)
    except onnx.checker.ValidationError as error:
        reason = " ".join(str(error).split())
        raise ArtifactError(f"{path}: not a valid ONNX file: {reason}") from None
    return Artifact(path, content, model, session)

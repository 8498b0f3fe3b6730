"""Execution providers: what an artifact is best run by on this machine, and how.

It chooses; what a session really got is the session's to say (`service.engine`).
"""

import hashlib
from pathlib import Path
from typing import Protocol

from model.pose.artifact import ArtifactError, read_spec
from model.pose.artifact_metadata import metadata_of
from model.pose.artifact_session import CPU, Provider, available_providers
from model.pose.tensorrt import EngineKind, engine_folder, profile_of, provider_options
from model.pose.tensorrt_here import engine_kind
from service.batch_limits import BatchLimits

TENSORRT = "TensorrtExecutionProvider"

PROVIDERS = (TENSORRT, "CUDAExecutionProvider", *CPU)
"""What is asked for, best first."""


class Machine(Protocol):
    """What could run artifacts."""

    def providers(self) -> tuple[str, ...]:
        """Returns the execution providers that this build of ONNX Runtime knows."""
        ...

    def engine_kind(self) -> EngineKind | None:
        """Returns what TensorRT's engines are built for; None without TensorRT or a GPU."""
        ...


class ThisMachine:
    """The machine that the service runs on."""

    def providers(self) -> tuple[str, ...]:
        """Returns what ONNX Runtime was built with."""
        return available_providers()

    def engine_kind(self) -> EngineKind | None:
        """Asks the GPU's driver and TensorRT's library."""
        return engine_kind()


def chosen(
    content: bytes, machine: Machine, engines: Path | None, largest: int | None
) -> tuple[Provider, ...]:
    """Returns the providers that an artifact is opened with, best first.

    TensorRT is told the batches that the artifact names and keeps its engines where
    `python -m export tensorrt` does; without TensorRT or a GPU it is not asked for, and so not
    missed. CUDA is asked for wherever ONNX Runtime was built for it: nobody installs that build
    for a CPU, and one that finds no GPU is to be told of.

    Args:
        content: the artifact's file.
        machine: that is to run it.
        engines: the folder of all engines; None keeps none.
        largest: the most windows that a run will have; None is what suits TensorRT.

    Raises:
        ArtifactError: the file is no artifact, its engine would not take so many windows, or there
            is no folder for engines.
    """
    known = machine.providers()
    names = tuple(name for name in PROVIDERS if name in known)
    kind = machine.engine_kind() if TENSORRT in names else None
    rest = tuple(name for name in names if name != TENSORRT)
    if kind is None:
        return rest
    windows = largest or BatchLimits.suiting((TENSORRT,)).windows
    return ((TENSORRT, _options(content, kind, engines, windows)), *rest)


def _options(
    content: bytes, kind: EngineKind, engines: Path | None, windows: int
) -> dict[str, str]:
    metadata = metadata_of(content)
    spec, profile = read_spec(metadata), profile_of(metadata)
    if windows > profile.most:
        raise ArtifactError(
            f"its TensorRT engine takes at most {profile.most} windows, a run may have {windows}: "
            "set POSEWIRE_BATCH_WINDOWS lower, or the artifact's most with `python -m export "
            "tensorrt --batches`"
        )
    if engines is None:
        return provider_options(spec, profile, None)
    folder = engine_folder(engines, spec, hashlib.sha256(content).hexdigest(), kind)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ArtifactError(f"TensorRT's engines cannot be kept in {folder}: {reason}") from None
    return provider_options(spec, profile, folder)

"""The engine: the command that builds it from an artifact, and its place in a cache.

`trtexec` comes with TensorRT. Engines run on the GPU model and the version that built them alone,
so both stand in the name of their folder, beside the artifact's hash.
"""

import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from export.artifact_file import Artifact
from model.pose.tensorrt import EngineKind, engine_folder, timing_cache
from model.pose.tensorrt_here import gpu

PLACES = ("/usr/src/tensorrt/bin", "/opt/tensorrt/bin")
"""Where NVIDIA's packages put trtexec, beside the PATH."""

_VERSION = re.compile(r"\[TensorRT v(\d+)\]")
_ENOUGH_S = 60
_BUILD_S = 3600


@dataclass(frozen=True)
class Builder:
    """TensorRT on this machine.

    Attributes:
        trtexec: its program.
        kind: what its engines run on.
    """

    trtexec: str
    kind: EngineKind


def find_builder() -> Builder | None:
    """Looks for TensorRT and a GPU; None where one of them is missing."""
    trtexec = shutil.which("trtexec") or next(
        (found for place in PLACES if (found := shutil.which("trtexec", path=place))), None
    )
    if trtexec is None:
        return None
    version = _VERSION.search(_said([trtexec, "--help"]))
    device = gpu()
    if version is None or device is None:
        return None
    return Builder(trtexec, EngineKind(*device, version[1]))


def engine_path(artifact: Artifact, builder: Builder, cache: Path) -> Path:
    """Returns where the engine of an artifact lies, beside those that the service keeps of it."""
    folder = engine_folder(cache, artifact.spec, artifact.sha256, builder.kind)
    return folder / "trtexec.engine"


def build_command(
    artifact: Artifact, engine: Path, timings: Path, trtexec: str = "trtexec"
) -> list[str]:
    """Returns the command that builds an engine.

    The types of the graph are the engine's: what export kept at float32 stays so, whatever else is
    half precision or int8.

    Args:
        artifact: what it is built from.
        engine: the file to write.
        timings: the file of what was timed while building, read and written.
        trtexec: the program.
    """
    shapes = artifact.profile.shapes(artifact.spec)
    return [
        trtexec,
        f"--onnx={artifact.path}",
        f"--saveEngine={engine}",
        "--stronglyTyped",
        *(f"--{name}Shapes={shape}" for name, shape in shapes.items()),
        f"--timingCacheFile={timings}",
        "--skipInference",
    ]


def script(command: list[str]) -> str:
    """Returns a command as a shell script, an argument a line."""
    return "#!/bin/sh\nexec " + " \\\n  ".join(shlex.quote(word) for word in command) + "\n"


def build(artifact: Artifact, builder: Builder, cache: Path) -> tuple[Path, bool]:
    """Builds the engine of an artifact, unless it is there.

    Returns:
        Its file, and whether it was built now.

    Raises:
        ValueError: trtexec failed; the sentence has its last word.
    """
    engine = engine_path(artifact, builder, cache)
    if engine.is_file():
        return engine, False
    partial = engine.with_name(f".{engine.name}.{os.getpid()}.partial")
    timings = timing_cache(engine.parent, builder.kind)
    command = build_command(artifact, partial, timings, builder.trtexec)
    try:
        engine.parent.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=_BUILD_S, check=False
        )
        if done.returncode or not partial.is_file():
            words = (done.stderr.strip() or done.stdout.strip() or "nothing").splitlines()
            raise ValueError(
                f"{artifact.path}: trtexec ended with {done.returncode} and no engine; it last "
                f"said: {words[-1][:200]}"
            )
        partial.replace(engine)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ValueError(f"{artifact.path}: trtexec could not build it: {error}") from None
    finally:
        partial.unlink(missing_ok=True)
    return engine, True


def _said(command: list[str]) -> str:
    """What a program prints; nothing where it cannot be run."""
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_ENOUGH_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout + done.stderr

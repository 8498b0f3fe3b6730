"""What TensorRT is told of an artifact: the batches that an engine serves, and where engines lie.

Export and service say it with the same words, so that what one builds the other can run. Neither
TensorRT nor ONNX Runtime is needed here.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec

from model.pose.artifact import ArtifactError, ArtifactSpec
from model.pose.unreadable import UNDECODABLE

TENSORRT_KEY = "posewire-tensorrt"
"""The metadata key of an artifact's `BatchProfile`."""


@dataclass(frozen=True)
class BatchProfile:
    """The windows of a batch that an engine is built for.

    Attributes:
        least: fewest windows of a run: 1, for a stream may be alone.
        usual: the number that it is tuned for.
        most: most windows of a run; the service's `POSEWIRE_BATCH_WINDOWS` must not exceed it.

    Raises:
        ArtifactError: they are not in order.
    """

    least: int = 1
    usual: int = 8
    most: int = 64

    def __post_init__(self) -> None:
        """Refuses a profile that no engine can have."""
        if not 1 == self.least <= self.usual <= self.most:
            raise ArtifactError(
                "a TensorRT profile has 1 = least ≤ usual ≤ most windows, got "
                f"{self.least}, {self.usual} and {self.most}"
            )

    def to_metadata(self) -> dict[str, str]:
        """Returns the metadata entry that carries it."""
        return {TENSORRT_KEY: msgspec.json.encode(asdict(self)).decode()}

    def shapes(self, spec: ArtifactSpec) -> dict[str, str]:
        """Returns `min`, `opt` and `max` → the input's shape, as `clip:1x3x48x20x1`."""
        rest = "x".join(str(size) for size in spec.input_shape()[1:])
        sizes = {"min": self.least, "opt": self.usual, "max": self.most}
        return {name: f"clip:{batch}x{rest}" for name, batch in sizes.items()}


def profile_of(metadata: Mapping[str, str]) -> BatchProfile:
    """Reads the profile from an ONNX file's metadata; one of an older export has the usual one.

    Raises:
        ArtifactError: it is no profile.
    """
    try:
        return msgspec.json.decode(metadata.get(TENSORRT_KEY, "{}"), type=BatchProfile)
    except UNDECODABLE as error:
        raise ArtifactError(f"the artifact's TensorRT profile cannot be read: {error}") from None


@dataclass(frozen=True)
class EngineKind:
    """What an engine runs on: another GPU, or another TensorRT, needs another engine.

    Attributes:
        gpu: the model of the GPU, as a file may be called: `nvidia-h200`.
        compute: its compute capability without the point: `90`.
        version: of TensorRT, as it says it itself: `101500` for 10.15.0.
    """

    gpu: str
    compute: str
    version: str


def engine_folder(cache: Path, spec: ArtifactSpec, sha256: str, kind: EngineKind) -> Path:
    """Returns the folder of an artifact's engines, by model, GPU and version.

    Args:
        cache: the folder of all engines.
        spec: the artifact.
        sha256: of its file.
        kind: what they run on.
    """
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", spec.name)
    return cache / f"{name}-{sha256[:16]}-{kind.gpu}-trt{kind.version}"


def timing_cache(folder: Path, kind: EngineKind) -> Path:
    """Returns the file of what was timed while engines were built.

    The name is ONNX Runtime's own, so that trtexec and the service read what the other timed.
    """
    return folder / f"TensorrtExecutionProvider_cache_sm{kind.compute}.timing"


def provider_options(
    spec: ArtifactSpec, profile: BatchProfile, folder: Path | None
) -> dict[str, str]:
    """Returns the options of ONNX Runtime's TensorRT provider for one artifact.

    Args:
        spec: the artifact.
        profile: its batches.
        folder: where its engines are kept (`engine_folder`); None builds them at each start.
    """
    shapes = profile.shapes(spec)
    options = {
        "trt_profile_min_shapes": shapes["min"],
        "trt_profile_opt_shapes": shapes["opt"],
        "trt_profile_max_shapes": shapes["max"],
        "trt_fp16_enable": str(int(spec.precision == "fp16")),
        "trt_int8_enable": str(int(spec.precision == "int8")),
        # Means and variances are kept at float32 whatever the rest is computed in.
        "trt_layer_norm_fp32_fallback": "1",
    }
    if folder is None:
        return options
    return options | {
        "trt_engine_cache_enable": "1",
        "trt_engine_cache_path": str(folder),
        "trt_timing_cache_enable": "1",
        "trt_timing_cache_path": str(folder),
    }

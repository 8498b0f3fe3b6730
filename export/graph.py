"""The graph: a recogniser as ONNX, with static time, a dynamic batch and plain operators."""

import logging
import warnings

import onnx
import torch

from model.network.recogniser import Recogniser
from model.pose.artifact import ArtifactError

OPSET = 18

FORBIDDEN = frozenset(
    {"ScatterND", "ScatterElements", "If", "Loop", "Scan", "SequenceAt", "NonZero", "Range"}
)
"""Operators of indexed assignment, control flow and shapes that depend on data."""


def to_onnx(network: Recogniser) -> onnx.ModelProto:
    """Returns the recogniser's graph: clip → logits, features.

    Args:
        network: in evaluation mode.

    Raises:
        ArtifactError: the graph holds an operator of `FORBIDDEN`, or lies outside of one file.
    """
    clip = torch.zeros(2, *network.config.encoder.clip_shape)
    exporter = logging.getLogger("torch.onnx")
    level = exporter.level
    exporter.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            # PyTorch's exporter uses names of its own that it has deprecated.
            warnings.simplefilter("ignore", FutureWarning)
            warnings.simplefilter("ignore", DeprecationWarning)
            program = torch.onnx.export(
                network,
                (clip,),
                dynamo=True,
                opset_version=OPSET,
                input_names=["clip"],
                output_names=["logits", "features"],
                dynamic_shapes=({0: "batch"},),
                verbose=False,
            )
    finally:
        exporter.setLevel(level)
    if program is None:
        raise ArtifactError("the exporter gave no graph")
    model = program.model_proto
    found = sorted(FORBIDDEN & {node.op_type for node in model.graph.node})
    if found:
        raise ArtifactError(f"an artifact's graph has no {', '.join(found)}; this one has")
    onnx.checker.check_model(model, full_check=True)
    for node in model.graph.node:
        node.ClearField("metadata_props")
        node.ClearField("doc_string")
    del model.metadata_props[:]
    return model

"""The graph: a recogniser or an ensemble as ONNX; static time, dynamic batch, plain operators."""

import logging
import warnings

import onnx
import torch

from model.network.ensemble import Ensemble
from model.network.recogniser import Recogniser, RecogniserConfig
from model.pose.artifact import ArtifactError, ArtifactSpec

OPSET = 18

FORBIDDEN = frozenset(
    {"ScatterND", "ScatterElements", "If", "Loop", "Scan", "SequenceAt", "NonZero", "Range"}
)
"""Operators of indexed assignment, control flow and shapes that depend on data."""


def check_network(config: RecogniserConfig, spec: ArtifactSpec) -> None:
    """Checks that a network is the one that a specification declares, before it is exported.

    Raises:
        ArtifactError: it is of another task, reads another clip, or scores more or fewer labels.
    """
    facts = {
        "task": (config.task, spec.task),
        "clip (C, T, V, M)": (config.encoder.clip_shape, spec.input_shape()[1:]),
        "number of labels": (config.labels, len(spec.labels)),
    }
    for name, (found, declared) in facts.items():
        if found != declared:
            raise ArtifactError(
                f"the network's {name} is {found}, the artifact's specification declares {declared}"
            )


def to_onnx(network: Recogniser | Ensemble) -> onnx.ModelProto:
    """Returns the graph of a recogniser or of an ensemble: clip → logits, features.

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
            # PyTorch's exporter warns of names of its own that it has deprecated, and of what its
            # own GRU does while it is traced.
            for category in (FutureWarning, DeprecationWarning, UserWarning):
                warnings.simplefilter("ignore", category)
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

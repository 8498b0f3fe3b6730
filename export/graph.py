"""The graph: a recogniser or an ensemble as ONNX; static time, dynamic batch, plain operators."""

import logging
import warnings

import numpy as np
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
            # PyTorch's exporter uses names of its own that it has deprecated, and warns of what its
            # own GRU does while it is traced.
            warnings.simplefilter("ignore", FutureWarning)
            warnings.simplefilter("ignore", DeprecationWarning)
            if isinstance(network, Ensemble):
                warnings.simplefilter("ignore", UserWarning)
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
    _squeeze_directions(model.graph)
    found = sorted(FORBIDDEN & {node.op_type for node in model.graph.node})
    if found:
        raise ArtifactError(f"an artifact's graph has no {', '.join(found)}; this one has")
    onnx.checker.check_model(model, full_check=True)
    for node in model.graph.node:
        node.ClearField("metadata_props")
        node.ClearField("doc_string")
    del model.metadata_props[:]
    return model


def _squeeze_directions(graph: onnx.GraphProto) -> None:
    """Takes the one direction of a GRU's output (T, 1, B, H) away by an operator of its own.

    The exporter transposes, multiplies dimensions in the graph and reshapes, which fast runtimes
    would do beside the network, each time.
    """
    made = {output: node for node in graph.node for output in node.output}
    for node in list(graph.node):
        turned = made.get(node.input[0]) if node.op_type == "Reshape" else None
        gru = made.get(turned.input[0]) if turned and turned.op_type == "Transpose" else None
        if gru is not None and gru.op_type == "GRU":
            axes = onnx.numpy_helper.from_array(np.array([1], np.int64), f"{gru.output[0]}_axes")
            graph.initializer.append(axes)
            squeeze = onnx.helper.make_node("Squeeze", [gru.output[0], axes.name], [node.output[0]])
            node.CopyFrom(squeeze)
    while unread := _unread(graph):
        for node in unread:
            graph.node.remove(node)


def _unread(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """Nodes of which no output is read."""
    read = {name for node in graph.node for name in node.input} | {o.name for o in graph.output}
    return [node for node in graph.node if read.isdisjoint(node.output)]

"""Readiness: what in a graph TensorRT 10 would not take, found without TensorRT."""

import onnx
from onnx import TensorProto, numpy_helper

from export.tensorrt_operators import CONSTANT_AXES, OF_SHAPES, OPERATORS, OPSETS, SOURCE
from model.pose.artifact import ArtifactError

_TYPES: dict[int, str] = {TensorProto.DOUBLE: "float64", TensorProto.UINT8: "uint8"}
"""Element types that TensorRT casts, or takes at inputs and outputs alone."""


def faults(model: onnx.ModelProto) -> list[str]:
    """Returns what TensorRT would not take, a sentence each; none where all is well.

    Raises:
        ArtifactError: the graph contradicts itself.
    """
    inferred = with_types(model)
    graph = inferred.graph
    return [
        *_opset_faults(inferred),
        *_batch_faults(graph),
        *_operator_faults(graph),
        *_constant_faults(graph),
        *_type_faults(graph),
    ]


def with_types(model: onnx.ModelProto) -> onnx.ModelProto:
    """Returns a graph with the types and shapes of all of its values.

    Raises:
        ArtifactError: they contradict one another.
    """
    try:
        return onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
    except onnx.shape_inference.InferenceError as error:
        reason = " ".join(str(error).split())
        raise ArtifactError(f"the graph's types contradict one another: {reason}") from None


def element_types(graph: onnx.GraphProto) -> dict[str, int]:
    """Name → element type, of all values of a graph whose types have been inferred."""
    values = [*graph.input, *graph.value_info, *graph.output]
    types = {value.name: value.type.tensor_type.elem_type for value in values}
    return types | {tensor.name: tensor.data_type for tensor in graph.initializer}


def _opset_faults(model: onnx.ModelProto) -> list[str]:
    return [
        f"opset {entry.version} of {entry.domain or 'ai.onnx'} is not one of TensorRT's "
        f"{OPSETS.start} to {OPSETS.stop - 1}"
        for entry in model.opset_import
        if entry.domain or entry.version not in OPSETS
    ]


def _batch_faults(graph: onnx.GraphProto) -> list[str]:
    """The batch is named and alone dynamic, in inputs and in outputs."""
    found = []
    for value in (*graph.input, *graph.output):
        first, *rest = value.type.tensor_type.shape.dim
        if not first.dim_param:
            found.append(f"the batch of {value.name} has no name, or is static")
        if not all(size.HasField("dim_value") for size in rest):
            found.append(f"{value.name} has another dynamic axis than its batch")
    return found


def _operator_faults(graph: onnx.GraphProto) -> list[str]:
    unknown = sorted({node.op_type for node in graph.node} - OPERATORS)
    found = [f"{name} is not in {SOURCE}" for name in unknown]
    for node in graph.node:
        if node.op_type == "LayerNormalization" and len(node.output) > 1:
            found.append(f"{node.name}: of LayerNormalization only the first output is taken")
    return found


def _constant_faults(graph: onnx.GraphProto) -> list[str]:
    """Axes must be constants; zero points must be constants of 0."""
    constants = {tensor.name: tensor for tensor in graph.initializer}
    constants |= {node.output[0]: None for node in graph.node if node.op_type == "Constant"}
    found = []
    for node in graph.node:
        if node.op_type in CONSTANT_AXES and len(node.input) > 1 and node.input[1]:
            if node.input[1] not in constants:
                found.append(f"{node.name}: the axes of {node.op_type} are no constant")
        if node.op_type in ("QuantizeLinear", "DequantizeLinear") and len(node.input) > 2:
            zero = constants.get(node.input[2])
            if zero is None or numpy_helper.to_array(zero).any():
                found.append(f"{node.name}: the zero point of {node.op_type} is not 0")
    return found


def _type_faults(graph: onnx.GraphProto) -> list[str]:
    types = element_types(graph)
    found = []
    for node in graph.node:
        made = {types.get(name, 0) for name in node.output if name}
        if TensorProto.INT64 in made and node.op_type not in OF_SHAPES:
            found.append(f"{node.name}: {node.op_type} computes with int64")
        found += [f"{node.name} makes {_TYPES[kind]}" for kind in sorted(made & _TYPES.keys())]
    return found

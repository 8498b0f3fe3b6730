"""Quantisation: an artifact's graph at less precision.

- `fp16`: weights and arithmetic at half precision, but layer normalisations and softmaxes, whose
  sums outgrow it, and the input and outputs, which stay float32.
- `int8-dynamic`: weights at int8, activations scaled anew in each run, over the whole batch.
- `int8-static`: weights and activations at int8 by scales that real windows gave, symmetric, as
  TensorRT wants them (zero points of 0).

Only products with weights are quantised to int8: those of attention have no weight, and all else
costs little. What they give is left at float32, and so is whatever anything else reads: ONNX
Runtime then has one kernel for a product and its scales, where rounding what comes out as well
takes longer than the product gains. What less precision is worth is `export.fidelity`'s.
"""

import logging
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnxruntime import quantization
from onnxruntime.quantization.shape_inference import quant_pre_process
from onnxruntime.transformers.float16 import convert_float_to_float16
from onnxruntime.transformers.onnx_model import OnnxModel

from export.activation_ranges import FLOAT16_LARGEST, measure_ranges
from model.pose.artifact import ArtifactSpec

Precision = Literal["fp16", "int8-dynamic", "int8-static"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)

KEPT_AT_FLOAT32 = ("LayerNormalization", "Softmax")
QUANTISED = ("MatMul", "Gemm")

CALIBRATION_BATCH = 16

_WARNINGS, _ERRORS = 2, 3
"""What ONNX Runtime logs: its usual level, and the next."""


def declared(precision: Precision) -> Literal["fp16", "int8"]:
    """Returns what the metadata says of a precision."""
    return "fp16" if precision == "fp16" else "int8"


def quantised(
    model: onnx.ModelProto, precision: Precision, windows: NDArray[np.float32]
) -> onnx.ModelProto:
    """Returns a graph at less precision; the metadata is left out.

    Args:
        model: at float32.
        precision: which.
        windows: (N, 3, T, V, M) real windows that give the scales of `int8-static`, and on which
            no number inside the graph may outgrow `fp16`.

    Raises:
        ValueError: there are no windows for `int8-static`, or one does.
    """
    bare = onnx.ModelProto()
    bare.CopyFrom(model)
    del bare.metadata_props[:]
    with _silenced():
        if precision == "fp16":
            halved = _halved(bare)
            _check_range(halved, windows)
            return halved
        if precision == "int8-static" and not len(windows):
            raise ValueError("int8-static needs real windows to calibrate with, got none")
        with tempfile.TemporaryDirectory() as folder:
            return _in_int8(bare, precision, windows, Path(folder))


def check_float32(spec: ArtifactSpec) -> None:
    """Refuses an artifact that has lost precision already.

    Raises:
        ValueError: it is not at float32.
    """
    if spec.precision != "fp32":
        raise ValueError(f"expected an artifact at fp32 to quantise, got one at {spec.precision}")


def _halved(model: onnx.ModelProto) -> onnx.ModelProto:
    _unshare(model.graph)
    halved: onnx.ModelProto = convert_float_to_float16(
        model, keep_io_types=True, op_block_list=list(KEPT_AT_FLOAT32)
    )
    # The converter puts the casts of inputs last; ONNX wants what is read to stand before.
    OnnxModel.graph_topological_sort(halved.graph, is_deterministic=True)
    # It leaves the types of some values as they were; they follow from the nodes.
    del halved.graph.value_info[:]
    return halved


def _check_range(halved: onnx.ModelProto, windows: NDArray[np.float32]) -> None:
    """Refuses what float16 cannot hold: a CPU computes it at float32, and would not notice."""
    if not len(windows):
        return
    ranges = measure_ranges(halved, windows)
    if not ranges.fit:
        raise ValueError(
            f"expected numbers inside the graph below {FLOAT16_LARGEST:,.0f}, float16's largest, "
            f"got {ranges.largest:,.0f} on real windows"
        )


def _unshare(graph: onnx.GraphProto) -> None:
    """Gives nodes that stay at float32 weights of their own, where others read them too.

    Equal weights are one weight in an exported graph, and the converter casts it back once for each
    such node, under one name.
    """
    weights = {tensor.name: tensor for tensor in graph.initializer}
    for number, node in enumerate(graph.node):
        if node.op_type not in KEPT_AT_FLOAT32:
            continue
        for place, name in enumerate(node.input):
            if name in weights:
                own = graph.initializer.add()
                own.CopyFrom(weights[name])
                own.name = node.input[place] = f"{name}.of_node_{number}"
    read = {name for node in graph.node for name in node.input}
    kept = [tensor for tensor in graph.initializer if tensor.name in read]
    del graph.initializer[:]
    graph.initializer.extend(kept)


def _in_int8(
    model: onnx.ModelProto, precision: Precision, windows: NDArray[np.float32], folder: Path
) -> onnx.ModelProto:
    source, prepared, written = (folder / name for name in ("source", "prepared", "written"))
    onnx.save(model, source)
    # Folds constants, so that a weight that is transposed first is a weight to the quantiser too.
    quant_pre_process(source, prepared, skip_symbolic_shape=True)
    products = products_with_weights(onnx.load(prepared).graph)
    if precision == "int8-dynamic":
        quantization.quantize_dynamic(
            prepared,
            written,
            op_types_to_quantize=list(QUANTISED),
            per_channel=True,
            extra_options={"MatMulConstBOnly": True},
        )
    else:
        quantization.quantize_static(
            prepared,
            written,
            _Windows(windows),
            quant_format=quantization.QuantFormat.QDQ,
            op_types_to_quantize=list(QUANTISED),
            # In this format MatMulConstBOnly says nothing.
            nodes_to_quantize=products,
            per_channel=True,
            activation_type=quantization.QuantType.QInt8,
            weight_type=quantization.QuantType.QInt8,
            calibrate_method=quantization.CalibrationMethod.MinMax,
            extra_options={
                "ActivationSymmetric": True,
                "OpTypesToExcludeOutputQuantization": list(QUANTISED),
                "WeightSymmetric": True,
            },
        )
    result = onnx.load(written)
    if precision == "int8-static":
        _confine(result.graph, products)
    del result.metadata_props[:]
    # The quantiser imports its own domain, whether or not it used it.
    used = {node.domain for node in result.graph.node}
    kept = [entry for entry in result.opset_import if entry.domain in used | {""}]
    del result.opset_import[:]
    result.opset_import.extend(kept)
    return result


def products_with_weights(graph: onnx.GraphProto) -> list[str]:
    """Returns the names of the products of which one side is a weight."""
    weights = {tensor.name for tensor in graph.initializer}
    return [
        node.name for node in graph.node if node.op_type in QUANTISED and node.input[1] in weights
    ]


def _confine(graph: onnx.GraphProto, products: list[str]) -> None:
    """Lets these products alone read what was rounded; all else, outputs too, reads float32.

    The quantiser rounds a value for whoever reads it once a product does, residuals included.
    """
    outputs = {value.name for value in graph.output}
    exact = {node.output[0]: node.input[0] for node in graph.node if _is(node, "QuantizeLinear")}
    for rounding in [node for node in graph.node if _is(node, "DequantizeLinear")]:
        source, rounded = exact.get(rounding.input[0]), rounding.output[0]
        if source is None:
            continue
        if rounded in outputs:
            # An output keeps its name, and what is rounded of it gets another.
            rounding.output[0] = f"{rounded}.rounded"
            _rename(graph, source, rounded)
            source = rounded
        for node in graph.node:
            for place, name in enumerate(node.input):
                if name == rounded:
                    node.input[place] = rounding.output[0] if node.name in products else source


def _rename(graph: onnx.GraphProto, old: str, new: str) -> None:
    """Gives what makes and rounds a value another name for it."""
    for node in graph.node:
        for names in (node.input, node.output):
            for place, name in enumerate(names):
                if name == old:
                    names[place] = new


def _is(node: onnx.NodeProto, kind: str) -> bool:
    return bool(node.op_type == kind)


class _Windows:
    """Windows, handed to the quantiser a batch at a time."""

    def __init__(self, windows: NDArray[np.float32]) -> None:
        starts = range(0, len(windows), CALIBRATION_BATCH)
        self._batches = iter([windows[start : start + CALIBRATION_BATCH] for start in starts])

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        """The next batch as inputs, or None after the last."""
        batch = next(self._batches, None)
        return None if batch is None else {"clip": batch}


@contextmanager
def _silenced() -> Iterator[None]:
    """Keeps what the converters say of each weight and step to themselves."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)
    onnxruntime.set_default_logger_severity(_ERRORS)
    try:
        with warnings.catch_warnings():
            # A weight too small for float16 becomes its smallest number; that is measured.
            warnings.simplefilter("ignore", UserWarning)
            yield
    finally:
        onnxruntime.set_default_logger_severity(_WARNINGS)
        root.setLevel(level)

"""Ranges: how large the numbers inside a graph become on real windows.

float16 ends at 65,504. What stays far below it everywhere can be computed at half precision; layer
normalisations and softmaxes are looked at by themselves, because what they sum is larger than what
they are given.
"""

from collections.abc import Iterator
from dataclasses import astuple, dataclass

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto

from export.tensorrt_readiness import element_types, with_types

FLOAT16_LARGEST = 65_504.0
BATCH = 4

Arrays = dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Ranges:
    """The largest numbers of a graph, over real windows.

    Attributes:
        normalised: |x| before a layer normalisation.
        squares: the sum of squares, about its mean, that a layer normalisation divides by.
        softmax: |x| before a softmax.
        anywhere: |x| of any value that a node makes.
    """

    normalised: float
    squares: float
    softmax: float
    anywhere: float

    @property
    def fit(self) -> bool:
        """Whether float16 holds all of them; what is no number does not fit."""
        return all(value < FLOAT16_LARGEST for value in astuple(self))

    @property
    def largest(self) -> float:
        """The largest of them."""
        return float(max(astuple(self)))


def measure_ranges(model: onnx.ModelProto, clips: NDArray[np.float32]) -> Ranges:
    """Runs a graph on windows and looks at every float that it makes.

    Args:
        model: of any precision.
        clips: (N, 3, T, V, M) real windows, N at least 1.
    """
    shown = _showing(with_types(model))
    normalised, softmax = (
        {node.input[0] for node in model.graph.node if node.op_type == name}
        for name in ("LayerNormalization", "Softmax")
    )
    found = {"normalised": 0.0, "squares": 0.0, "softmax": 0.0, "anywhere": 0.0}
    for values in _runs(shown, clips):
        for name, array in values.items():
            largest = _largest(array)
            found["anywhere"] = max(found["anywhere"], largest)
            if name in softmax:
                found["softmax"] = max(found["softmax"], largest)
            if name in normalised:
                found["normalised"] = max(found["normalised"], largest)
                found["squares"] = max(found["squares"], _squares(array))
    return Ranges(**found)


def _showing(model: onnx.ModelProto) -> onnx.ModelProto:
    """The graph with every float that a node makes as an output."""
    shown = onnx.ModelProto()
    shown.CopyFrom(model)
    types = element_types(model.graph)
    floats = (TensorProto.FLOAT, TensorProto.FLOAT16)
    made = [name for node in model.graph.node for name in node.output]
    known = {value.name: value for value in model.graph.value_info}
    outputs = {value.name for value in model.graph.output}
    shown.graph.output.extend(
        known[name]
        for name in made
        if name not in outputs and name in known and types[name] in floats
    )
    return shown


def _runs(model: onnx.ModelProto, clips: NDArray[np.float32]) -> Iterator[Arrays]:
    options = onnxruntime.SessionOptions()
    # As it stands: what is fused away has no number to look at.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    names = [output.name for output in session.get_outputs()]
    for start in range(0, len(clips), BATCH):
        values = session.run(names, {"clip": clips[start : start + BATCH]})
        yield {
            name: np.asarray(value, np.float32) for name, value in zip(names, values, strict=True)
        }


def _largest(values: NDArray[np.float32]) -> float:
    return float(np.nan_to_num(np.abs(values), nan=np.inf, posinf=np.inf).max(initial=0.0))


def _squares(values: NDArray[np.float32]) -> float:
    centred = values.astype(np.float64) - values.mean(axis=-1, keepdims=True, dtype=np.float64)
    return float(np.square(centred).sum(axis=-1).max(initial=0.0))

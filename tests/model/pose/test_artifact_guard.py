"""The guard: hostile files are refused from their bytes, and honest ones pass."""

import time
from collections.abc import Callable

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from model.pose.artifact import ArtifactError
from model.pose.artifact_guard import LARGEST_BYTES, MOST_FIELDS, check_content
from tests.service.artifacts import COCO, KINECT, graph

HONEST = graph(KINECT).SerializeToString()


def claims(model: onnx.ModelProto) -> None:
    """A tensor of two gigabytes of which four bytes are there."""
    tensor = model.graph.initializer[-2]
    del tensor.dims[:]
    tensor.dims.extend([1 << 15, 1 << 14])
    tensor.raw_data = b"\0" * 4


def claims_below_nothing(model: onnx.ModelProto) -> None:
    model.graph.initializer[-2].dims[0] = -1


def elsewhere(model: onnx.ModelProto) -> None:
    """A tensor whose values are to be read from the host's own files."""
    tensor = model.graph.initializer[-2]
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../etc/passwd")
    tensor.ClearField("raw_data")


def elsewhere_in_an_attribute(model: onnx.ModelProto) -> None:
    tensor = numpy_helper.from_array(np.zeros(3, np.float32), "hidden")
    tensor.external_data.add(key="location", value="/dev/zero")
    model.graph.node.append(helper.make_node("Constant", [], ["more"], value=tensor))


def foreign(model: onnx.ModelProto) -> None:
    model.graph.node[0].domain = "com.evil"


def foreign_import(model: onnx.ModelProto) -> None:
    model.opset_import.append(helper.make_opsetid("ai.onnx.ml", 3))


def nested(model: onnx.ModelProto) -> None:
    """A graph in a graph, ten deep."""
    inner = helper.make_graph([], "leaf", [], [])
    for _ in range(10):
        node = helper.make_node("If", ["c"], ["o"], then_branch=inner, else_branch=inner)
        node.attribute.pop()
        inner = helper.make_graph([node], "branch", [], [])
    model.graph.node.extend(inner.node)


def functions(model: onnx.ModelProto) -> None:
    model.functions.append(
        helper.make_function("", "Own", ["x"], ["y"], [], [helper.make_opsetid("", 18)])
    )


def sparse(model: onnx.ModelProto) -> None:
    model.graph.sparse_initializer.add().dims.append(1 << 40)


def strings(model: onnx.ModelProto) -> None:
    model.graph.initializer.append(numpy_helper.from_array(np.array(["x"], object), "s"))


def many_axes(model: onnx.ModelProto) -> None:
    model.graph.initializer.append(helper.make_tensor("a", TensorProto.FLOAT, [1] * 9, [0.0]))


HOSTILE: dict[Callable[[onnx.ModelProto], None], str] = {
    claims: r"tensor 'weights' claims 536870912 values, of which the file stores 1",
    claims_below_nothing: r"tensor 'weights' claims \d+ values",
    elsewhere: r"the values of its tensor 'weights' lie in another file",
    elsewhere_in_an_attribute: r"the values of its tensor 'hidden' lie in another file",
    foreign: r"operators are ONNX's own; node 'Transpose' is of 'com\.evil'",
    foreign_import: r"it imports operators of 'ai\.onnx\.ml'",
    nested: r"hold numbers and tensors; node 'If' holds a graph",
    functions: r"an artifact has one graph",
    sparse: r"weights are dense",
    strings: r"tensor 's' is of an element type that no artifact has: 8",
    many_axes: r"at most 8 axes; 'a' has 9",
}


@pytest.mark.parametrize(("spoil", "sentence"), HOSTILE.items(), ids=lambda x: "")
def test_what_reaches_beyond_itself_is_refused(
    spoil: Callable[[onnx.ModelProto], None], sentence: str
) -> None:
    """Each kind of hostile file gets one sentence that names the culprit."""
    model = graph(KINECT)
    spoil(model)
    with pytest.raises(ArtifactError, match=sentence) as refusal:
        check_content(model.SerializeToString())
    assert len(str(refusal.value).splitlines()) == 1


@pytest.mark.parametrize("spec", [KINECT, COCO])
def test_honest_files_pass(spec: object) -> None:
    """What the contract allows is not refused, whichever field its values are stored in."""
    assert isinstance(spec, type(KINECT))
    model = graph(spec)
    stored: dict[int, list[float]] = {
        TensorProto.FLOAT: [1.5, 2.5],
        TensorProto.DOUBLE: [1.5, 2.5],
        TensorProto.INT64: [-1, 1 << 40],
        TensorProto.INT8: [-128, 127],
        TensorProto.UINT64: [0, 1 << 63],
        TensorProto.BOOL: [0, 1],
        TensorProto.FLOAT16: [1.0, 2.0],
    }
    for kind, values in stored.items():
        model.graph.initializer.append(helper.make_tensor(f"t{kind}", kind, [2], values))
    scalar = numpy_helper.from_array(np.array(3.0, np.float32), "scalar")
    empty = numpy_helper.from_array(np.zeros((0, 4), np.float32), "empty")
    model.graph.initializer.extend([scalar, empty])
    check_content(model.SerializeToString())


def varint(number: int) -> bytes:
    """A number as protobuf writes it."""
    groups = [number >> shift & 0x7F for shift in range(0, max(number.bit_length(), 1), 7)]
    return bytes([*(group | 0x80 for group in groups[:-1]), groups[-1]])


@pytest.mark.parametrize("number", [0, 7, 25])
def test_a_field_is_not_hidden_in_the_upper_half_of_its_tag(number: int) -> None:
    """ONNX Runtime's reader takes 32 bits of a tag: what lies above them is no other field."""
    above = 0 if number == 0 else 1 << 32
    hidden = varint(above | number << 3 | 2) + b"\x00"
    with pytest.raises(ArtifactError, match=f"byte {len(HONEST)} begins no protobuf field"):
        check_content(HONEST + hidden)


def test_merged_graphs_are_no_way_around() -> None:
    """Protobuf merges a graph that stands there twice; the guard takes one only."""
    with pytest.raises(ArtifactError, match="not an ONNX file that can be run: it holds 2 graphs"):
        check_content(HONEST + HONEST)


def test_a_file_of_millions_of_fields_is_soon_refused() -> None:
    """The walk ends after a number of fields, so that no file costs more than seconds."""
    field = bytes([0x08, 0x01])
    begun_s = time.monotonic()
    with pytest.raises(ArtifactError, match="more fields than any artifact"):
        check_content(field * (MOST_FIELDS + 1))
    assert time.monotonic() - begun_s < 60


def test_a_file_that_is_too_large_is_refused() -> None:
    """Its size alone is enough."""
    with pytest.raises(ArtifactError, match="at most 512 MiB; this file has 512"):
        check_content(bytes(LARGEST_BYTES + 1))


def said_of(content: bytes) -> str:
    """The sentence with which bytes are refused; none where they pass."""
    try:
        check_content(content)
    except ArtifactError as refusal:
        return str(refusal)
    return ""


@given(st.data())
def test_no_bytes_are_too_strange(data: st.DataObject) -> None:
    """Damaged anywhere, a file passes or is refused with a sentence; nothing else is raised."""
    content = bytearray(HONEST[: data.draw(st.integers(0, len(HONEST)))])
    for _ in range(data.draw(st.integers(0, 4)) if content else 0):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    assert len(said_of(bytes(content)).splitlines()) <= 1


@given(st.binary(max_size=200))
def test_no_garbage_is_too_strange(content: bytes) -> None:
    """The same for bytes that never were a file of ours."""
    assert len(said_of(content).splitlines()) <= 1

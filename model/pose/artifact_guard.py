"""The guard: what an artifact's file may not hold, told from its bytes before anything runs them.

A service that loads models at run time is handed files by others. An artifact needs nothing beside
it, so one that points to another file, calls an operator that is not ONNX's own, brings functions
or nested graphs, or claims tensors that it does not store, is refused here, without the onnx
package. What arithmetic an honest-looking graph does is not judged: whom to trust is the
manifest's (`model.pose.manifest`), how much memory a process may take is its container's.
"""

from math import prod

import numpy as np

from model.pose.artifact import ArtifactError
from model.pose.onnx_wire import BYTES, VARINT, Field, Reader, WireError, varints

LARGEST_BYTES = 512 << 20
"""More than twice the largest published encoder at float32 (57 M weights)."""

MOST_FIELDS = 1_000_000
MOST_AXES = 8

OWN_DOMAINS = ("", "ai.onnx")
"""The domains of ONNX's own operators."""

_HERE = 0
"""Where the values of a tensor are: in the file itself."""

ITEM_BYTES = {1: 4, 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 8, 9: 1, 10: 2, 11: 8, 12: 4, 13: 8, 16: 2}
"""Element type of a tensor → bytes of an element, for the types that have whole bytes."""


# Field numbers of onnx.proto; protobuf never gives a number to another field.
_GRAPH, _OPSET, _TRAINING, _FUNCTIONS = 7, 8, 20, 25
_OPSET_DOMAIN = 1
_NODE, _INITIALIZER, _SPARSE_INITIALIZER = 1, 5, 15
_NODE_NAME, _NODE_OPERATOR, _NODE_ATTRIBUTE, _NODE_DOMAIN = 3, 4, 5, 7
_TENSOR, _TENSORS = 5, 10
_NESTED = {
    6: "a graph",
    11: "graphs",
    14: "a type",
    15: "types",
    22: "a sparse tensor",
    23: "sparse tensors",
}
"""Fields of an attribute that bring more than numbers, names and tensors."""
_DIMS, _TYPE, _NAME, _RAW, _EXTERNAL_DATA, _LOCATION = 1, 2, 8, 9, 13, 14
_FIXED_VALUES = {4: 4, 10: 8}
"""Fields of floats and doubles → bytes of a value."""
_VARINT_VALUES = (5, 7, 11)
"""Fields of int32, int64 and uint64 values."""


def check_content(content: bytes) -> None:
    """Refuses what no artifact holds, however its graph would run.

    Args:
        content: a whole .onnx file.

    Raises:
        ArtifactError: it is too large, no ONNX file, or reaches beyond itself; one sentence.
    """
    if len(content) > LARGEST_BYTES:
        raise ArtifactError(
            f"an artifact has at most {LARGEST_BYTES >> 20} MiB; this file has "
            f"{len(content) / (1 << 20):.0f}"
        )
    try:
        _Check(Reader(MOST_FIELDS)).model(memoryview(content))
    except WireError as error:
        raise ArtifactError(f"not an ONNX file that can be run: {error}") from None


class _Check:
    """A walk over the messages of one file, to a depth that is fixed by what it visits."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def model(self, message: memoryview) -> None:
        graphs = 0
        for field in self._reader.fields(message):
            if field.number == _GRAPH:
                graphs += 1
                self._graph(_message(field))
            elif field.number == _OPSET:
                self._domain(_message(field), _OPSET_DOMAIN, "it imports operators")
            elif field.number in (_TRAINING, _FUNCTIONS):
                raise ArtifactError("an artifact has one graph; this file brings functions or more")
        if graphs != 1:
            raise WireError(f"it holds {graphs or 'no'} graph{'s' if graphs > 1 else ''}")

    def _graph(self, message: memoryview) -> None:
        for field in self._reader.fields(message):
            if field.number == _NODE:
                self._node(_message(field))
            elif field.number == _INITIALIZER:
                self._tensor(_message(field))
            elif field.number == _SPARSE_INITIALIZER:
                raise ArtifactError("an artifact's weights are dense; this file has sparse ones")

    def _node(self, message: memoryview) -> None:
        named = "a node"
        for field in self._reader.fields(message):
            if field.number in (_NODE_NAME, _NODE_OPERATOR):
                named = f"node {_text(field)!r}"
            elif field.number == _NODE_ATTRIBUTE:
                self._attribute(_message(field), named)
        self._domain(message, _NODE_DOMAIN, named + " is")

    def _attribute(self, message: memoryview, node: str) -> None:
        tensors = 0
        for field in self._reader.fields(message):
            if field.number in _NESTED:
                raise ArtifactError(
                    f"an artifact's nodes hold numbers and tensors; {node} holds "
                    f"{_NESTED[field.number]}"
                )
            if field.number in (_TENSOR, _TENSORS):
                tensors += field.number == _TENSOR
                self._tensor(_message(field))
        if tensors > 1:
            raise WireError(f"{node} has one tensor twice")

    def _tensor(self, message: memoryview) -> None:
        fields = list(self._reader.fields(message))
        name = next((_text(field) for field in fields if field.number == _NAME), "")
        if any(_is_external(field) for field in fields):
            raise ArtifactError(
                f"an artifact needs nothing beside it; the values of its tensor {name!r} lie in "
                "another file"
            )
        dims = [size for field in fields if field.number == _DIMS for size in varints(field)]
        # Of a field that stands there twice the last counts.
        kind = next((field.value for field in reversed(fields) if field.number == _TYPE), 0)
        stored = sum(_values(field, kind) for field in fields)
        _check_claim(name, dims, kind, stored)

    def _domain(self, message: memoryview, number: int, what: str) -> None:
        for field in self._reader.fields(message):
            if field.number == number and _text(field) not in OWN_DOMAINS:
                raise ArtifactError(
                    f"an artifact's operators are ONNX's own; {what} of {_text(field)!r}"
                )


def _check_claim(name: str, dims: list[int], kind: int, stored: int) -> None:
    """Refuses a tensor that is larger than what the file stores of it."""
    if len(dims) > MOST_AXES:
        raise ArtifactError(f"a tensor has at most {MOST_AXES} axes; {name!r} has {len(dims)}")
    if kind not in ITEM_BYTES:
        raise ArtifactError(f"tensor {name!r} is of an element type that no artifact has: {kind}")
    if stored != prod(dims):
        raise ArtifactError(
            f"tensor {name!r} claims {prod(dims)} values, of which the file stores {stored}"
        )


def _is_external(field: Field) -> bool:
    located = field.number == _LOCATION and field.value != _HERE
    return located or field.number == _EXTERNAL_DATA


def _values(field: Field, kind: int) -> int:
    """How many values a field of a tensor of this element type stores."""
    if field.number == _RAW:
        return len(field.content) // ITEM_BYTES.get(kind, 1)
    if field.number in _FIXED_VALUES:
        return len(field.content) // _FIXED_VALUES[field.number]
    if field.number in _VARINT_VALUES and field.kind == BYTES:
        # A varint ends with its first byte below 128.
        return int(np.count_nonzero(np.frombuffer(field.content, np.uint8) < 0x80))
    return int(field.number in _VARINT_VALUES and field.kind == VARINT)


def _message(field: Field) -> memoryview:
    if field.kind != BYTES:
        raise WireError(f"field {field.number} is no message")
    return field.content


def _text(field: Field) -> str:
    """A name out of the file, fit to be printed."""
    return bytes(field.content[:80]).decode("utf-8", "replace")

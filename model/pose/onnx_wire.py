"""The wire form of an ONNX file: its protobuf fields, one after another, without the onnx package.

It knows how a message is laid out in bytes (https://protobuf.dev/programming-guides/encoding/),
not what a field means. Nothing is copied and nothing recurses: whoever reads a message says which
of its fields are messages too.
"""

from collections.abc import Iterator
from typing import NamedTuple

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
"""Wire types; groups (3 and 4) are of a time before ONNX."""

_FIXED = {FIXED64: 8, FIXED32: 4}
_LONGEST_VARINT = 10


class WireError(ValueError):
    """Bytes that are no protobuf message, said in half a sentence."""


class Field(NamedTuple):
    """One field of a message.

    Attributes:
        number: its number.
        kind: its wire type.
        value: of a varint; 0 for the others.
        content: of a field of bytes; empty for a varint.
        whole: the field with its tag and length, as it stands in the message.
    """

    number: int
    kind: int
    value: int
    content: memoryview
    whole: memoryview


class Reader:
    """Reads messages, and gives up after a number of fields: a small file may hold millions.

    Args:
        most: fields that it will read, of all messages together.
    """

    def __init__(self, most: int) -> None:
        self._left = most

    def fields(self, message: memoryview) -> Iterator[Field]:
        """The fields of a message, in order.

        Raises:
            WireError: the bytes are no message, or too many fields have been read.
        """
        place = 0
        while place < len(message):
            self._left -= 1
            if self._left < 0:
                raise WireError("it holds more fields than any artifact")
            start = place
            tag, place = varint(message, place)
            number, kind = tag >> 3, tag & 7
            # Other readers cut a longer tag to 32 bits, and would find another field here.
            if not number or tag >> 32:
                raise WireError(f"byte {start} begins no protobuf field")
            value, content = 0, message[place:place]
            if kind == VARINT:
                value, place = varint(message, place)
            else:
                length = _FIXED.get(kind)
                if kind == BYTES:
                    length, place = varint(message, place)
                if length is None:
                    raise WireError(f"byte {start} begins no protobuf field")
                if length > len(message) - place:
                    raise WireError(f"the field at byte {start} is longer than what holds it")
                content, place = message[place : place + length], place + length
            yield Field(number, kind, value, content, message[start:place])


def varint(content: memoryview, place: int) -> tuple[int, int]:
    """The number that begins at `place`, and the place after it.

    Raises:
        WireError: it has no end.
    """
    value = 0
    for step, byte in enumerate(content[place : place + _LONGEST_VARINT]):
        value |= (byte & 0x7F) << (7 * step)
        if byte < 0x80:
            return value & (1 << 64) - 1, place + step + 1
    raise WireError(f"the number at byte {place} has no end")


def varints(field: Field) -> list[int]:
    """The numbers of a repeated field, packed or one by itself.

    Raises:
        WireError: the last has no end, or the field holds no whole numbers.
    """
    if field.kind == VARINT:
        return [field.value]
    if field.kind != BYTES:
        raise WireError(f"field {field.number} holds no whole numbers")
    values, place = [], 0
    while place < len(field.content):
        value, place = varint(field.content, place)
        values.append(value)
    return values

"""One person's keypoints on their way to the wire: nested numbers, or a buffer of floats.

It does not know layouts: whether the number of joints is right is for the server to say.
"""

import struct
import sys
from collections.abc import Sequence
from typing import Protocol, TypeAlias


class FloatArray(Protocol):
    """A buffer of numbers, such as a NumPy array or an `array.array`."""

    @property
    def itemsize(self) -> int:
        """Bytes of one number."""
        ...

    def tobytes(self) -> bytes:
        """The numbers in memory, row by row."""
        ...


Keypoints: TypeAlias = Sequence[Sequence[float]] | bytes | bytearray | memoryview | FloatArray


def float32_bytes(keypoints: Keypoints) -> bytes | None:
    """Give a buffer's numbers as the wire wants them.

    Args:
        keypoints: V × 3 or V × 4 numbers, joint by joint. A buffer of bytes is taken to be
            little-endian float32 already.

    Returns:
        Little-endian float32, or None where `keypoints` is no buffer but nested numbers.

    Raises:
        TypeError: The buffer holds something other than floats or bytes.
        ValueError: A number is too large for float32.
    """
    try:
        view = memoryview(keypoints)  # type: ignore[arg-type]  # asking is the test
    except TypeError:
        return None
    order, kind = _order_and_kind(view.format)
    if kind in "Bbc" and isinstance(keypoints, bytes | bytearray | memoryview):
        return view.tobytes()
    if kind not in "efd":
        raise TypeError(
            f"keypoints in a buffer must be float32 or float64, or float32 as raw bytes; "
            f"these have the format {view.format!r}"
        )
    if kind == "f" and order == "<":
        return view.tobytes()
    numbers = struct.unpack(f"{order}{view.nbytes // view.itemsize}{kind}", view.tobytes())
    try:
        return struct.pack(f"<{len(numbers)}f", *numbers)
    except OverflowError:
        raise ValueError("keypoints must be numbers that float32 can hold") from None


def rows(data: bytes, columns: int) -> list[list[float]]:
    """Take little-endian float32 apart into one row a joint, for an encoding without bytes.

    Args:
        data: Joint by joint.
        columns: 3 for x, y, score; 4 for x, y, z, score.

    Raises:
        ValueError: The bytes are not a whole number of rows.
    """
    if len(data) % (4 * columns):
        raise ValueError(
            f"keypoints must be whole rows of {columns} float32 ({4 * columns} bytes); "
            f"these are {len(data)} bytes"
        )
    return [list(row) for row in struct.iter_unpack(f"<{columns}f", data)]


def _order_and_kind(code: str) -> tuple[str, str]:
    """Split a buffer's format into byte order (`<` or `>`) and kind of number."""
    native = "<" if sys.byteorder == "little" else ">"
    order = {"<": "<", ">": ">", "!": ">"}.get(code[:1], native)
    return order, code.lstrip("@=<>!")

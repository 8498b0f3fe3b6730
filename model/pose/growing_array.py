"""An ``.npy`` file to which rows are appended, and which a later process can take up again.

It knows a file, a type and a row, not what the rows mean. NumPy pads a header so that its first
axis can grow to 21 digits in place: the header is written once at the start, and again at the end.
"""

from os import SEEK_END
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


class GrowingArray:
    """An array ``(N, *row_shape)`` on disk whose N grows; not readable before ``close``."""

    def __init__(
        self, path: Path, dtype: DTypeLike, row_shape: tuple[int, ...], rows: int = 0
    ) -> None:
        """Begins the file anew, or takes it up after its first ``rows`` rows and drops the rest."""
        self.row_shape = row_shape
        self._dtype = np.dtype(dtype)
        self._rows = rows
        self._file = path.open("r+b" if rows else "w+b")
        self._write_header()
        self._file.truncate(self._file.tell() + rows * self._row_bytes)
        self._file.seek(0, SEEK_END)

    @staticmethod
    def row_shape_of(path: Path, rows: int) -> tuple[int, ...] | None:
        """The shape of a row of the file at ``path``, or None where ``rows`` rows do not stand."""
        try:
            with path.open("rb") as file:
                np.lib.format.read_magic(file)
                shape, _, dtype = np.lib.format.read_array_header_1_0(file)
                start = file.tell()
        except (OSError, ValueError):
            return None
        needed = start + rows * dtype.itemsize * int(np.prod(shape[1:], dtype=np.int64))
        return tuple(shape[1:]) if path.stat().st_size >= needed else None

    def append(self, rows: NDArray[Any]) -> None:
        """Adds ``(n, *row_shape)`` at the end."""
        self._file.write(np.ascontiguousarray(rows, dtype=self._dtype).tobytes())
        self._rows += len(rows)

    def flush(self) -> None:
        """Hands all rows to the operating system, which outlives this process."""
        self._file.flush()

    def close(self) -> None:
        """Writes the final shape and closes the file."""
        if not self._file.closed:
            self._file.seek(0)
            self._write_header()
            self._file.close()

    @property
    def _row_bytes(self) -> int:
        return self._dtype.itemsize * int(np.prod(self.row_shape, dtype=np.int64))

    def _write_header(self) -> None:
        header = {
            "descr": np.lib.format.dtype_to_descr(self._dtype),
            "fortran_order": False,
            "shape": (self._rows, *self.row_shape),
        }
        np.lib.format.write_array_header_1_0(self._file, header)

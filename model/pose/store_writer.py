"""Writes a prepared store, clip by clip, without holding it in memory.

It is written to a directory beside its own and renamed when whole, so that no reader meets half of
one. Preparing is not resumed: it is quick enough to be done again.
"""

import shutil
from os import getpid
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import msgspec
import numpy as np
from numpy.typing import DTypeLike, NDArray

from model.pose.store import (
    FORMAT,
    FRAME_DTYPES,
    INDEX_NAME,
    LEFT_OUT,
    VERSION,
    ClipEntry,
    DataSet,
    PoseClip,
    SkippedFile,
    StoreError,
    StoreIndex,
)


class _GrowingArray:
    """An ``.npy`` file to which rows are appended; its header is written again at the end.

    NumPy pads a header so that its first axis can grow to 21 digits in place.
    """

    def __init__(self, path: Path, dtype: DTypeLike, row_shape: tuple[int, ...]) -> None:
        self.row_shape = row_shape
        self._dtype = np.dtype(dtype)
        self._rows = 0
        self._file = path.open("wb")
        self._write_header()

    def append(self, rows: NDArray[Any]) -> None:
        self._file.write(np.ascontiguousarray(rows, dtype=self._dtype).tobytes())
        self._rows += len(rows)

    def close(self) -> None:
        if not self._file.closed:
            self._file.seek(0)
            self._write_header()
            self._file.close()

    def _write_header(self) -> None:
        header = {
            "descr": np.lib.format.dtype_to_descr(self._dtype),
            "fortran_order": False,
            "shape": (self._rows, *self.row_shape),
        }
        np.lib.format.write_array_header_1_0(self._file, header)


class PoseStoreWriter:
    """Writes a store, clip by clip; leaving the ``with`` block puts it in place, or nothing at all.

    An older store at the same path is replaced; anything else there is left alone and refused.
    """

    def __init__(
        self, path: Path, data_set: DataSet, dtype: Literal["float32", "float16"] = "float32"
    ) -> None:
        """Opens nothing yet.

        Args:
            path: Directory that the store will be.
            data_set: What all clips share.
            dtype: Of the keypoints; float16 halves a large store and keeps 2 mm at 4 m.

        Raises:
            StoreError: Where something that is not a store is in the way.
        """
        if path.exists() and not _may_be_replaced(path):
            raise StoreError(f"{path}: expected nothing or a store there, got something else")
        self.path = path.resolve()  # "." has no name to put another beside
        self._data_set = data_set
        self._dtype = dtype
        self._partial = self.path.with_name(f".{self.path.name}.partial-{getpid()}")
        self._arrays: dict[str, _GrowingArray] = {}
        self._clips: list[ClipEntry] = []
        self._skipped: list[SkippedFile] = []
        self._names: set[str] = set()
        self._frames = 0

    def __enter__(self) -> Self:
        """Makes the directory that is written to."""
        shutil.rmtree(self._partial, ignore_errors=True)
        self._partial.mkdir(parents=True)
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Puts the store in place, or removes what was written where an error came.

        Raises:
            StoreError: Where no clip was appended.
        """
        for array in self._arrays.values():
            array.close()
        try:
            if error is None:
                self._commit()
        finally:
            shutil.rmtree(self._partial, ignore_errors=True)

    def append(self, clip: PoseClip) -> None:
        """Adds a clip at the end.

        Raises:
            StoreError: Where the clip is not like those before it, its name is not new, its
                keypoints are not finite, its time goes back, or a label has no name.
        """
        self._check(clip)
        rows: dict[str, NDArray[Any]] = {"keypoints": clip.keypoints, **clip.frame_arrays()}
        if not self._arrays:
            self._arrays = {
                name: _GrowingArray(
                    self._partial / f"{name}.npy", FRAME_DTYPES.get(name, self._dtype), a.shape[1:]
                )
                for name, a in rows.items()
            }
        for name, array in self._arrays.items():
            array.append(rows[name])
        self._names.add(clip.name)
        self._clips.append(
            ClipEntry(clip.name, self._frames, len(clip), clip.subject, clip.view, clip.label)
        )
        self._frames += len(clip)

    def skip(self, file: str, reason: str) -> None:
        """Notes that a file of the source is not in the store."""
        self._skipped.append(SkippedFile(file, reason))

    @property
    def skipped(self) -> tuple[SkippedFile, ...]:
        """The files noted so far."""
        return tuple(self._skipped)

    def _check(self, clip: PoseClip) -> None:
        if clip.name in self._names:
            raise StoreError(f"{clip.name}: expected a new name, got one that the store has")
        if not np.isfinite(clip.keypoints).all():
            raise StoreError(f"{clip.name}: expected finite keypoints; a missing joint is zeros")
        if not np.isfinite(clip.times_ms).all() or (np.diff(clip.times_ms) <= 0).any():
            raise StoreError(f"{clip.name}: expected times that increase from frame to frame")
        _check_labels(clip, len(self._data_set.labels))
        names = ("keypoints", *clip.frame_arrays())
        if self._arrays and names != tuple(self._arrays):
            raise StoreError(f"{clip.name}: expected arrays {tuple(self._arrays)}, got {names}")
        if self._arrays and clip.keypoints.shape[1:] != self._arrays["keypoints"].row_shape:
            expected = self._arrays["keypoints"].row_shape
            raise StoreError(
                f"{clip.name}: expected (M, V, 4) {expected} as before, "
                f"got {clip.keypoints.shape[1:]}"
            )

    def _commit(self) -> None:
        if not self._clips:
            raise StoreError(f"{self.path}: expected at least one clip to store, got none")
        index = StoreIndex(
            FORMAT,
            VERSION,
            self._data_set,
            tuple(self._arrays),
            tuple(self._clips),
            tuple(self._skipped),
        )
        (self._partial / INDEX_NAME).write_bytes(msgspec.json.encode(index))
        _replace_directory(self.path, self._partial)


def _may_be_replaced(path: Path) -> bool:
    if not path.is_dir():
        return False
    if not any(path.iterdir()):
        return True
    index_path = path / INDEX_NAME
    return index_path.is_file() and FORMAT.encode() in index_path.read_bytes()


def _replace_directory(path: Path, replacement: Path) -> None:
    """Renames ``replacement`` to ``path``; what was there goes once the new one is in place."""
    former = path.with_name(f".{path.name}.former-{getpid()}")
    if path.exists():
        path.rename(former)
    replacement.rename(path)
    shutil.rmtree(former, ignore_errors=True)


def _check_labels(clip: PoseClip, classes: int) -> None:
    labels = np.array([] if clip.label is None else [clip.label])
    if clip.frame_labels is not None:
        labels = clip.frame_labels[clip.frame_labels != LEFT_OUT]
    wrong = labels[(labels < 0) | (labels >= classes)]
    if wrong.size:
        raise StoreError(f"{clip.name}: expected labels of 0 to {classes - 1}, got {wrong[0]}")

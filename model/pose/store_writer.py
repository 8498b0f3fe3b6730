"""Writes a prepared store, clip by clip, without holding it in memory.

It is written to a directory beside its own and renamed when whole, so that no reader meets half of
one. A writer that is told what its clips are made from keeps a journal there: one that is killed is
continued by the next writer of the same store and source.
"""

import shutil
from collections.abc import Collection
from contextlib import suppress
from os import getpid
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from model.pose.growing_array import GrowingArray
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
from model.pose.store_journal import JOURNAL_NAME, Finished, StoreJournal

KEYPOINTS = "keypoints"
_OWN_FILES = frozenset(
    (INDEX_NAME, JOURNAL_NAME, *(f"{name}.npy" for name in (KEYPOINTS, *FRAME_DTYPES)))
)


class PoseStoreWriter:
    """Writes a store, clip by clip; leaving the ``with`` block puts it in place, or nothing at all.

    An older store at the same path is replaced; anything else there is left alone and refused.
    """

    def __init__(
        self,
        path: Path,
        data_set: DataSet,
        dtype: Literal["float32", "float16"] = "float32",
        source: str | None = None,
        *,
        notes: Collection[str] = (),
    ) -> None:
        """Opens nothing yet.

        Args:
            path: Directory that the store will be.
            data_set: What all clips share.
            dtype: Of the keypoints; float16 halves a large store and keeps 2 mm at 4 m.
            source: What the clips are made from, told apart from anything else, such as by a hash
                of the source's files and settings. With it, a writer that is killed, interrupted or
                out of disk is continued by the next one with the same path and source. Without it,
                every writer begins anew.
            notes: Names of further files that whoever makes this store puts into its directory, and
                that go with an older one.

        Raises:
            StoreError: Where something that is not a store, or not of one, is in the way.
        """
        self._notes = frozenset(notes)
        _check_replaceable(path, self._notes)
        self.path = path.resolve()  # "." has no name to put another beside
        self._data_set = data_set
        self._dtype = dtype
        self._source = source
        suffix = f"partial-{getpid()}" if source is None else "part"
        self._partial = self.path.with_name(f".{self.path.name}.{suffix}")
        self._journal: StoreJournal | None = None
        self._arrays: dict[str, GrowingArray] = {}
        self._clips: list[ClipEntry] = []
        self._skipped: list[SkippedFile] = []
        self._names: set[str] = set()
        self._frames = 0

    def __enter__(self) -> Self:
        """Makes the directory that is written to, or takes up the one that was left.

        Raises:
            StoreError: Where another process writes the same store.
        """
        if self._source is None:
            shutil.rmtree(self._partial, ignore_errors=True)
        self._partial.mkdir(parents=True, exist_ok=True)
        if self._source is not None:
            self._journal = StoreJournal(self._partial, self._source)
            if not self._continued(self._journal.finished):
                self._journal.begin()
                for path in self._partial.iterdir():
                    if path.name != JOURNAL_NAME:
                        path.unlink()
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Puts the store in place, or removes what was written where an error came.

        A writer with a source keeps what was written where it was interrupted or out of disk, or
        where something else has come in the way of the store.

        Raises:
            StoreError: Where no clip was appended, or something else is in the way.
        """
        keep = isinstance(error, KeyboardInterrupt | OSError)
        try:
            if error is None:
                self._commit()
        except (OSError, StoreError):
            keep = bool(self._clips)
            raise
        finally:
            self._let_go()
            if self._journal is None or not keep:
                shutil.rmtree(self._partial, ignore_errors=True)

    def append(self, clip: PoseClip, file: str | None = None) -> None:
        """Adds a clip at the end.

        Args:
            clip: What to add.
            file: The file of the source that it was made from; its name, if none is given.

        Raises:
            StoreError: Where the clip is not like those before it, its name is not new, its
                keypoints are not finite, its time goes back, or a label has no name.
        """
        self._check(clip)
        rows: dict[str, NDArray[Any]] = {KEYPOINTS: clip.keypoints, **clip.frame_arrays()}
        if not self._arrays:
            self._arrays = {
                name: GrowingArray(self._array_path(name), self._dtype_of(name), a.shape[1:])
                for name, a in rows.items()
            }
        for name, array in self._arrays.items():
            array.append(rows[name])
        entry = ClipEntry(
            clip.name,
            self._frames,
            len(clip),
            clip.subject,
            clip.view,
            clip.label,
            clip.setup,
            clip.size,
            clip.splits,
            clip.segments,
            clip.execution,
        )
        self._take(entry)
        if self._journal is not None:
            for array in self._arrays.values():
                array.flush()
            self._journal.add(Finished(file or clip.name, clip=entry))

    def skip(self, file: str, reason: str) -> None:
        """Notes that a file of the source is not in the store."""
        self._skipped.append(SkippedFile(Path(file).name, reason))
        if self._journal is not None:
            self._journal.add(Finished(file, reason=reason))

    @property
    def skipped(self) -> tuple[SkippedFile, ...]:
        """The files noted so far."""
        return tuple(self._skipped)

    @property
    def finished(self) -> frozenset[str]:
        """The files of the source that an earlier writer, which was killed, had done already."""
        found = () if self._journal is None else self._journal.finished
        return frozenset(record.file for record in found)

    def _continued(self, finished: tuple[Finished, ...]) -> bool:
        """Takes up what the journal says was done, or nothing where its rows do not stand."""
        entries = [record.clip for record in finished if record.clip is not None]
        rows = sum(entry.frames for entry in entries)
        names = [name for name in (KEYPOINTS, *FRAME_DTYPES) if self._array_path(name).exists()]
        shapes = {name: GrowingArray.row_shape_of(self._array_path(name), rows) for name in names}
        if not rows or KEYPOINTS not in shapes:
            return False
        for name, shape in shapes.items():
            if shape is None:
                self._arrays.clear()
                return False
            self._arrays[name] = GrowingArray(
                self._array_path(name), self._dtype_of(name), shape, rows
            )
        for entry in entries:
            self._take(entry)
        self._skipped = [
            SkippedFile(Path(record.file).name, record.reason)
            for record in finished
            if record.reason is not None
        ]
        return True

    def _take(self, entry: ClipEntry) -> None:
        self._names.add(entry.name)
        self._clips.append(entry)
        self._frames += entry.frames

    def _array_path(self, name: str) -> Path:
        return self._partial / f"{name}.npy"

    def _dtype_of(self, name: str) -> np.dtype[Any]:
        return FRAME_DTYPES.get(name, np.dtype(self._dtype))

    def _check(self, clip: PoseClip) -> None:
        if clip.name in self._names:
            raise StoreError(f"{clip.name}: expected a new name, got one that the store has")
        if not np.isfinite(clip.keypoints).all():
            raise StoreError(f"{clip.name}: expected finite keypoints; a missing joint is zeros")
        largest = np.abs(clip.keypoints).max()
        if largest > np.finfo(self._dtype).max:
            raise StoreError(
                f"{clip.name}: expected keypoints that {np.dtype(self._dtype)} holds, "
                f"got {largest:g}"
            )
        if not np.isfinite(clip.times_ms).all() or (np.diff(clip.times_ms) <= 0).any():
            raise StoreError(f"{clip.name}: expected times that increase from frame to frame")
        _check_labels(clip, len(self._data_set.labels))
        names = (KEYPOINTS, *clip.frame_arrays())
        if self._arrays and names != tuple(self._arrays):
            raise StoreError(f"{clip.name}: expected arrays {tuple(self._arrays)}, got {names}")
        if self._arrays and clip.keypoints.shape[1:] != self._arrays[KEYPOINTS].row_shape:
            expected = self._arrays[KEYPOINTS].row_shape
            raise StoreError(
                f"{clip.name}: expected (M, V, 4) {expected} as before, "
                f"got {clip.keypoints.shape[1:]}"
            )

    def _let_go(self) -> None:
        """Closes all files; what a full disk does not take any more was not promised either."""
        for file in (*self._arrays.values(), self._journal):
            if file is not None:
                with suppress(OSError):
                    file.close()

    def _commit(self) -> None:
        if not self._clips:
            raise StoreError(f"{self.path}: expected at least one clip to store, got none")
        for array in self._arrays.values():
            array.close()
        index = StoreIndex(
            FORMAT,
            VERSION,
            self._data_set,
            tuple(self._arrays),
            tuple(self._clips),
            tuple(self._skipped),
        )
        (self._partial / INDEX_NAME).write_bytes(msgspec.json.encode(index))
        _check_replaceable(self.path, self._notes)
        _replace_directory(self.path, self._partial)
        (self.path / JOURNAL_NAME).unlink(missing_ok=True)


def _check_replaceable(path: Path, notes: frozenset[str]) -> None:
    """Refuses what is neither nothing nor a store, and a store with more in it than its own files.

    Raises:
        StoreError: It is such a thing.
    """
    if not path.exists():
        return
    held = {entry.name for entry in path.iterdir()} if path.is_dir() else set()
    index_path = path / INDEX_NAME
    store = index_path.is_file() and FORMAT.encode() in index_path.read_bytes()
    if not path.is_dir() or (held and not store):
        raise StoreError(f"{path}: expected nothing or a store there, got something else")
    if others := sorted(held - _OWN_FILES - notes):
        raise StoreError(
            f"{path}: expected nothing there but a store, which is replaced, got {others[0]} in it"
        )


def _replace_directory(path: Path, replacement: Path) -> None:
    """Renames ``replacement`` to ``path``; what was there goes once the new one is in place."""
    former = path.with_name(f".{path.name}.former-{getpid()}")
    if path.exists():
        path.rename(former)
    replacement.rename(path)
    shutil.rmtree(former, ignore_errors=True)


def _check_labels(clip: PoseClip, classes: int) -> None:
    labels = np.array([] if clip.label is None else [clip.label], dtype=np.int64)
    if clip.frame_labels is not None:
        labels = clip.frame_labels[clip.frame_labels != LEFT_OUT]
    of_segments = np.array([segment.label for segment in clip.segments], dtype=np.int64)
    labels = np.concatenate([labels, of_segments])
    wrong = labels[(labels < 0) | (labels >= classes)]
    if wrong.size:
        raise StoreError(f"{clip.name}: expected labels of 0 to {classes - 1}, got {wrong[0]}")
    for segment in clip.segments:
        if not 0 <= segment.start < segment.stop <= len(clip):
            raise StoreError(
                f"{clip.name}: expected segments within {len(clip)} frames, "
                f"got {segment.start} to {segment.stop}"
            )

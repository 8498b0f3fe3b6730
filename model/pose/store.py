"""The prepared store: clips of keypoints in one directory, memory-mapped, whatever they came from.

It knows arrays, names and numbers, not what a joint is or by which rule a data set is split. A
store is a directory of

- ``keypoints.npy`` float32 or float16 ``(N, M, V, 4)``: x, y, z, score of all clips, end to end;
- ``times_ms.npy`` float64 ``(N,)``: the clip's own clock in milliseconds;
- ``frame_labels.npy`` int16 ``(N,)``, where frames are labelled; -1 is left out of loss and metric;
- ``frame_numbers.npy`` int64 ``(N,)``, where the source numbers its frames;
- ``index.json``: what the data set is, where each clip lies, and which files were skipped and why.

``model.pose.store_writer`` writes it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from model.pose.unreadable import NO_ARRAY, UNDECODABLE, one_line

FORMAT = "posewire-store"
VERSION = 1
INDEX_NAME = "index.json"
LEFT_OUT = -1
"""The frame label that every loss and every metric passes over."""
UNKNOWN_SUBJECT = -1
"""The subject of a clip whose data set does not say who it is."""

FRAME_DTYPES: Mapping[str, np.dtype[Any]] = {
    "times_ms": np.dtype(np.float64),
    "frame_labels": np.dtype(np.int16),
    "frame_numbers": np.dtype(np.int64),
}
"""The arrays ``(N,)`` that may stand beside the keypoints."""


class StoreError(ValueError):
    """A store that cannot be read or written, said in one sentence."""


class Segment(msgspec.Struct, frozen=True):
    """One labelled segment of a recording: its class, first frame, and the frame it ends before."""

    label: int
    start: int
    stop: int


@dataclass(frozen=True, eq=False)
class PoseClip:
    """One clip or one recording, as readers yield it and as a store gives it back.

    Attributes:
        name: Unique in its data set.
        keypoints: ``(T, M, V, 4)`` x, y, z, score; a missing joint is all zeros.
        times_ms: ``(T,)`` strictly increasing, in milliseconds.
        subject: Number of the person, as the data set counts.
        view: Number of the camera, where there are several.
        label: Index of the clip's class, where a clip has one.
        frame_labels: ``(T,)`` index of each frame's class, or ``LEFT_OUT``.
        frame_numbers: ``(T,)`` the source's own number of each frame.
        setup: Number of the arrangement of cameras, place or clothes, where the data set counts it.
        size: Width and height of the picture in pixels, where keypoints lie in one.
        splits: Names of the published splits that the clip belongs to, such as ``xsub_train``.
        segments: The recording's labelled segments as its owners wrote them, overlaps included.
        execution: The same for clips that several cameras recorded of one execution, where the data
            set says which.
    """

    name: str
    keypoints: NDArray[np.floating[Any]]
    times_ms: NDArray[np.float64]
    subject: int
    view: int | None = None
    label: int | None = None
    frame_labels: NDArray[np.int16] | None = None
    frame_numbers: NDArray[np.int64] | None = None
    setup: int | None = None
    size: tuple[int, int] | None = None
    splits: tuple[str, ...] = ()
    segments: tuple[Segment, ...] = ()
    execution: str | None = None

    def __post_init__(self) -> None:
        """Refuses arrays that do not belong together.

        Raises:
            StoreError: Where shapes disagree, or the clip is empty.
        """
        shape = self.keypoints.shape
        if len(shape) != 4 or shape[3] != 4 or 0 in shape:
            raise StoreError(f"{self.name}: expected keypoints (T, M, V, 4), got {shape}")
        for array_name, array in self.frame_arrays().items():
            if array.shape != shape[:1]:
                raise StoreError(
                    f"{self.name}: expected {shape[0]} {array_name}, got shape {array.shape}"
                )

    def __len__(self) -> int:
        """Number of frames."""
        return len(self.keypoints)

    def frame_arrays(self) -> dict[str, NDArray[Any]]:
        """The arrays ``(T,)`` that this clip has beside its keypoints, by name."""
        arrays = {name: getattr(self, name) for name in FRAME_DTYPES}
        return {name: array for name, array in arrays.items() if array is not None}


class DataSet(msgspec.Struct, frozen=True):
    """What all clips of a store share.

    Attributes:
        name: Name of the data set.
        layout: Name of the layout of its joints.
        rate_hz: Nominal frames a second.
        labels: Names of the classes, by index.
        terms: Under which terms its owners give the data.
    """

    name: str
    layout: str
    rate_hz: float
    labels: tuple[str, ...]
    terms: str


class ClipEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a clip lies in the arrays (``offset``, ``frames``: rows of axis N), and what it is."""

    name: str
    offset: int
    frames: int
    subject: int
    view: int | None = None
    label: int | None = None
    setup: int | None = None
    size: tuple[int, int] | None = None
    splits: tuple[str, ...] = ()
    segments: tuple[Segment, ...] = ()
    execution: str | None = None


class SkippedFile(msgspec.Struct, frozen=True):
    """A source file that is not in the store, and the sentence that says why."""

    file: str
    reason: str


class StoreIndex(msgspec.Struct, frozen=True):
    """The contents of ``index.json``; ``arrays`` names the ``.npy`` files beside it."""

    format: str
    version: int
    data_set: DataSet
    arrays: tuple[str, ...]
    clips: tuple[ClipEntry, ...]
    skipped: tuple[SkippedFile, ...]


class PoseStore:
    """A prepared store, opened: a sequence of clips whose arrays are views of the mapped files."""

    def __init__(self, path: Path) -> None:
        """Opens the store and holds its files to its index.

        Raises:
            StoreError: Where it is no store, of another version, or of sizes that disagree.
        """
        self.path = path
        self.index = read_index(path)
        names = set(self.index.arrays)
        if not {"keypoints", "times_ms"} <= names <= {"keypoints", *FRAME_DTYPES}:
            raise StoreError(f"{path}: expected keypoints and times_ms, got arrays {sorted(names)}")
        self._arrays = {name: _map_array(path, name) for name in self.index.arrays}
        self._check_sizes()

    @property
    def data_set(self) -> DataSet:
        """What all clips share."""
        return self.index.data_set

    @property
    def entries(self) -> tuple[ClipEntry, ...]:
        """What each clip is, without touching its frames: for splits by subject or view."""
        return self.index.clips

    def __len__(self) -> int:
        """Number of clips."""
        return len(self.entries)

    def __getitem__(self, place: int) -> PoseClip:
        """The clip at ``place``; its arrays are read-only views, nothing is copied."""
        entry = self.entries[place]
        rows = slice(entry.offset, entry.offset + entry.frames)
        arrays = {name: array[rows] for name, array in self._arrays.items()}
        return PoseClip(
            name=entry.name,
            subject=entry.subject,
            view=entry.view,
            label=entry.label,
            setup=entry.setup,
            size=entry.size,
            splits=entry.splits,
            segments=entry.segments,
            execution=entry.execution,
            **arrays,
        )

    def __iter__(self) -> Iterator[PoseClip]:
        """The clips, in order."""
        return (self[place] for place in range(len(self)))

    @cached_property
    def splits(self) -> Mapping[str, tuple[int, ...]]:
        """The places of the clips of each published split, by its name, such as ``xsub_train``."""
        places: dict[str, list[int]] = {}
        for place, entry in enumerate(self.entries):
            for split in entry.splits:
                places.setdefault(split, []).append(place)
        return {split: tuple(places[split]) for split in sorted(places)}

    def split(self, name: str) -> tuple[int, ...]:
        """The places of the clips of the split called ``name``.

        Raises:
            StoreError: Where no clip belongs to a split of that name.
        """
        if name not in self.splits:
            known = ", ".join(self.splits) or "none"
            raise StoreError(f"{self.path}: expected one of the splits {known}, got {name}")
        return self.splits[name]

    def __reduce__(self) -> tuple[type["PoseStore"], tuple[Path]]:
        """A store travels to another process as its path: mapped files would travel as copies."""
        return PoseStore, (self.path,)

    def _check_sizes(self) -> None:
        shape = self._arrays["keypoints"].shape
        if len(shape) != 4 or shape[3] != 4:
            raise StoreError(f"{self.path}: expected keypoints (N, M, V, 4), got {shape}")
        frames = 0
        for entry in self.entries:
            if entry.offset != frames or entry.frames < 1:
                raise StoreError(
                    f"{self.path}: expected clip {entry.name} to begin at row {frames}, "
                    f"got row {entry.offset} and {entry.frames} frames"
                )
            if entry.label is not None and not 0 <= entry.label < len(self.data_set.labels):
                raise StoreError(
                    f"{self.path}: expected clip {entry.name} to be of one of "
                    f"{len(self.data_set.labels)} classes, got class {entry.label}"
                )
            frames += entry.frames
        for name, array in self._arrays.items():
            rows_expected = (frames, *shape[1:]) if name == "keypoints" else (frames,)
            if array.shape != rows_expected:
                raise StoreError(
                    f"{self.path / name}.npy: expected shape {rows_expected} as {INDEX_NAME} "
                    f"says, got {array.shape}"
                )


class _Header(msgspec.Struct, frozen=True):
    """The fields of the index that every version has."""

    format: str
    version: int


def read_index(path: Path) -> StoreIndex:
    """Reads the index of the store at ``path``, without its arrays.

    Raises:
        StoreError: Where there is none, or one of another format or version.
    """
    index_path = path / INDEX_NAME
    try:
        content = index_path.read_bytes()
    except OSError as error:
        raise StoreError(f"{path}: expected a prepared store, got no {INDEX_NAME}") from error
    try:
        header = msgspec.json.decode(content, type=_Header)
        if (header.format, header.version) != (FORMAT, VERSION):
            raise StoreError(
                f"{index_path}: expected {FORMAT} version {VERSION}, "
                f"got {header.format} version {header.version}"
            )
        return msgspec.json.decode(content, type=StoreIndex)
    except UNDECODABLE as error:
        raise StoreError(f"{index_path}: expected the index of a store, but {error}") from error


def _map_array(path: Path, name: str) -> NDArray[Any]:
    array_path = path / f"{name}.npy"
    try:
        array = np.load(array_path, mmap_mode="r", allow_pickle=False)
    except NO_ARRAY as error:
        raise StoreError(
            f"{array_path}: expected an array of the store, but {one_line(error)}"
        ) from error
    expected = (np.float32, np.float16) if name == "keypoints" else (FRAME_DTYPES[name],)
    if array.dtype not in expected:
        raise StoreError(f"{array_path}: expected {np.dtype(expected[0])}, got {array.dtype}")
    # The plain view keeps the mapping alive; the subclass would follow every result of arithmetic.
    return np.asarray(array)

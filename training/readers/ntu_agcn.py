"""Reads NTU RGB+D in the form of 2s-AGCN: one array of all clips, and a pickle of their labels.

``train_data_joint.npy`` (or ``train_data.npy``) holds ``(N, 3, T, 25, 2)``: x, y, z of up to two
bodies, T = 300, already normalised as ``2s-agcn``; ``train_label.pkl`` the pair of the N sample
names and the N labels. The files of the other part begin with ``val``. Shi, Zhang, Cheng, Lu:
Two-Stream Adaptive Graph Convolutional Networks, CVPR 2019; github.com/lshiwjx/2s-AGCN,
``data_gen/ntu_gendata.py``.
"""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.pose.store import DataSet, PoseClip
from model.pose.unreadable import NO_ARRAY, one_line
from training.readers.bodies import BODIES
from training.readers.ntu_names import JOINTS, RATE_HZ, TERMS, NTUEdition
from training.readers.numpy_pickle import load_numpy_pickle
from training.readers.reader import ReadingError, keypoints_of, seen, steady_times_ms

PARTS = ("train", "val")


@dataclass(frozen=True, eq=False)
class _Part:
    """One array ``(N, 3, T, 25, 2)`` with the N names and labels beside it, and which is where."""

    data: NDArray[np.floating[Any]]
    labels: list[int]
    places: dict[str, int]


class NTUAGCNReader:
    """Reads the clips of both parts; their splits follow from the samples' names."""

    def __init__(self, directory: Path, edition: NTUEdition) -> None:
        """Takes the directory of one protocol, such as ``ntu/xsub``."""
        self._directory = directory
        self._edition = edition
        self._parts: dict[Path, _Part] = {}
        self.data_set = DataSet(
            name=f"{edition.name}_agcn",
            layout="ntu25",
            rate_hz=RATE_HZ,
            labels=edition.labels,
            terms=TERMS,
        )

    def files(self) -> tuple[Path, ...]:
        """The clips by part and place, as paths into the arrays.

        Raises:
            ReadingError: Where there is no array, or its labels are not beside it.
        """
        self._parts = {
            path: _open_part(path, self._directory / f"{part}_label.pkl")
            for part in PARTS
            for path in self._arrays_of(part)
        }
        if not self._parts:
            raise ReadingError(
                f"{self._directory}: expected train_data_joint.npy or val_data_joint.npy there, "
                f"got neither"
            )
        return tuple(path / name for path, part in self._parts.items() for name in part.places)

    def read(self, path: Path) -> PoseClip:
        """Reads one clip of ``(T, 2, 25, 4)``, without the empty frames that pad its end.

        Raises:
            ReadingError: Where its name or label is not of the data set, or no frame has a body.
        """
        part = self._parts[path.parent]
        index = part.places[path.name]
        where = f"{path.parent.name}[{index}] ({path.name})"
        sample = self._edition.sample(path.name, where)
        if part.labels[index] != sample.action - 1:
            raise ReadingError(
                f"{where}: expected label {sample.action - 1}, as its name says, "
                f"got {part.labels[index]}"
            )
        positions = part.data[index].transpose(1, 3, 2, 0)  # (C, T, V, M) to (T, M, V, C)
        # A joint in the origin was seen here: the main body's spine is the origin.
        there = (np.isfinite(positions).all(axis=-1) & seen(positions)).any(axis=-1)
        if not there.any():
            raise ReadingError(f"{where}: expected a body in some frame, got none")
        frames = 1 + int(np.flatnonzero(there.any(axis=1))[-1])
        scores = np.broadcast_to(there[:frames, :, None], positions[:frames, ..., 0].shape)
        return PoseClip(
            name=path.name,
            keypoints=keypoints_of(positions[:frames], scores),
            times_ms=steady_times_ms(frames, RATE_HZ),
            subject=sample.subject,
            view=sample.camera,
            label=sample.action - 1,
            setup=sample.setup,
            splits=self._edition.splits(sample),
            execution=sample.execution,
        )

    def _arrays_of(self, part: str) -> list[Path]:
        """The part's array under the first of its usual names, or nothing."""
        paths = [self._directory / f"{part}_data{joint}.npy" for joint in ("_joint", "")]
        return [path for path in paths if path.is_file()][:1]


def _open_part(data_path: Path, label_path: Path) -> _Part:
    try:
        data = np.load(data_path, mmap_mode="r", allow_pickle=False)
    except NO_ARRAY as error:
        raise ReadingError(f"{data_path.name}: expected an array, but {one_line(error)}") from error
    shape = data.shape
    if len(shape) != 5 or (shape[1], *shape[3:]) != (3, JOINTS, BODIES) or data.dtype.kind != "f":
        raise ReadingError(
            f"{data_path.name}: expected real numbers (N, 3, T, {JOINTS}, {BODIES}), "
            f"got {data.dtype} {shape}"
        )
    names, labels = _read_labels(label_path, len(data))
    # Some write whole paths: `data/S001C001P001R001A001.skeleton` is the same sample.
    stems = [
        PurePosixPath(name.replace("\\", "/")).name.removesuffix(".skeleton") for name in names
    ]
    if len(set(stems)) < len(stems):
        raise ReadingError(
            f"{label_path.name}: expected each name once, got {_repeated(stems)} again"
        )
    return _Part(data, labels, {stem: index for index, stem in enumerate(stems)})


def _read_labels(path: Path, clips: int) -> tuple[list[str], list[int]]:
    content = load_numpy_pickle(path)
    if not isinstance(content, tuple | list) or len(content) != 2:
        raise ReadingError(f"{path.name}: expected a pair of names and labels, got another object")
    names, labels = (list(part) if isinstance(part, list | tuple) else [] for part in content)
    if not all(isinstance(name, str) for name in names) or not all(
        isinstance(label, int | np.integer) for label in labels
    ):
        raise ReadingError(f"{path.name}: expected texts as names and integers as labels")
    if not len(names) == len(labels) == clips:
        raise ReadingError(
            f"{path.name}: expected {clips} names and labels, one a clip of the array, "
            f"got {len(names)} and {len(labels)}"
        )
    return names, [int(label) for label in labels]


def _repeated(names: list[str]) -> str:
    return next(name for index, name in enumerate(names) if name in names[:index])

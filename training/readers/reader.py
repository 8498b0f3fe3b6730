"""What a reader is: a data set's files, each read into one clip or refused with a sentence."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from model.pose.store import DataSet, PoseClip


class ReadingError(ValueError):
    """A source file that is not what its data set promises; the sentence names file and place."""


class Reader(Protocol):
    """Reads one data set, a file at a time, so that one broken file costs no other."""

    @property
    def data_set(self) -> DataSet:
        """What all of its clips share."""
        ...

    def files(self) -> Sequence[Path]:
        """The files that hold a clip each, in the order of their names.

        Raises:
            ReadingError: Where the directory holds none.
        """
        ...

    def read(self, path: Path) -> PoseClip:
        """Reads one of ``files()``.

        Raises:
            ReadingError: Where the file is broken.
        """
        ...


def find_files(directory: Path, subdirectory: str, pattern: str) -> tuple[Path, ...]:
    """The files of ``pattern`` in ``directory``, or in its ``subdirectory`` where it has one.

    Raises:
        ReadingError: Where there are none.
    """
    inner = directory / subdirectory
    place = inner if inner.is_dir() else directory
    paths = tuple(sorted(place.glob(pattern)))
    if not paths:
        raise ReadingError(f"{place}: expected files {pattern} there, got none")
    return paths


def keypoints_from_xyz(xyz: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Adds persons and scores to the joints of one person.

    A joint that is not finite, or lies exactly in the origin (which is the camera), was not seen:
    it becomes zeros with score 0; every other has score 1.

    Args:
        xyz: ``(T, V, 3)`` in metres.

    Returns:
        ``(T, 1, V, 4)`` x, y, z, score.
    """
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, so: not seen
        joints = xyz.astype(np.float32)
    seen = np.isfinite(joints).all(axis=-1) & (joints != 0).any(axis=-1)
    keypoints = np.zeros((len(joints), 1, joints.shape[1], 4), dtype=np.float32)
    keypoints[:, 0, :, :3] = np.where(seen[..., None], joints, 0.0)
    keypoints[:, 0, :, 3] = seen
    return keypoints


def steady_times_ms(frames: int, rate_hz: float) -> NDArray[np.float64]:
    """Times ``(T,)`` in milliseconds of frames at a steady rate, from 0."""
    return np.arange(frames, dtype=np.float64) * (1000.0 / rate_hz)

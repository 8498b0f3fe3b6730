"""What a reader is: a data set's files, each read into one clip or refused with a sentence."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from model.pose.store import DataSet, PoseClip


class ReadingError(ValueError):
    """A source file that is not what its data set promises; the sentence names file and place."""


class LeftOutError(ReadingError):
    """A whole file that the data set's owners say to leave out; not even strict reading ends."""


class Reader(Protocol):
    """Reads one data set, a file at a time, so that one broken file costs no other."""

    @property
    def data_set(self) -> DataSet:
        """What all of its clips share."""
        ...

    def files(self) -> Sequence[Path]:
        """The files that hold a clip each, in the order of their names.

        Where one file holds many clips, a path leads on into it: ``all.npz/first_clip``.

        Raises:
            ReadingError: Where the directory holds none.
        """
        ...

    def read(self, path: Path) -> PoseClip:
        """Reads one of ``files()``.

        Raises:
            ReadingError: Where the file is broken; LeftOutError where it is to be left out.
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
    return keypoints_of(xyz[:, None], seen(xyz[:, None]))


def seen(positions: NDArray[np.floating[Any]]) -> NDArray[np.bool_]:
    """``(..., V)``: which of the joints ``(..., V, C)`` do not lie exactly in the origin."""
    apart: NDArray[np.bool_] = (positions != 0).any(axis=-1)
    return apart


def keypoints_of(positions: NDArray[np.floating[Any]], scores: NDArray[Any]) -> NDArray[np.float32]:
    """Joins positions and scores; what is not finite, or has no score above 0, becomes zeros.

    Args:
        positions: ``(T, M, V, C)``: x, y, z in metres, or x, y in pixels.
        scores: ``(T, M, V)``; above 1 counts as 1.

    Returns:
        ``(T, M, V, 4)`` x, y, z, score; z is 0 where there is none.
    """
    dimensions = positions.shape[-1]
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, so: not seen
        places = positions.astype(np.float32)
    known = np.isfinite(places).all(axis=-1) & (scores > 0)
    keypoints = np.zeros((*places.shape[:-1], 4), dtype=np.float32)
    keypoints[..., :dimensions] = np.where(known[..., None], places, 0.0)
    keypoints[..., 3] = np.where(known, np.minimum(scores, 1), 0)
    return keypoints


def read_lines(path: Path) -> list[str]:
    """The lines of a text file, whatever ends them, without empty ones at the end.

    Raises:
        ReadingError: Where it cannot be read, or is no text.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ReadingError(f"{path.name}: expected lines of text, but {error}") from error
    while lines and not lines[-1].strip():
        lines.pop()
    return lines


def parse_rows(path: Path, rows: Sequence[tuple[int, str]], columns: int) -> NDArray[np.float64]:
    """The numbers ``(len(rows), columns)`` of lines of a text file.

    Args:
        path: Of the file, to name it.
        rows: Number of each line, from 1, and its text: numbers parted by blanks; at least one.
        columns: How many numbers a line holds.

    Raises:
        ReadingError: Where a line holds another count of numbers, or something else.
    """
    texts = [text for _, text in rows]
    if texts[0].strip():  # NumPy warns of input that is all blank
        with suppress(ValueError):
            table = np.loadtxt(texts, dtype=np.float64, ndmin=2, comments=None)
            if table.shape == (len(rows), columns):
                return table
    for number, text in rows:  # not fast: it is only to find the broken line
        fields = text.split()
        if len(fields) != columns:
            raise ReadingError(
                f"{path.name}, line {number}: expected {columns} numbers, got {len(fields)}"
            )
        try:
            [float(field) for field in fields]
        except ValueError as error:
            raise ReadingError(
                f"{path.name}, line {number}: expected numbers only, but {error}"
            ) from error
    raise ReadingError(f"{path.name}: expected {columns} numbers a line, in plain decimals")


def steady_times_ms(frames: int, rate_hz: float) -> NDArray[np.float64]:
    """Times ``(T,)`` in milliseconds of frames at a steady rate, from 0."""
    return np.arange(frames, dtype=np.float64) * (1000.0 / rate_hz)

"""Reads UTKinect-Action3D as continuous recordings: one text file each, Kinect v1.

A row is a frame number and 20 joints x, y, z. A number is 1/60 s, though rows come at about 13.5 a
second: at that clock people walk at natural speed.

Xia, Chen, Aggarwal: View Invariant Human Action Recognition Using Histograms of 3D Joints, CVPRW
2012.
"""

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.pose.store import DataSet, PoseClip
from training.readers.reader import ReadingError, find_files, keypoints_from_xyz
from training.readers.utkinect_labels import LABELS, label_frames, read_spans

JOINTS = 20
NUMBERS_PER_SECOND = 60.0
MOST_FRAMES = 10**9

_NAME = re.compile(r"joints_(s(\d\d)_e\d\d)")


class UTKinectReader:
    """Reads the recordings of UTKinect; every distinct frame number is a frame, with a label."""

    data_set = DataSet(
        name="utkinect",
        layout="kinect20",
        rate_hz=13.5,
        labels=LABELS,
        terms="UTKinect-Action3D: for research",
    )

    def __init__(self, directory: Path) -> None:
        """Takes the directory that holds ``actionLabel.txt`` and the recordings."""
        self._directory = directory

    def files(self) -> tuple[Path, ...]:
        """The recordings' files; raises ReadingError where there are none."""
        return find_files(self._directory, "joints", "joints_*.txt")

    def read(self, path: Path) -> PoseClip:
        """Reads one recording of ``(T, 1, 20, 4)`` with ``frame_labels`` and ``frame_numbers``.

        Raises:
            ReadingError: Where a row is broken, a frame number goes back, or labels are wrong.
        """
        matched = _NAME.fullmatch(path.stem)
        if matched is None:
            raise ReadingError(f"{path.name}: expected a name like joints_s01_e01.txt")
        numbers, xyz = _read_rows(path)
        spans = read_spans(self._directory / "actionLabel.txt", matched[1])
        return PoseClip(
            name=matched[1],
            keypoints=keypoints_from_xyz(xyz),
            times_ms=numbers.astype(np.float64) * 1000.0 / NUMBERS_PER_SECOND,
            subject=int(matched[2]),
            frame_labels=label_frames(numbers, spans),
            frame_numbers=numbers,
        )


def _read_rows(path: Path) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Frame numbers ``(T,)``, each once, and joints ``(T, 20, 3)`` of the last row of each."""
    rows: dict[int, list[float]] = {}
    latest = 0
    try:
        with path.open(encoding="utf-8") as file:
            for line_number, line in enumerate(file, start=1):
                if not line.strip():
                    continue
                number, values = _parse_row(line.split(), f"{path.name}, line {line_number}")
                if number < latest:
                    raise ReadingError(
                        f"{path.name}, line {line_number}: expected a frame number of {latest} "
                        f"or later, got {number}"
                    )
                rows[number] = values
                latest = number
    except (OSError, UnicodeDecodeError) as error:
        raise ReadingError(f"{path.name}: expected rows of text, but {error}") from error
    if not rows:
        raise ReadingError(f"{path.name}: expected at least one row, got none")
    xyz = np.array(list(rows.values()), dtype=np.float64).reshape(-1, JOINTS, 3)
    return np.array(list(rows), dtype=np.int64), xyz


def _parse_row(fields: list[str], place: str) -> tuple[int, list[float]]:
    expected = 1 + JOINTS * 3
    if len(fields) != expected:
        raise ReadingError(f"{place}: expected {expected} numbers, got {len(fields)}")
    try:
        number, values = int(fields[0]), [float(field) for field in fields[1:]]
    except ValueError as error:
        raise ReadingError(f"{place}: expected numbers only, but {error}") from error
    if number >= MOST_FRAMES:
        raise ReadingError(
            f"{place}: expected a frame number below {MOST_FRAMES}, got {fields[0][:20]}"
        )
    return number, values

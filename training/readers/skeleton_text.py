"""Parses the ``.skeleton`` text of NTU RGB+D, which UAV-Human uses too: bodies frame by frame.

A file is a number of frames; a frame is a number of bodies; a body is a line of ten numbers, the
first of them the tracker's number of the body, a line with the number of joints, and a line of
twelve numbers a joint: x y z, place in the depth picture (2) and in the colour picture (2),
orientation (4), tracking state. Source of the format: the owners' MATLAB code,
github.com/shahroudy/NTURGB-D, ``read_skeleton_file.m``.

It knows the text, not which of the bodies matter.
"""

import re
from collections import Counter
from pathlib import Path

import numpy as np

from training.readers.bodies import Track
from training.readers.reader import ReadingError, parse_rows, read_lines

BODY_COLUMNS = 10
JOINT_COLUMNS = 12

Key = tuple[str, int]
"""The tracker's number of a body, and how many of that number stand before it in the frame."""


def read_skeleton_text(path: Path, joints: int, dimensions: int) -> tuple[int, list[Track]]:
    """Reads the bodies of a file, one track for each number that the tracker gave.

    Args:
        path: The file.
        joints: V, how many joints each body must have.
        dimensions: How many of the leading columns of a joint are its position.

    Returns:
        The number of frames, and the tracks, at least one.

    Raises:
        ReadingError: Where a count, a line or the end of the file is not where it should be, or no
            frame has a body.
    """
    lines = _Lines(path)
    frames = lines.count("the number of frames")
    rows: list[tuple[int, str]] = []
    sightings: dict[Key, list[tuple[int, int]]] = {}
    for frame in range(frames):
        place = f"the number of bodies of frame {frame + 1} of {frames}"
        numbers: Counter[str] = Counter()
        for _ in range(lines.count(place)):
            number = lines.body_number()
            lines.expect_joints(joints)
            sightings.setdefault((number, numbers[number]), []).append((frame, len(rows)))
            numbers[number] += 1
            rows.extend(lines.take(joints))
    lines.expect_end()
    if not rows:
        raise ReadingError(f"{path.name}: expected a body in some frame, got none")
    table = parse_rows(path, rows, JOINT_COLUMNS)[:, :dimensions]
    return frames, [_track(table, joints, places) for places in sightings.values()]


def _track(table: np.ndarray, joints: int, places: list[tuple[int, int]]) -> Track:
    frames, starts = np.array(places, dtype=np.int64).T
    return Track(frames, table[starts[:, None] + np.arange(joints)])


class _Lines:
    """The lines of a file, taken one after the other; every refusal names the line."""

    def __init__(self, path: Path) -> None:
        self._name = path.name
        self._lines = read_lines(path)
        self._next = 0

    def count(self, what: str) -> int:
        number, text = self._line(what)
        if not re.fullmatch(r"\d{1,9}", text.strip()):
            raise ReadingError(
                f"{self._name}, line {number}: expected {what}, got {text.strip()[:40]!r}"
            )
        return int(text)

    def body_number(self) -> str:
        number, text = self._line("a body")
        fields = text.split()
        if len(fields) != BODY_COLUMNS:
            raise ReadingError(
                f"{self._name}, line {number}: expected a body's {BODY_COLUMNS} numbers, "
                f"got {len(fields)}"
            )
        return fields[0]

    def expect_joints(self, joints: int) -> None:
        found = self.count("the number of joints")
        if found != joints:
            raise ReadingError(
                f"{self._name}, line {self._next}: expected {joints} joints, got {found}"
            )

    def take(self, count: int) -> list[tuple[int, str]]:
        return [self._line("a joint") for _ in range(count)]

    def expect_end(self) -> None:
        if self._next < len(self._lines):
            raise ReadingError(
                f"{self._name}, line {self._next + 1}: expected the end of the file, as all its "
                f"frames are read, got {len(self._lines) - self._next} more lines"
            )

    def _line(self, what: str) -> tuple[int, str]:
        if self._next >= len(self._lines):
            raise ReadingError(
                f"{self._name}, line {self._next + 1}: expected {what}, got the end of the file"
            )
        self._next += 1
        return self._next, self._lines[self._next - 1]

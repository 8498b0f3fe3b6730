"""Parses the files of PKU-MMD: a recording's skeletons, its labels, and the lists of the splits.

A skeleton file is a line a frame of 2 × 25 × 3 numbers, x y z of two people, zeros where there is
one; a label file a line an action of ``class,start,end,confidence``, frames counted from 0; a split
file a heading and a line of recordings' names for training, then another pair for testing (the
owners' heading reads ``Validataion videos``). Source of the formats: README of
github.com/ECHO960/PKU-MMD and the README.txt that comes with the data.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.pose.store import Segment
from training.readers.bodies import BODIES
from training.readers.pku_mmd_actions import ACTIONS
from training.readers.reader import ReadingError, keypoints_of, parse_rows, read_lines, seen

JOINTS = 25

_HEADING = re.compile(r"(training|validat\w*|test\w*) videos\s*:", re.IGNORECASE)


def read_skeletons(path: Path) -> NDArray[np.float32]:
    """The keypoints ``(T, 2, 25, 4)`` of a recording, in metres.

    Raises:
        ReadingError: Where a line is not of 150 numbers, or no frame has a body.
    """
    rows = list(enumerate(read_lines(path), start=1))
    if not rows:
        raise ReadingError(f"{path.name}: expected at least one frame, got none")
    table = parse_rows(path, rows, BODIES * JOINTS * 3)
    positions = table.reshape(-1, BODIES, JOINTS, 3)
    keypoints = keypoints_of(positions, seen(positions))
    if not keypoints[..., 3].any():
        raise ReadingError(f"{path.name}: expected a body in some frame, got none")
    return keypoints


@dataclass(frozen=True)
class PKULabel:
    """A line of a label file: where it stands, the action from 1, and the frames as written."""

    place: str
    action: int
    first: int
    last: int

    def segment(self, frames: int) -> Segment:
        """The segment of a recording of so many frames; classes count from 0.

        Two oddities of the published files are read as other readers of the set read them: a start
        after its end is the other way round, and an end past the recording is the recording's end.

        Raises:
            ReadingError: Where it begins outside of the recording, or is empty.
        """
        start, stop = min(self.first, self.last), min(max(self.first, self.last), frames)
        if not 0 <= start < stop:
            raise ReadingError(
                f"{self.place}: expected a segment within the recording's {frames} frames, "
                f"got {self.first} to {self.last}"
            )
        return Segment(self.action - 1, start, stop)


def read_labels(path: Path) -> tuple[PKULabel, ...]:
    """The lines of a label file, in its order.

    Raises:
        ReadingError: Where there is none, or one is not four whole numbers of a known class.
    """
    labels = tuple(
        _parse_label(line, f"{path.name}, line {number}")
        for number, line in enumerate(read_lines(path), start=1)
        if line.strip()
    )
    if not labels:
        raise ReadingError(f"{path.name}: expected at least one line class,start,end,confidence")
    return labels


def read_split(path: Path) -> tuple[frozenset[str], frozenset[str]]:
    """The names of the recordings that train, and of those that test.

    Raises:
        ReadingError: Where either list is missing or empty, or a name is in both.
    """
    text = "\n".join(read_lines(path))
    _, *parts = _HEADING.split(text)
    lists = {
        heading.lower(): frozenset(re.findall(r"[^\s,]+", names))
        for heading, names in zip(parts[::2], parts[1::2], strict=True)
    }
    training = lists.pop("training", frozenset())
    testing = frozenset().union(*lists.values())
    if not training or not testing:
        raise ReadingError(
            f"{path.name}: expected 'Training videos:' and 'Validation videos:', each followed by "
            f"names, got {len(training)} and {len(testing)} names"
        )
    both = sorted(training & testing)
    if both:
        raise ReadingError(f"{path.name}: expected {both[0]} in one of the lists, got it in both")
    return training, testing


def _parse_label(line: str, place: str) -> PKULabel:
    fields = line.replace(",", " ").split()
    if len(fields) != 4 or not all(re.fullmatch(r"-?\d{1,9}(\.0*)?", field) for field in fields):
        raise ReadingError(
            f"{place}: expected class,start,end,confidence in whole numbers, got {line[:40]!r}"
        )
    action, first, last, _ = (int(float(field)) for field in fields)
    if not 1 <= action <= len(ACTIONS):
        raise ReadingError(f"{place}: expected a class of 1 to {len(ACTIONS)}, got {action}")
    return PKULabel(place, action, first, last)

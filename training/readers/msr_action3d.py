"""Reads MSR-Action3D: one text file a clip, 20 joints, 15 frames a second.

A line is x y z and a confidence of one joint, twenty lines a frame. The confidence is left out: it
is 0 for joints that the tracker placed all the same, and whole joints have no other. Li, Zhang,
Liu: Action Recognition Based on a Bag of 3D Points, CVPRW 2010.
"""

import re
from pathlib import Path

from model.pose.store import DataSet, PoseClip
from training.readers.reader import (
    ReadingError,
    find_files,
    keypoints_from_xyz,
    parse_rows,
    read_lines,
    steady_times_ms,
)

JOINTS = 20
LABELS = (
    "high arm wave",
    "horizontal arm wave",
    "hammer",
    "hand catch",
    "forward punch",
    "high throw",
    "draw x",
    "draw tick",
    "draw circle",
    "hand clap",
    "two-hand wave",
    "side boxing",
    "bend",
    "forward kick",
    "side kick",
    "jogging",
    "tennis swing",
    "tennis serve",
    "golf swing",
    "pick up and throw",
)
"""Names of the actions; ``aNN`` in a file's name is the NN-th."""

USED_LIST = "files_used_in_cvpr12_paper.txt"
"""The owners' list of 557 clips; most published figures leave out the ten others."""

_NAME = re.compile(r"(a(\d\d)_s(\d\d)_e\d\d)_skeleton3D")


class MSRAction3DReader:
    """Reads the clips of MSR-Action3D; odd subjects train, even ones test."""

    data_set = DataSet(
        name="msr_action3d",
        layout="msr20",
        rate_hz=15.0,
        labels=LABELS,
        terms="MSR-Action3D: for research",
    )

    def __init__(self, directory: Path) -> None:
        """Takes the directory of the files."""
        self._directory = directory
        self._used: frozenset[str] = frozenset()

    def files(self) -> tuple[Path, ...]:
        """The text files; raises ReadingError where there are none."""
        found = find_files(self._directory, "MSRAction3DSkeletonReal3D", "*_skeleton3D.txt")
        used = found[0].with_name(USED_LIST)
        if used.is_file():
            self._used = frozenset(line.strip() for line in read_lines(used))
        return found

    def read(self, path: Path) -> PoseClip:
        """Reads one file into a clip of ``(T, 1, 20, 4)``.

        Beside ``xsub``, the splits ``xsub557`` hold the clips of the owners' list, where it lies.

        Raises:
            ReadingError: Where name or lines are not those of the data set, or all joints are zero.
        """
        matched = _NAME.fullmatch(path.stem)
        if matched is None or not 1 <= int(matched[2]) <= len(LABELS):
            raise ReadingError(
                f"{path.name}: expected a name like a01_s01_e01_skeleton3D.txt, a up to 20"
            )
        name, action, subject = matched[1], int(matched[2]), int(matched[3])
        rows = list(enumerate(read_lines(path), start=1))
        if not rows or len(rows) % JOINTS:
            raise ReadingError(
                f"{path.name}: expected {JOINTS} lines a frame, got {len(rows)} lines"
            )
        table = parse_rows(path, rows, columns=4)
        keypoints = keypoints_from_xyz(table[:, :3].reshape(-1, JOINTS, 3))
        if not keypoints[..., 3].any():
            raise ReadingError(f"{path.name}: expected a joint in some frame, got none")
        part = "train" if subject % 2 else "test"
        protocols = ("xsub", "xsub557") if name in self._used else ("xsub",)
        return PoseClip(
            name=name,
            keypoints=keypoints,
            times_ms=steady_times_ms(len(keypoints), self.data_set.rate_hz),
            subject=subject,
            label=action - 1,
            splits=tuple(f"{protocol}_{part}" for protocol in protocols),
        )

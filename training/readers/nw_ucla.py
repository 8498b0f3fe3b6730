"""Reads Northwestern-UCLA Multiview Action3D: one JSON file a clip, Kinect v1, 30 frames a second.

Wang, Nie, Xia, Wu, Zhu: Cross-view Action Modeling, Learning and Recognition, CVPR 2014.
"""

import re
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from model.pose.store import DataSet, PoseClip
from model.pose.unreadable import UNDECODABLE
from training.readers.reader import ReadingError, find_files, keypoints_from_xyz, steady_times_ms

JOINTS = 20
TESTING_VIEW = 3
ACTIONS = {
    1: "pick up with one hand",
    2: "pick up with two hands",
    3: "drop trash",
    4: "walk around",
    5: "sit down",
    6: "stand up",
    8: "donning",
    9: "doffing",
    11: "throw",
    12: "carry",
}
"""Names of the actions by the number in a file's name; the classes are counted in this order."""

_NAME = re.compile(r"(a(\d\d)_s(\d\d)_e\d\d)_v(\d\d)")


class _File(msgspec.Struct, frozen=True):
    file_name: str
    skeletons: list[list[list[float]]]
    label: int


class NWUCLAReader:
    """Reads the clips of NW-UCLA; ``label`` counts ``ACTIONS`` from 0, ``view`` is 1 to 3."""

    data_set = DataSet(
        name="nw_ucla",
        layout="kinect20",
        rate_hz=30.0,
        labels=tuple(ACTIONS.values()),
        terms="Northwestern-UCLA Multiview Action3D: for research",
    )

    def __init__(self, directory: Path) -> None:
        """Takes the directory of the files, or the one that holds ``all_sqe``."""
        self._directory = directory

    def files(self) -> tuple[Path, ...]:
        """The JSON files; raises ReadingError where there are none."""
        return find_files(self._directory, "all_sqe", "*.json")

    def read(self, path: Path) -> PoseClip:
        """Reads one file into a clip of ``(T, 1, 20, 4)``.

        Raises:
            ReadingError: Where name, label or number of joints are not those of the data set.
        """
        matched = _NAME.fullmatch(path.stem)
        if matched is None or int(matched[2]) not in ACTIONS:
            raise ReadingError(
                f"{path.name}: expected a name like a01_s01_e00_v01, of a known action"
            )
        action, subject, view = map(int, matched.groups()[1:])
        content = _decode(path)
        label = list(ACTIONS).index(action)
        if (content.file_name, content.label) != (path.stem, label + 1):
            raise ReadingError(
                f"{path.name}: expected file_name {path.stem} and label {label + 1}, "
                f"got {content.file_name} and {content.label}"
            )
        keypoints = keypoints_from_xyz(_joints(path, content.skeletons))
        return PoseClip(
            name=path.stem,
            keypoints=keypoints,
            times_ms=steady_times_ms(len(keypoints), self.data_set.rate_hz),
            subject=subject,
            view=view,
            label=label,
            splits=("xview_test" if view == TESTING_VIEW else "xview_train",),
            execution=matched[1],
        )


def _decode(path: Path) -> _File:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_File)
    except (*UNDECODABLE, OSError) as error:
        raise ReadingError(f"{path.name}: expected a clip in JSON, but {error}") from error


def _joints(path: Path, skeletons: list[list[list[float]]]) -> NDArray[np.float64]:
    """``(T, 20, 3)`` of a file's nested lists, refusing a frame or joint of another size."""
    if not skeletons:
        raise ReadingError(f"{path.name}: expected at least one frame, got none")
    for number, frame in enumerate(skeletons):
        if len(frame) != JOINTS:
            raise ReadingError(
                f"{path.name}, skeletons[{number}]: expected {JOINTS} joints, got {len(frame)}"
            )
        for joint, position in enumerate(frame):
            if len(position) != 3:
                raise ReadingError(
                    f"{path.name}, skeletons[{number}][{joint}]: expected x, y, z, "
                    f"got {len(position)} numbers"
                )
    return np.array(skeletons, dtype=np.float64)

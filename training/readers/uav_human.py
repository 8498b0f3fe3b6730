"""Reads the skeletons of UAV-Human: people seen from a drone, COCO's 17 joints in its pictures.

Li, Liu, Zhang, Ni, Wang, Li: UAV-Human, CVPR 2021; github.com/sutdcv/UAV-Human, whose README gives
the form of the names and the subjects of both splits, and ``uavhumanposetools`` the form of the
files (NTU's) and the order of the joints. A joint's first two columns are its place in the picture
in pixels; no score is published, so a joint that was seen has score 1. The rate is not published
with the skeletons either: times are those of 30 frames a second.
"""

import re
from pathlib import Path

from model.pose.store import DataSet, PoseClip
from training.readers.bodies import main_bodies
from training.readers.reader import (
    ReadingError,
    find_files,
    keypoints_of,
    seen,
    steady_times_ms,
)
from training.readers.skeleton_text import read_skeleton_text

JOINTS = 17
ACTIONS = 155
SUBJECTS = 119
RATE_HZ = 30.0

TESTING_SUBJECTS = {
    "xsub1": frozenset().union(
        (1, 3, 4, 9, 22, 23, 24, 31, 41, 54, 58, 60, 66, 72, 74, 75),
        (91, 92, 93, 94, 95, 96, 97, 99, 101, 104, 107, 108, 109, 113),
    ),
    "xsub2": frozenset().union(
        (1, 2, 7, 9, 13, 15, 17, 23, 25, 27, 28, 33, 34, 41, 42, 48, 50),
        (51, 53, 55, 58, 65, 68, 76, 82, 85, 90, 98, 105, 116),
    ),
}
"""Of cross-subject-v1 and -v2: the subjects that the README does not list as training ones."""

_NAME = re.compile(r"P(\d{3})S(\d+)G\d+B\d+H\d+UC\d+LC\d+A(\d{3})R\d+_\d+")


class UAVHumanReader:
    """Reads the clips of UAV-Human: up to two people, those that move most."""

    data_set = DataSet(
        name="uav_human",
        layout="coco17",
        rate_hz=RATE_HZ,
        labels=tuple(f"A{action:03}" for action in range(ACTIONS)),
        terms="UAV-Human: for academic research, to be cited (Li et al., CVPR 2021)",
    )

    def __init__(self, directory: Path) -> None:
        """Takes the directory of the files, or the one that holds ``Skeleton``."""
        self._directory = directory

    def files(self) -> tuple[Path, ...]:
        """The text files; raises ReadingError where there are none."""
        return find_files(self._directory, "Skeleton", "P*.txt")

    def read(self, path: Path) -> PoseClip:
        """Reads one file into a clip of ``(T, 2, 17, 4)``: x, y in pixels, 0, score.

        Raises:
            ReadingError: Where name or text are not those of the data set.
        """
        matched = _NAME.fullmatch(path.stem)
        numbers = tuple(int(group) for group in matched.groups()) if matched else None
        if numbers is None or not (numbers[0] < SUBJECTS and numbers[2] < ACTIONS):
            raise ReadingError(
                f"{path.name}: expected a name like P000S00G10B10H10UC022000LC021000A000R0_08241716"
                f".txt, P below {SUBJECTS} and A below {ACTIONS}"
            )
        subject, setup, action = numbers
        frames, tracks = read_skeleton_text(path, JOINTS, dimensions=2)
        bodies = main_bodies(tracks, frames)
        keypoints = keypoints_of(bodies, seen(bodies))
        if not keypoints[..., 3].any():
            raise ReadingError(f"{path.name}: expected a joint in some frame, got none")
        return PoseClip(
            name=path.stem,
            keypoints=keypoints,
            times_ms=steady_times_ms(frames, RATE_HZ),
            subject=subject,
            label=action,
            setup=setup,
            splits=tuple(
                f"{split}_{'test' if subject in testing else 'train'}"
                for split, testing in TESTING_SUBJECTS.items()
            ),
        )

"""Reads the skeletons of UTD-MHAD: one MATLAB file a clip, Kinect v1, 30 frames a second.

Chen, Jafari, Kehtarnavaz: UTD-MHAD: A Multimodal Dataset for Human Action Recognition Utilizing a
Depth Camera and a Wearable Inertial Sensor, ICIP 2015.
"""

import re
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io
from numpy.typing import NDArray
from scipy.io.matlab import MatReadError

from model.pose.store import DataSet, PoseClip
from training.readers.reader import ReadingError, find_files, keypoints_from_xyz, steady_times_ms

JOINTS = 20
LABELS = (
    "swipe left",
    "swipe right",
    "wave",
    "clap",
    "throw",
    "arm cross",
    "basketball shoot",
    "draw x",
    "draw circle clockwise",
    "draw circle counter-clockwise",
    "draw triangle",
    "bowling",
    "boxing",
    "baseball swing",
    "tennis swing",
    "arm curl",
    "tennis serve",
    "push",
    "knock",
    "catch",
    "pick up and throw",
    "jog",
    "walk",
    "sit to stand",
    "stand to sit",
    "lunge",
    "squat",
)
"""Names of the actions; ``aN`` in a file's name is the N-th."""

_NAME = re.compile(r"a(\d+)_s(\d+)_t\d+_skeleton")

# What scipy's parser raises on bytes that are no whole MATLAB file depends on where they end.
_UNREADABLE = (
    OSError,
    ValueError,
    TypeError,
    LookupError,
    NotImplementedError,
    MatReadError,
    zlib.error,
)


class UTDMHADReader:
    """Reads the clips of UTD-MHAD, its joints in its own order (layout ``utd20``)."""

    data_set = DataSet(
        name="utd_mhad",
        layout="utd20",
        rate_hz=30.0,
        labels=LABELS,
        terms="UTD-MHAD: for research, to be cited (Chen, Jafari, Kehtarnavaz, ICIP 2015)",
    )

    def __init__(self, directory: Path) -> None:
        """Takes the directory of the files, or the one that holds ``Skeleton``."""
        self._directory = directory

    def files(self) -> tuple[Path, ...]:
        """The MATLAB files by action, subject and trial; ReadingError where there are none."""
        return find_files(self._directory, "Skeleton", "*.mat")

    def read(self, path: Path) -> PoseClip:
        """Reads one file into a clip of ``(T, 1, 20, 4)``.

        Raises:
            ReadingError: Where name or array are not those of the data set.
        """
        matched = _NAME.fullmatch(path.stem)
        if matched is None or not 1 <= int(matched[1]) <= len(LABELS):
            raise ReadingError(
                f"{path.name}: expected a name like a1_s1_t1_skeleton.mat, a up to 27"
            )
        action, subject = (int(group) for group in matched.groups())
        keypoints = keypoints_from_xyz(_load(path).transpose(2, 0, 1))
        return PoseClip(
            name=path.stem.removesuffix("_skeleton"),
            keypoints=keypoints,
            times_ms=steady_times_ms(len(keypoints), self.data_set.rate_hz),
            subject=subject,
            label=action - 1,
            splits=("xsub_train" if subject % 2 else "xsub_test",),
        )


def _load(path: Path) -> NDArray[np.floating[Any]]:
    """The file's ``d_skel (20, 3, T)``, in metres."""
    try:
        content = scipy.io.loadmat(path)
    except _UNREADABLE as error:
        raise ReadingError(f"{path.name}: expected a MATLAB 5 file, but {error}") from error
    joints = content.get("d_skel")
    if not isinstance(joints, np.ndarray) or joints.dtype.kind != "f":
        raise ReadingError(f"{path.name}: expected an array d_skel of real numbers, got none")
    if joints.ndim != 3 or joints.shape[:2] != (JOINTS, 3) or joints.shape[2] == 0:
        raise ReadingError(f"{path.name}: expected d_skel ({JOINTS}, 3, T), got {joints.shape}")
    return joints

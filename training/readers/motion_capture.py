"""Opens an ``.npz`` of joint positions by motion capture: all clips of a set, end to end, 30 Hz.

``positions`` (N, V, 3) in metres, y up; ``offsets`` (n + 1): where each clip begins, and N;
``clip`` (n): their names; ``joint`` (V): the names of the joints. It knows the arrays, not what the
names mean.
"""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.pose.unreadable import NO_ARRAY, one_line
from training.readers.reader import ReadingError, keypoints_of

FILE_NAME = "positions_30fps.npz"
RATE_HZ = 30.0

_KEYS = ("positions", "offsets", "clip", "joint")


@dataclass(frozen=True, eq=False)
class MotionCapture:
    """The clips of one file.

    Attributes:
        path: Of the file.
        positions: ``(N, V, 3)``.
        spans: First row of each clip, and the row that it ends before, by its name.
    """

    path: Path
    positions: NDArray[np.floating[Any]]
    spans: dict[str, tuple[int, int]]

    @property
    def files(self) -> tuple[Path, ...]:
        """A path into the file for each clip, in its order."""
        return tuple(self.path / name for name in self.spans)

    def keypoints(self, name: str) -> NDArray[np.float32]:
        """``(T, 1, V, 4)`` of one clip: every joint that is finite was seen, the origin included.

        Raises:
            ReadingError: Where no joint of the clip is finite.
        """
        start, stop = self.spans[name]
        positions = self.positions[start:stop, None]
        keypoints = keypoints_of(positions, np.ones(positions.shape[:-1]))
        if not keypoints[..., 3].any():
            raise ReadingError(f"{self.path.name}, {name}: expected finite positions, got none")
        return keypoints


def open_motion_capture(directory: Path, joints: int) -> MotionCapture:
    """Opens the file in ``directory``.

    Args:
        directory: Of ``positions_30fps.npz``.
        joints: V, how many joints the data set has.

    Raises:
        ReadingError: Where the file or an array is missing, or arrays disagree.
    """
    path = directory / FILE_NAME
    arrays = _load(path)
    positions, offsets = arrays["positions"], arrays["offsets"]
    if positions.dtype.kind != "f" or positions.ndim != 3 or positions.shape[1:] != (joints, 3):
        raise ReadingError(
            f"{path.name}, positions: expected real numbers (N, {joints}, 3), "
            f"got {positions.dtype} {positions.shape}"
        )
    if arrays["clip"].dtype.kind != "U" or arrays["clip"].ndim != 1:
        raise ReadingError(f"{path.name}, clip: expected names, got {arrays['clip'].dtype}")
    if arrays["joint"].shape != (joints,):
        raise ReadingError(
            f"{path.name}, joint: expected {joints} names, got {arrays['joint'].shape}"
        )
    names = arrays["clip"].tolist()
    if offsets.dtype.kind not in "iu" or offsets.shape != (len(names) + 1,):
        raise ReadingError(
            f"{path.name}, offsets: expected {len(names) + 1} integers, one more than clips, "
            f"got {offsets.dtype} {offsets.shape}"
        )
    if offsets[0] != 0 or offsets[-1] != len(positions) or (np.diff(offsets) <= 0).any():
        raise ReadingError(
            f"{path.name}, offsets: expected them to increase from 0 to {len(positions)}, "
            f"the rows of positions"
        )
    if len(set(names)) < len(names):
        raise ReadingError(f"{path.name}, clip: expected each name once, got one again")
    spans = dict(zip(names, pairwise(offsets.tolist()), strict=True))
    return MotionCapture(path, positions, spans)


def _load(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with path.open("rb") as file:
            content = np.load(file, allow_pickle=False)
            if not isinstance(content, np.lib.npyio.NpzFile):
                raise ValueError("it is a single array")
            with content:
                return {key: content[key] for key in _KEYS}
    except KeyError as error:
        raise ReadingError(
            f"{path.name}: expected arrays {', '.join(_KEYS)}, but {error}"
        ) from error
    except NO_ARRAY as error:
        raise ReadingError(f"{path}: expected NumPy's .npz, but {one_line(error)}") from error

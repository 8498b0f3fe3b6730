"""Reads Bandai-Namco-Research-Motiondataset 1 and 2: motion capture, 22 joints, 30 frames a second.

Kobayashi, Liao, Inoue, Yojima, Takahashi: Motion Capture Dataset for Practical Use of AI-based
Motion Editing and Stylization, 2023. What is read is an ``.npz`` of positions computed from the BVH
files; `training.readers.motion_capture` says which.
"""

from pathlib import Path

from model.pose.store import UNKNOWN_SUBJECT, DataSet, PoseClip
from training.readers.motion_capture import RATE_HZ, MotionCapture, open_motion_capture
from training.readers.reader import ReadingError, steady_times_ms

JOINTS = 22
CONTENTS = (
    "walk",
    "walk-back",
    "walk-left",
    "walk-right",
    "walk-turn-left",
    "walk-turn-right",
    "run",
    "dash",
    "wave-left-hand",
    "wave-right-hand",
    "wave-both-hands",
    "raise-up-left-hand",
    "raise-up-right-hand",
    "raise-up-both-hands",
    "bow",
    "bye",
    "byebye",
    "call",
    "dance-short",
    "guide",
    "kick",
    "punch",
    "respond",
    "slash",
)
"""What is done, in the names' own words; the last ones have a few clips each."""


class BandaiNamcoReader:
    """Reads the clips, named ``dataset-N_CONTENT_STYLE_NNN``; the names tell no subject."""

    data_set = DataSet(
        name="bandai_namco",
        layout="bandai22",
        rate_hz=RATE_HZ,
        labels=tuple(content.replace("-", " ") for content in CONTENTS),
        terms="Bandai-Namco-Research-Motiondataset: CC BY-NC 4.0",
    )

    def __init__(self, directory: Path) -> None:
        """Takes the directory of ``positions_30fps.npz``."""
        self._directory = directory
        self._capture: MotionCapture | None = None

    def files(self) -> tuple[Path, ...]:
        """A path into the file for each clip; raises ReadingError where the file is broken."""
        self._capture = open_motion_capture(self._directory, JOINTS)
        return self._capture.files

    def read(self, path: Path) -> PoseClip:
        """Reads one clip of ``(T, 1, 22, 4)``, in no split: the owners publish none.

        Raises:
            ReadingError: Where its name is not of the data set, or no joint is finite.
        """
        capture = self._capture or open_motion_capture(self._directory, JOINTS)
        words = path.name.split("_")
        if len(words) != 4 or words[1] not in CONTENTS:
            raise ReadingError(
                f"{path.parent.name}, {path.name}: expected a name like "
                f"dataset-1_walk_active_001, of a known content"
            )
        keypoints = capture.keypoints(path.name)
        return PoseClip(
            name=path.name,
            keypoints=keypoints,
            times_ms=steady_times_ms(len(keypoints), RATE_HZ),
            subject=UNKNOWN_SUBJECT,
            label=CONTENTS.index(words[1]),
        )

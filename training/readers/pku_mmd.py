"""Reads PKU-MMD I and II: long recordings, Kinect v2, 30 Hz, three cameras, 51 actions.

Liu, Hu, Li, Song, Liu: PKU-MMD: A Large Scale Benchmark for Continuous Multi-Modal Human Action
Understanding, ACM MM workshop 2017. A recording is ``0002-L`` in phase I and ``A01N01-L`` in phase
II, where N counts the performer; L, M and R are the cameras. Whole recordings serve detection and
segmentation; recognition takes the labelled segments, each cut out as a clip.
"""

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.pose.store import UNKNOWN_SUBJECT, DataSet, PoseClip, Segment
from training.readers.pku_mmd_actions import ACTIONS
from training.readers.pku_mmd_files import PKULabel, read_labels, read_skeletons, read_split
from training.readers.reader import ReadingError, steady_times_ms

RATE_HZ = 30.0
VIEWS = {"L": 1, "M": 2, "R": 3}
BACKGROUND = "background"
TEXT_SUFFIXES = frozenset((".txt", ".skeleton", ".label"))
"""The first in what the owners give out, the others in their description of it."""
PROTOCOLS = {"xsub": "cross?subject*.txt", "xview": "cross?view*.txt"}

_TERMS = "PKU-MMD: for research, to be cited (Liu, Hu, Li, Song, Liu, 2017)"


@dataclass(frozen=True)
class PKUPhase:
    """One of the two phases: its name, and the form of its recordings' names."""

    name: str
    pattern: re.Pattern[str]
    example: str


PKU1 = PKUPhase("pku1", re.compile(r"\d{4}-(?P<view>[LMR])"), "0002-L")
PKU2 = PKUPhase("pku2", re.compile(r"A\d\dN(?P<subject>\d\d)-(?P<view>[LMR])"), "A01N01-L")


class PKUMMDReader:
    """Reads the recordings of one phase, each frame with its label, or their labelled segments."""

    def __init__(self, directory: Path, phase: PKUPhase, as_segments: bool = False) -> None:
        """Opens nothing yet.

        Args:
            directory: Of the folders of skeletons and labels, whatever their names, and the split
                files, ``cross*subject*.txt`` and ``cross*view*.txt``, at most two levels below it.
            phase: Which one.
            as_segments: Whether each labelled segment is a clip, rather than each recording.
        """
        self._directory = directory
        self._phase = phase
        self._as_segments = as_segments
        self._label_files: dict[str, Path] = {}
        self._splits: dict[str, tuple[frozenset[str], frozenset[str]]] = {}
        self._latest: tuple[Path, NDArray[np.float32]] | None = None
        self.data_set = DataSet(
            name=f"{phase.name}_segments" if as_segments else phase.name,
            layout="ntu25",
            rate_hz=RATE_HZ,
            labels=ACTIONS if as_segments else (BACKGROUND, *ACTIONS),
            terms=_TERMS,
        )

    def files(self) -> tuple[Path, ...]:
        """The recordings' files, or paths that lead on from these into each labelled segment.

        Raises:
            ReadingError: Where there is no recording of the phase, or a split file is missing.
        """
        folders = [self._directory, *self._directory.glob("*/"), *self._directory.glob("*/*/")]
        named = sorted(path for folder in folders for path in folder.glob("*-[LMR].*"))
        texts = [path for path in named if path.suffix in TEXT_SUFFIXES]  # beside videos
        self._label_files = {path.stem: path for path in texts if _holds_labels(path.parent)}
        recordings = [path for path in texts if not _holds_labels(path.parent)]
        if not recordings:
            raise ReadingError(
                f"{self._directory}: expected recordings like {self._phase.example}.txt in a "
                f"folder there, got none"
            )
        self._splits = {
            protocol: read_split(self._split_file(protocol, pattern, folders))
            for protocol, pattern in PROTOCOLS.items()
        }
        if not self._as_segments:
            return tuple(recordings)
        return tuple(
            path / f"{path.stem}_{number:03}"
            for path in recordings
            for number in range(self._count_segments(path))
        )

    def read(self, path: Path) -> PoseClip:
        """Reads one recording, or one segment, of ``(T, 2, 25, 4)``.

        Where segments of a recording overlap, a frame has the label of the one that starts later;
        ``segments`` keeps them all.

        Raises:
            ReadingError: Where the name is not of the phase, or skeletons or labels are broken.
        """
        if self._as_segments:
            return self._segment(path.parent, path.name)
        return self._recording(path)

    def _recording(self, recording: Path) -> PoseClip:
        clip = self._clip(recording, recording.stem, self._skeletons(recording))
        found = (label.segment(len(clip)) for label in self._read_labels(recording))
        segments = tuple(Segment(1 + s.label, s.start, s.stop) for s in found)
        return replace(clip, segments=segments, frame_labels=label_frames(segments, len(clip)))

    def _segment(self, recording: Path, name: str) -> PoseClip:
        whole = self._clip(recording, name, self._skeletons(recording))
        label = self._read_labels(recording)[int(name.rpartition("_")[2])]
        segment = label.segment(len(whole))
        keypoints = whole.keypoints[segment.start : segment.stop]
        if not keypoints[..., 3].any():
            raise ReadingError(
                f"{label.place}: expected a body in some frame of {segment.start} to "
                f"{segment.stop}, got none"
            )
        times_ms = whole.times_ms[: len(keypoints)]
        return replace(whole, keypoints=keypoints, times_ms=times_ms, label=segment.label)

    def _clip(self, recording: Path, name: str, keypoints: NDArray[np.float32]) -> PoseClip:
        """A clip of what the recording's name says, without labels."""
        matched = self._phase.pattern.fullmatch(recording.stem)
        if matched is None:
            raise ReadingError(
                f"{recording.name}: expected a name like {self._phase.example}.txt of "
                f"{self._phase.name}"
            )
        return PoseClip(
            name=name,
            keypoints=keypoints,
            times_ms=steady_times_ms(len(keypoints), RATE_HZ),
            subject=int(matched.groupdict().get("subject", UNKNOWN_SUBJECT)),
            view=VIEWS[matched["view"]],
            splits=self._splits_of(recording.stem),
        )

    def _skeletons(self, recording: Path) -> NDArray[np.float32]:
        """A recording's keypoints; the latest are kept, as its segments come one by one."""
        if self._latest is None or self._latest[0] != recording:
            self._latest = (recording, read_skeletons(recording))
        return self._latest[1]

    def _read_labels(self, recording: Path) -> tuple[PKULabel, ...]:
        if recording.stem not in self._label_files:
            raise ReadingError(
                f"{recording.name}: expected its labels in a folder whose name has 'label' in it, "
                f"got none"
            )
        return read_labels(self._label_files[recording.stem])

    def _split_file(self, protocol: str, pattern: str, folders: list[Path]) -> Path:
        found = sorted({path for folder in folders for path in folder.glob(pattern)})
        if len(found) != 1:
            raise ReadingError(
                f"{self._directory}: expected one split file {pattern} of {protocol} there, "
                f"got {len(found)}"
            )
        return found[0]

    def _count_segments(self, recording: Path) -> int:
        """How many labels it has; one where they are broken, so that `read` says how, once."""
        try:
            return len(self._read_labels(recording))
        except ReadingError:
            return 1

    def _splits_of(self, recording: str) -> tuple[str, ...]:
        return tuple(
            f"{protocol}_{part}"
            for protocol, lists in self._splits.items()
            for part, names in zip(("train", "test"), lists, strict=True)
            if recording in names
        )


def label_frames(segments: tuple[Segment, ...], frames: int) -> NDArray[np.int16]:
    """``(T,)``: the label of each frame; 0 where none is, the later start's where several are."""
    labels = np.zeros(frames, dtype=np.int16)
    for segment in sorted(segments, key=lambda segment: segment.start):
        labels[segment.start : segment.stop] = segment.label
    return labels


def _holds_labels(folder: Path) -> bool:
    return "label" in folder.name.lower()

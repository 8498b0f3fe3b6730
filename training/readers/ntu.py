"""Reads NTU RGB+D 60 and 120 as published: one ``.skeleton`` text a clip, Kinect v2, 30 Hz.

Shahroudy, Liu, Ng, Wang: NTU RGB+D, CVPR 2016; Liu, Shahroudy, Perez, Wang, Duan, Kot: NTU RGB+D
120, TPAMI 2019. The owners name 302 samples of the first edition, and 535 of both, whose skeletons
are missing or incomplete and are to be ignored.
"""

from pathlib import Path

from model.pose.store import DataSet, PoseClip
from training.readers.bodies import main_bodies
from training.readers.ntu_names import JOINTS, RATE_HZ, TERMS, NTUEdition
from training.readers.reader import (
    LeftOutError,
    ReadingError,
    keypoints_of,
    read_lines,
    seen,
    steady_times_ms,
)
from training.readers.skeleton_text import read_skeleton_text

SUFFIX = ".skeleton"


class NTUReader:
    """Reads the clips of one edition of NTU RGB+D: up to two bodies, those that move most."""

    def __init__(self, directory: Path, edition: NTUEdition, missing: Path | None = None) -> None:
        """Opens nothing yet.

        Args:
            directory: Of the files, however deep below it they lie.
            edition: Which one; files of setups that it does not have are passed over.
            missing: The owners' list of samples to leave out; if None, all files like
                ``*samples_with_missing_skeletons*.txt`` below the directory.
        """
        self._directory = directory
        self._edition = edition
        self._missing = missing
        self._left_out: dict[str, str] = {}
        self.data_set = DataSet(
            name=edition.name,
            layout="ntu25",
            rate_hz=RATE_HZ,
            labels=edition.labels,
            terms=TERMS,
        )

    def files(self) -> tuple[Path, ...]:
        """The skeleton files by their names.

        Raises:
            ReadingError: Where there are none, or no list of those to leave out.
        """
        found = [path for path in self._directory.rglob(f"*{SUFFIX}") if self._is_of_edition(path)]
        if not found:
            raise ReadingError(
                f"{self._directory}: expected files S*{SUFFIX} of {self._edition.name} below it, "
                f"got none"
            )
        self._left_out = self._read_missing()
        return tuple(sorted(found, key=lambda path: path.name))

    def read(self, path: Path) -> PoseClip:
        """Reads one file into a clip of ``(T, 2, 25, 4)``; frames without a body stay empty.

        Raises:
            ReadingError: Where name or text are not those of the data set; LeftOutError where the
                owners' list names the sample.
        """
        if path.stem in self._left_out:
            raise LeftOutError(
                f"{path.name}: left out, as {self._left_out[path.stem]} lists it as incomplete"
            )
        sample = self._edition.sample(path.stem, path.name)
        frames, tracks = read_skeleton_text(path, JOINTS, dimensions=3)
        bodies = main_bodies(tracks, frames)
        keypoints = keypoints_of(bodies, seen(bodies))
        if not keypoints[..., 3].any():
            raise ReadingError(f"{path.name}: expected a joint in some frame, got none")
        return PoseClip(
            name=path.stem,
            keypoints=keypoints,
            times_ms=steady_times_ms(frames, RATE_HZ),
            subject=sample.subject,
            view=sample.camera,
            label=sample.action - 1,
            setup=sample.setup,
            splits=self._edition.splits(sample),
            execution=sample.execution,
        )

    def _is_of_edition(self, path: Path) -> bool:
        """Both editions lie in one folder for many users; a name that is none is read and named."""
        setup = path.name[1:4]
        return not setup.isdecimal() or 1 <= int(setup) <= self._edition.setups

    def _read_missing(self) -> dict[str, str]:
        """Name of each sample to leave out, and of the list that says so."""
        if self._missing is None:
            lists = sorted(self._directory.rglob("*samples_with_missing_skeletons*.txt"))
        else:
            lists = [self._missing]
        if not lists:
            raise ReadingError(
                f"{self._directory}: expected the owners' list of incomplete samples, such as "
                f"NTU_RGBD_samples_with_missing_skeletons.txt, below it or as --missing FILE "
                f"(/dev/null leaves nothing out)"
            )
        missing: dict[str, str] = {}
        for path in lists:
            lines = [line.strip() for line in read_lines(path)]
            named = [line for line in lines if line.startswith("S")]
            if any(lines) and not named:
                raise ReadingError(
                    f"{path.name}: expected names of samples, such as S001C002P005R008A008, a line "
                    f"each, got none in {len(lines)} lines"
                )
            missing |= {name.removesuffix(SUFFIX): path.name for name in named}
        return missing

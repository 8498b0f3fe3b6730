"""Recordings for precision: which of a store's calibrate, and which are labelled to compare."""

import argparse
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from export.clips import real_clips
from export.printing import followed
from export.recordings import CutRecording, chosen, cut
from model.pose.artifact import ArtifactSpec
from model.pose.store import PoseStore

WINDOWS = 256


@dataclass(frozen=True)
class Recordings:
    """Recordings of one store, in two parts.

    Attributes:
        store: where they lie.
        spec: of the artifact that they are cut for.
        calibrate: places of those that calibrate.
        test: places of those that are labelled.
        windows: how many windows calibrate.
        seed: of the choice of windows.
    """

    store: PoseStore
    spec: ArtifactSpec
    calibrate: tuple[int, ...]
    test: tuple[int, ...]
    windows: int
    seed: int

    def calibration(self) -> NDArray[np.float32]:
        """Windows (N, 3, T, V, M) of those that calibrate."""
        return real_clips(self.store, self.spec, self.windows, self.seed, self.calibrate)

    def cut(self) -> Iterable[CutRecording]:
        """Those that are labelled, cut one after another, with a bar."""
        recordings = cut(self.store, self.test, self.spec)
        return followed(recordings, "label", "recording", len(self.test))

    @property
    def said(self) -> str:
        """What was taken for what, for a person."""
        both = len(set(self.calibrate) & set(self.test))
        shared = f"; {both} are among both" if both else ""
        return (
            f"{self.store.data_set.name}: {self.windows} windows of {len(self.calibrate)} "
            f"recordings calibrate, {len(self.test)} recordings are labelled{shared}"
        )


def add_recordings(parser: argparse.ArgumentParser) -> None:
    """Adds the options that say which recordings are taken for what."""
    parser.add_argument(
        "--store", type=Path, required=True, help="what `python -m training prepare` wrote"
    )
    parser.add_argument(
        "--calibrate",
        metavar="SUBJECT",
        type=int,
        nargs="+",
        help="subjects whose windows calibrate: those that trained (default: all)",
    )
    parser.add_argument(
        "--test",
        metavar="SUBJECT",
        type=int,
        nargs="+",
        help="subjects whose recordings are labelled (default: those that do not calibrate)",
    )
    parser.add_argument(
        "--windows",
        metavar="N",
        type=_positive,
        default=WINDOWS,
        help="windows that calibrate (default %(default)s)",
    )
    parser.add_argument(
        "--recordings",
        metavar="N",
        type=_positive,
        help="label at most so many recordings, evenly spaced (default: all)",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the choice of windows (default 0)")


def recordings_of(options: argparse.Namespace, spec: ArtifactSpec) -> Recordings:
    """Returns the recordings that the options name.

    Raises:
        StoreError: there is no such store, or it lacks one of the subjects.
    """
    store = PoseStore(options.store)
    test = options.test
    if test is None and options.calibrate is not None:
        subjects = {entry.subject for entry in store.entries}
        test = sorted(subjects - set(options.calibrate)) or None
    return Recordings(
        store,
        spec,
        chosen(store, options.calibrate),
        chosen(store, test, options.recordings),
        options.windows,
        options.seed,
    )


def _positive(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, got {text!r}")
    return number

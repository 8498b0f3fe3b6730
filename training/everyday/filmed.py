"""Filmed people: recordings of real videos to learn from, seen a little differently each time.

A recording is played faster or slower, mirrored, turned, at another rate and now and then behind a
desk; its estimator's errors are its own. It knows no network and no store.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.pose.layout import Layout
from model.pose.mapping import layout_mapping
from model.pose.window import WindowSpec
from training.everyday.body import Parts
from training.everyday.clock import ClockRange, resampled
from training.everyday.estimator import BEHIND_A_DESK
from training.everyday.films import Film, FilmError
from training.everyday.footage import Footage
from training.everyday.picture_recording import PictureRecording
from training.everyday.sensor import Seen

SPEED = (0.8, 1.25)
ROLL_DEGREES = 8.0
DESK_SHARE = 0.25


@dataclass(frozen=True, eq=False)
class _Reel:
    times_ms: NDArray[np.float64]
    keypoints: NDArray[np.float32]
    size: tuple[int, int]
    labels: NDArray[np.int16]


class FilmedPeople:
    """The recordings of those films that may be learnt from.

    Attributes:
        names: The films'.
        digest: Of all that they show and are labelled: a run must not go on with other ones.
    """

    def __init__(
        self,
        recordings: Sequence[PictureRecording],
        films: Mapping[str, Film],
        skeleton: Layout,
        mirror: Sequence[int],
    ) -> None:
        """Takes the recordings; those of films that do not train are left aside.

        Args:
            recordings: Of videos, named after them.
            films: What each video shows.
            skeleton: Layout of what reads their windows.
            mirror: K classes: which one a mirrored picture of each shows.

        Raises:
            FilmError: A film that trains has no recording or a shorter one, or none trains.
        """
        self._skeleton, self._mirror = skeleton, mirror
        self._kinds = np.array(Parts(skeleton).kinds)
        named = {recording.name: recording for recording in recordings}
        self.names = tuple(name for name, film in films.items() if film.use == "train")
        if not self.names:
            raise FilmError("expected a film that may be learnt from, there is none")
        for name in self.names:
            if name not in named:
                raise FilmError(f"expected a recording of {name}, got {', '.join(named) or 'none'}")
        self._reels = [self._reel(named[name], films[name]) for name in self.names]
        content = hashlib.sha256()
        for reel in self._reels:
            for array in (reel.times_ms, reel.keypoints, reel.labels):
                content.update(np.ascontiguousarray(array).tobytes())
        self.digest = content.hexdigest()

    def see(self, timing: WindowSpec, generator: np.random.Generator) -> Footage:
        """Sees one of the recordings; the same state of the generator sees the same.

        Args:
            timing: Of the windows that will be cut.
            generator: What is random.
        """
        reel = self._reels[generator.integers(len(self._reels))]
        times_ms = reel.times_ms / np.exp(generator.uniform(*np.log(SPEED)))
        seen_ms = ClockRange().draw(times_ms, generator)
        rows, frames = resampled(times_ms, reel.keypoints, seen_ms)
        mirrored = bool(generator.random() < 0.5)
        if mirrored:
            rows = rows[:, list(self._skeleton.mirror)] * np.array([-1, 1, 1, 1], np.float32)
        rows[..., :2] = rows[..., :2] @ _turned(generator)
        if generator.random() < DESK_SHARE:
            rows[:, np.isin(self._kinds, BEHIND_A_DESK[generator.integers(2)])] = 0
        rows *= rows[..., 3:] > 0
        seen = Seen(seen_ms, rows, reel.size, mirrored, frames)
        return Footage.of(seen, reel.labels, self._mirror, timing)

    def _reel(self, recording: PictureRecording, film: Film) -> _Reel:
        ends_s = recording.times_ms[-1] / 1000
        if film.spans and film.spans[-1].begin_s > ends_s:
            raise FilmError(
                f"{recording.name}: expected a recording of {film.spans[-1].begin_s:g} s at least, "
                f"as its last span says, got {ends_s:.1f} s"
            )
        keypoints = layout_mapping(recording.layout, self._skeleton)(recording.keypoints)
        labels = film.labels(recording.times_ms)
        return _Reel(recording.times_ms, np.asarray(keypoints), recording.size, labels)


def _turned(generator: np.random.Generator) -> NDArray[np.float32]:
    """A small rotation ``(2, 2)`` in the picture: the camera's roll."""
    roll = np.radians(generator.uniform(-ROLL_DEGREES, ROLL_DEGREES))
    rotation = [[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]]
    return np.array(rotation, np.float32)

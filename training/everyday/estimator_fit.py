"""Measures a pose estimator's errors on recordings of real video, without ground truth.

What can be told from keypoints alone: how they tremble where a person is still, what scores they
have, how often people are missing, how often left and right change places at once. Lag, errors that
drift more slowly than a second and those of invented joints cannot. It knows no files.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter, uniform_filter1d

from model.pose.layout import Layout
from model.pose.mapping import layout_mapping
from model.pose.normalise import SHOULDERS_A_TORSO
from training.everyday.body import KINDS, Parts
from training.everyday.noise import Flags
from training.everyday.picture_recording import PictureRecording

AT_REST = (0.0, 0.1)
MOVING = (1.0, 2.0)
"""Speeds of joints in torsos a second, of their mean over a quarter of one."""
SPEED_SECONDS = 0.25
FOURTH = 4
"""The order of the differences that tell an error from a motion, which is smoother."""
WHITE = 70
"""How much larger the variance of the fourth differences is, where an error is white."""
WANDER_SECONDS = 1.0
SWAP_TORSOS = 0.15
"""A left and a right joint this far apart, level, that change sides from one frame to the next."""
EDGE_SHARE = 0.04
"""Width of a picture's edge over its shorter side."""
ZONES = ("inside", "edge", "outside")
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
DEVIATIONS_A_MEDIAN = 1.4826
"""The standard deviation of normal errors over the median of their sizes: outliers do not count."""


@dataclass(frozen=True)
class Measured:
    """What was measured on some recordings; NaN where nothing was there to measure.

    Attributes:
        frames: Frames in all.
        nobody: Share of them in which nobody was found.
        lost: Share of the joints of people found that are missing.
        outside: Share of the joints of people found that are outside of the picture.
        rest: By kind, the deviation along each axis of a white error of joints at rest, in torsos:
            of fourth differences, over √70.
        moving: The same of joints that move at `MOVING`.
        autocorrelation: By kind, that of the fourth differences at rest at a lag of one frame: -0.8
            where the error is white, more where it was smoothed.
        wander: By kind, the deviation of joints at rest from their mean of a second, in torsos; the
            person's own swaying is in it.
        swaps: By kind, sudden crossings of left and right, a minute.
        seen: By kind, the median score inside.
        scores: By zone, the scores at ``QUANTILES``.
    """

    frames: int
    nobody: float
    lost: float
    outside: float
    rest: Mapping[str, float]
    moving: Mapping[str, float]
    autocorrelation: Mapping[str, float]
    wander: Mapping[str, float]
    swaps: Mapping[str, float]
    seen: Mapping[str, float]
    scores: Mapping[str, tuple[float, ...]]


def measure(recordings: Sequence[PictureRecording], layout: Layout) -> Measured:
    """Measures recordings of one estimator together.

    Args:
        recordings: At least one.
        layout: To which all are mapped, such as body13.

    Raises:
        ValueError: Nobody is in any of them.
    """
    parts = Parts(layout)
    people = [_Person.of(recording, parts) for recording in recordings]
    frames = sum(len(person.present) for person in people)
    present = np.concatenate([person.present for person in people])
    there = present.any(axis=1)
    if not there.any():
        raise ValueError(f"expected people in the recordings, there are none in {frames} frames")
    scores = np.concatenate([person.scores for person in people])
    place = np.concatenate([person.to_edge for person in people])
    zones = (place >= EDGE_SHARE, (place >= 0) & (place < EDGE_SHARE), place < 0)
    rest = [person.trembles(AT_REST) for person in people]
    moving = [person.trembles(MOVING) for person in people]
    wanders = [person.wanders() for person in people]
    joints = {kind: np.flatnonzero(np.array(parts.kinds) == kind) for kind in KINDS}
    return Measured(
        frames=frames,
        nobody=float(1 - there.mean()),
        lost=float(1 - present[there].mean()),
        outside=float((present & zones[2]).sum() / present.sum()),
        rest={kind: _deviation(rest, at) / np.sqrt(WHITE) for kind, at in joints.items()},
        moving={kind: _deviation(moving, at) / np.sqrt(WHITE) for kind, at in joints.items()},
        autocorrelation={kind: _lag_one(rest, at) for kind, at in joints.items()},
        wander={kind: _deviation(wanders, at) for kind, at in joints.items()},
        swaps={kind: _swaps(people, at) for kind, at in joints.items() if len(at) == 2},
        seen={
            kind: _quantiles(scores[:, at][(present & zones[0])[:, at]], (0.5,))[0]
            for kind, at in joints.items()
        },
        scores={
            name: _quantiles(scores[present & zone], QUANTILES)
            for name, zone in zip(ZONES, zones, strict=True)
        },
    )


@dataclass(frozen=True, eq=False)
class _Person:
    """One person of a recording: points ``(F, V, 2)`` in torsos; the others are ``(F, V)``."""

    points: NDArray[np.float64]
    present: Flags
    scores: NDArray[np.float32]
    to_edge: NDArray[np.float64]
    rate_hz: float

    @classmethod
    def of(cls, recording: PictureRecording, parts: Parts) -> "_Person":
        rows = layout_mapping(recording.layout, parts.layout)(recording.keypoints)
        points = rows[..., :2].astype(np.float64)
        present = rows[..., 3] > 0
        within = np.minimum(points, np.array(recording.size) - points).min(axis=-1)
        steps_ms = np.diff(recording.times_ms)
        return cls(
            points=points / _torso(points, present, parts)[:, None, None],
            present=present,
            scores=rows[..., 3],
            to_edge=within / min(recording.size),
            rate_hz=1000 / float(np.median(steps_ms)) if len(steps_ms) else 1.0,
        )

    def frames(self, seconds: float) -> int:
        """The odd number of frames nearest to a time, three at least."""
        return max(3, 2 * round(seconds * self.rate_hz / 2) + 1)

    def at_speed(self, speeds: tuple[float, float], frames: int) -> Flags:
        """Which joints move so fast and are inside of the picture in so many frames about each."""
        inside = self.present & (self.to_edge >= EDGE_SHARE)
        throughout = uniform_filter1d(inside.astype(float), frames, axis=0, mode="constant")
        mean = uniform_filter1d(self.points, self.frames(SPEED_SECONDS), axis=0)
        speed = np.linalg.norm(np.gradient(mean, axis=0), axis=-1) * self.rate_hz
        found: Flags = (throughout > 0.999) & (speed >= speeds[0]) & (speed < speeds[1])
        return found

    def trembles(self, speeds: tuple[float, float]) -> NDArray[np.float64]:
        """Fourth differences ``(F, V, 2)`` of joints that move so fast, NaN elsewhere."""
        trembles = np.full_like(self.points, np.nan)
        if len(self.points) > FOURTH:
            trembles[FOURTH // 2 : -FOURTH // 2] = np.diff(self.points, n=FOURTH, axis=0)
            trembles[~self.at_speed(speeds, FOURTH + 1)] = np.nan
        return trembles

    def wanders(self) -> NDArray[np.float64]:
        """How far joints at rest ``(F, V, 2)`` are from their mean of a second, NaN elsewhere."""
        frames = self.frames(WANDER_SECONDS)
        wanders = self.points - uniform_filter1d(self.points, frames, axis=0)
        if len(self.points) > FOURTH:
            wanders[~self.at_speed(AT_REST, frames)] = np.nan
        return wanders


def _torso(points: NDArray[np.float64], present: Flags, parts: Parts) -> NDArray[np.float64]:
    """Length of the torso in pixels ``(F,)``, as `body-2d` finds it: the shoulders' stand for it.

    A median over 31 frames, since a person turns and bends.
    """
    shoulders, hips = points[:, parts.shoulders], points[:, parts.hips]
    torso = np.linalg.norm(shoulders.mean(axis=1) - hips.mean(axis=1), axis=-1)
    width = np.linalg.norm(shoulders[:, 0] - shoulders[:, 1], axis=-1) / SHOULDERS_A_TORSO
    whole = present[:, parts.shoulders + parts.hips].all(axis=1)
    length = np.maximum(torso, width)
    usual = float(np.median(length[whole])) if whole.any() else 1.0
    steady = median_filter(np.where(whole, length, usual), size=31)
    return np.maximum(steady, 1.0)


def _deviation(errors: Sequence[NDArray[np.float64]], joints: NDArray[np.int64]) -> float:
    """The robust standard deviation of the errors ``(F, V, 2)`` of some joints."""
    sizes = np.concatenate([np.abs(error[:, joints]).ravel() for error in errors])
    return DEVIATIONS_A_MEDIAN * _quantiles(sizes[np.isfinite(sizes)], (0.5,))[0]


def _lag_one(errors: Sequence[NDArray[np.float64]], joints: NDArray[np.int64]) -> float:
    """The autocorrelation at one frame of the errors of some joints, without outliers."""
    limit = 4 * _deviation(errors, joints)
    products, squares = 0.0, 0.0
    for error in errors:
        usual = np.where(np.abs(error[:, joints]) < limit, error[:, joints], np.nan)
        now, then = usual[:-1], usual[1:]
        both = np.isfinite(now) & np.isfinite(then)
        products += float((now[both] * then[both]).sum())
        squares += float((now[both] ** 2 + then[both] ** 2).sum()) / 2
    return products / squares if squares else float("nan")


def _swaps(people: Sequence[_Person], pair: NDArray[np.int64]) -> float:
    """Sudden crossings a minute in which both joints of a pair are found."""
    crossings, seconds = 0, 0.0
    for person in people:
        across = person.points[:, pair[0], 0] - person.points[:, pair[1], 0]
        both = person.present[:, pair].all(axis=1)
        apart = both & (np.abs(across) > SWAP_TORSOS)
        crossings += int((apart[1:] & apart[:-1] & (across[1:] * across[:-1] < 0)).sum())
        seconds += float(both.sum()) / person.rate_hz
    return 60 * crossings / seconds if seconds else float("nan")


def _quantiles(values: NDArray[np.floating], shares: tuple[float, ...]) -> tuple[float, ...]:
    if not len(values):
        return tuple(float("nan") for _ in shares)
    return tuple(float(value) for value in np.quantile(values, shares))

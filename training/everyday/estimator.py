"""A pose estimator with its errors: a picture's true joints in, what it would give out.

All is drawn from a generator and computed on whole streams. It knows one picture of one person at
given times, and neither cameras nor labels.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from training.everyday.body import Parts
from training.everyday.camera import Picture
from training.everyday.errors import EstimatorErrors, ScoreLevels
from training.everyday.noise import Flags, drifting, smoothed

LEAST_SCORE = 0.01
"""A joint that is there has at least this: with 0 it would be missing."""
BEHIND_A_DESK = (("knee", "ankle"), ("hip", "knee", "ankle"))
"""What a desk, or a picture that ends there, hides of a body."""
SPEED_MS = 250.0
"""The time over which a joint's speed is taken."""


class Estimator:
    """An estimator whose errors are drawn anew for each stream."""

    def __init__(self, errors: EstimatorErrors, parts: Parts) -> None:
        """Takes the errors, and the parts of the layout whose joints it gives."""
        self._errors = errors
        self._parts = parts
        self._rest = errors.rest.of(parts)
        self._moving = errors.moving.of(parts)
        self._seen = errors.scores.seen.of(parts)

    def read(
        self,
        picture: Picture,
        times_ms: NDArray[np.float64],
        generator: np.random.Generator,
    ) -> NDArray[np.float32]:
        """Gives what the estimator would.

        Args:
            picture: N frames of one person.
            times_ms: ``(N,)`` strictly increasing.
            generator: What is random.

        Returns:
            ``(N, V, 4)`` rows x, y, 0 in pixels and score; a joint that was missing stays so.
        """
        rows = picture.keypoints
        period_ms = (times_ms[-1] - times_ms[0]) / max(len(times_ms) - 1, 1) or 1.0
        outside, edge = _zones(rows, picture.size, self._errors.scores)
        invents = generator.random() < self._errors.invented_share
        found = self._found(rows[..., 3] > 0, outside, invents, times_ms, generator)
        points = self._points(picture, outside, times_ms, period_ms, generator)
        scores = self._scores(picture.hidden, outside, edge, times_ms, period_ms, generator)
        read = np.zeros_like(rows)
        read[..., :2] = points
        read[..., 3] = scores
        return read * found[..., None]

    def _found(
        self,
        present: Flags,
        outside: Flags,
        invents: bool,
        times_ms: NDArray[np.float64],
        generator: np.random.Generator,
    ) -> Flags:
        """Which joints ``(N, V)`` are given at all."""
        errors, joints = self._errors, present.shape[1]
        inside = (present & ~outside).sum(axis=1, keepdims=True)
        lost = errors.lost_joint.draw(times_ms, joints, generator)
        limbs = errors.lost_limb.draw(times_ms, len(self._parts.limbs), generator)
        for limb, struck in zip(self._parts.limbs, limbs.T, strict=True):
            lost[:, limb] |= struck[:, None]
        lost |= errors.lost_person.draw(times_ms, 1, generator)
        lost |= inside < errors.least_joints
        # Not drawn where it cannot be, so that streams without desks stay as they were.
        if errors.desk_share and generator.random() < errors.desk_share:
            lost |= np.isin(self._parts.kinds, BEHIND_A_DESK[generator.integers(2)])
        if errors.headless_share and generator.random() < errors.headless_share:
            lost |= np.isin(self._parts.kinds, ["head"])
        if errors.flickering_share and generator.random() < errors.flickering_share:
            share = np.exp(generator.uniform(*np.log(errors.flicker)))
            lost |= generator.random(lost.shape) < share
        return present & ~lost & (~outside | invents)

    def _points(
        self,
        picture: Picture,
        outside: Flags,
        times_ms: NDArray[np.float64],
        period_ms: float,
        generator: np.random.Generator,
    ) -> NDArray[np.float32]:
        """Where joints ``(N, V, 2)`` are given."""
        errors, rows = self._errors, picture.keypoints
        shape = (*rows.shape[:2], 2)
        lag_ms = generator.uniform(*errors.lag_ms)
        points = smoothed(rows[..., :2], rows[..., 3] > 0, lag_ms / period_ms)
        drift = drifting(shape, 1000 * errors.drift_seconds / period_ms, generator)
        off = generator.standard_normal(shape, np.float32) + errors.drift_factor * drift
        off *= self._deviation(picture, period_ms, generator)[..., None]
        off += outside[..., None] * np.float32(errors.invented_torsos) * drift
        struck = errors.outlier.draw(times_ms, shape[1], generator)
        astray = generator.standard_normal((int(struck.sum()), 2), np.float32)
        off[struck] += np.float32(errors.outlier_torsos) * astray
        points += off * picture.torso_pixels[:, None, None]
        return self._swapped(points, errors.swap.draw(times_ms, 2, generator))

    def _deviation(
        self, picture: Picture, period_ms: float, generator: np.random.Generator
    ) -> NDArray[np.float32]:
        """The standard deviation ``(N, V)`` of the white error, in torsos."""
        errors = self._errors
        rest, moving = (
            np.float32(np.exp(generator.uniform(*np.log(level))))
            for level in (errors.rest_level, errors.moving_level)
        )
        speed = np.maximum(_speed(picture, period_ms) - np.float32(errors.rest_speed), 0)
        share = speed / (speed + np.float32(errors.half_speed))
        deviation = rest * self._rest + moving * self._moving * share
        worse: NDArray[np.float32] = np.where(
            picture.hidden, np.float32(errors.hidden_factor) * deviation, deviation
        )
        return worse

    def _swapped(self, points: NDArray[np.float32], struck: Flags) -> NDArray[np.float32]:
        """Swaps left and right of arms and legs where they are struck ``(N, 2)``."""
        arms = np.isin(self._parts.kinds, ["shoulder", "elbow", "wrist"])
        legs = np.isin(self._parts.kinds, ["hip", "knee", "ankle"])
        swaps = (struck[:, :1] & arms) | (struck[:, 1:] & legs)
        mirror = list(self._parts.layout.mirror)
        swapped: NDArray[np.float32] = np.where(swaps[..., None], points[:, mirror], points)
        return swapped

    def _scores(
        self,
        hidden: Flags,
        outside: Flags,
        edge: Flags,
        times_ms: NDArray[np.float64],
        period_ms: float,
        generator: np.random.Generator,
    ) -> NDArray[np.float32]:
        """The scores ``(N, V)`` of joints that are given."""
        levels = self._errors.scores
        modesty = generator.uniform(0, levels.modesty)
        wrong = levels.wrong.draw(times_ms, hidden.shape[1], generator)
        drift = drifting(hidden.shape, 1000 * levels.spread_seconds / period_ms, generator)
        if generator.random() < levels.absent_share:
            return np.ones(hidden.shape, np.float32)
        medians = np.broadcast_to(self._seen, hidden.shape)
        for where, level in (
            (hidden, levels.hidden),
            (edge, levels.edge),
            (outside, levels.outside),
            (wrong, levels.wrong_level),
        ):
            medians = np.where(where, np.float32(level), medians)
        of_joint = generator.standard_normal(hidden.shape[1], np.float32)
        logits = np.log(medians / (1 - medians)) - np.float32(modesty)
        logits += np.float32(levels.joint_spread) * of_joint + np.float32(levels.spread) * drift
        scores: NDArray[Any] = 1 / (1 + np.exp(-logits))
        return np.maximum(scores.astype(np.float32, copy=False), np.float32(LEAST_SCORE))


def _speed(picture: Picture, period_ms: float) -> NDArray[np.float32]:
    """How fast joints ``(N, V)`` move in the picture, torsos a second over `SPEED_MS`."""
    frames = max(1, round(SPEED_MS / period_ms))
    rows = picture.keypoints
    steps = np.zeros_like(rows[..., :2])
    both = (rows[1:, :, 3] > 0) & (rows[:-1, :, 3] > 0)
    steps[1:] = (rows[1:, :, :2] - rows[:-1, :, :2]) * both[..., None]
    mean = uniform_filter1d(steps, frames, axis=0)
    a_second = np.float32(1000 / period_ms) / np.maximum(picture.torso_pixels, 1)
    speed = np.hypot(mean[..., 0], mean[..., 1]) * a_second[:, None]
    return np.asarray(speed, np.float32)


def _zones(
    rows: NDArray[np.float32], size: tuple[int, int], levels: ScoreLevels
) -> tuple[Flags, Flags]:
    """Which joints ``(N, V)`` lie outside of the picture, and which within its edge."""
    to_edge = np.minimum(rows[..., :2], np.array(size, np.float32) - rows[..., :2]).min(axis=-1)
    outside: Flags = to_edge < 0
    return outside, ~outside & (to_edge < levels.edge_share * min(size))

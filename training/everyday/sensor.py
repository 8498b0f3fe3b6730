"""A webcam and a pose estimator: recordings in space become the keypoints that these would give.

It puts the parts together, a clock, a camera and an estimator, and knows no labels: it says which
frame of the recording each of its frames is, and whether the picture is mirrored.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.pose.layout import Layout
from training.everyday.body import Floats, Parts, Stance
from training.everyday.camera import CameraRange
from training.everyday.clock import ClockRange, resampled
from training.everyday.errors import DEFAULT_ERRORS, EstimatorErrors
from training.everyday.estimator import Estimator


@dataclass(frozen=True, eq=False)
class Seen:
    """What came of a stream.

    Attributes:
        times_ms: ``(N,)`` strictly increasing, on the recording's clock.
        keypoints: ``(N, V, 4)`` rows x, y, 0 in pixels and score; a missing joint is all zeros.
        size: Width and height of the picture in pixels.
        mirrored: Whether the picture is mirrored: labels with a side have to change it.
        frames: ``(N,)`` the nearest frame of the recording, so that labels follow.
    """

    times_ms: NDArray[np.float64]
    keypoints: NDArray[np.float32]
    size: tuple[int, int]
    mirrored: bool
    frames: NDArray[np.int64]


class Sensor:
    """Sees each stream by another camera, clock and estimator."""

    def __init__(
        self,
        layout: Layout,
        cameras: CameraRange | None = None,
        clocks: ClockRange | None = None,
        errors: EstimatorErrors = DEFAULT_ERRORS,
    ) -> None:
        """Takes between which limits these are drawn.

        Args:
            layout: Of the joints that come in and go out, such as body13: map recordings to it
                first, in space.
            cameras: Where cameras are; None for the defaults.
            clocks: When frames are; None for the defaults.
            errors: How wrong the estimator is.

        Raises:
            ValueError: The layout has other joints than a body's, or lacks shoulders or hips.
        """
        self._parts = Parts(layout)
        self._cameras = cameras or CameraRange()
        self._clocks = clocks or ClockRange()
        self._estimator = Estimator(errors, self._parts)

    def see(
        self,
        times_ms: NDArray[np.float64],
        keypoints: Floats,
        generator: np.random.Generator,
    ) -> Seen:
        """Sees one person's stream.

        Args:
            times_ms: ``(F,)`` strictly increasing.
            keypoints: ``(F, V, 4)`` rows x, y, z in metres, right-handed with y up, and score.
            generator: What is random; the same state sees the same.

        Raises:
            ValueError: No frame has both shoulders and both hips.
        """
        camera = self._cameras.draw(Stance.of(keypoints, self._parts), generator)
        seen_ms = self._clocks.draw(times_ms, generator)
        rows, frames = resampled(times_ms, keypoints, seen_ms)
        picture = camera.take(rows, self._parts)
        read = self._estimator.read(picture, seen_ms, generator)
        return Seen(seen_ms, read, picture.size, picture.mirrored, frames)

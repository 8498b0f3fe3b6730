"""The pose estimator: pictures of one stream in, people's keypoints out.

MediaPipe's PoseLandmarker in video mode, which carries what it saw from one picture to the next;
so a stream has an estimator of its own. Who a person is from picture to picture is
`service.tracker`'s. Knows no socket and no process.
"""

import os
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from service.image import Picture
from service.pose_model import PoseModelError, variant_of

Keypoints = NDArray[np.float32]

LAYOUT = "blazepose33"

LONGEST_STEP_MS = 10_000
"""What lies further apart is told to MediaPipe as so far apart, else its clock could overflow."""


class PoseEstimator(Protocol):
    """What finds people in the pictures of one stream."""

    def estimate(self, picture: Picture, t_ms: float) -> list[Keypoints]:
        """Finds the people of the next picture.

        Args:
            picture: (height, width, 3), red, green, blue.
            t_ms: its time, later than that of the picture before.

        Returns:
            (33, 3) rows x, y, score for each person, in the picture's pixels.
        """
        ...

    def close(self) -> None:
        """Lets go of the networks."""
        ...


class StreamClock:
    """Times of a client as MediaPipe wants them: whole milliseconds from 0 that strictly rise."""

    def __init__(self) -> None:
        self._last_ms: float | None = None
        self._stamp = 0

    def stamp(self, t_ms: float) -> int:
        """Returns the stamp of the next picture, whatever its time."""
        if self._last_ms is not None:
            step_ms = min(t_ms - self._last_ms, LONGEST_STEP_MS)
            self._stamp += max(1, round(step_ms))
        self._last_ms = t_ms
        return self._stamp


class MediaPipeEstimator:
    """BlazePose by MediaPipe Tasks, for one stream.

    Args:
        model: the `.task` file that `service.pose_model` makes.
        people: the most people to look for. One is followed and smoothed from picture to picture;
            more are looked for anew, unsmoothed.
    """

    def __init__(self, model: Path, people: int) -> None:
        # matplotlib, which MediaPipe imports, may not write to a home directory that is not there.
        os.environ.setdefault("MPLBACKEND", "agg")
        self._mediapipe: Any = import_module("mediapipe")
        vision: Any = import_module("mediapipe.tasks.python.vision")
        tasks: Any = import_module("mediapipe.tasks.python")
        self._landmarker = vision.PoseLandmarker.create_from_options(
            vision.PoseLandmarkerOptions(
                base_options=tasks.BaseOptions(model_asset_path=str(model)),
                running_mode=vision.RunningMode.VIDEO,
                num_poses=people,
            )
        )
        self._clock = StreamClock()

    def estimate(self, picture: Picture, t_ms: float) -> list[Keypoints]:
        """Finds the people of the next picture: (33, 3) x, y in pixels, and visibility."""
        image = self._mediapipe.Image(
            image_format=self._mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(picture)
        )
        found = self._landmarker.detect_for_video(image, self._clock.stamp(t_ms))
        height, width = picture.shape[:2]
        return [
            np.array([(at.x * width, at.y * height, at.visibility) for at in person], np.float32)
            for person in found.pose_landmarks
        ]

    def close(self) -> None:
        """Lets go of the networks."""
        self._landmarker.close()


def available(model: Path) -> str | None:
    """Returns why poses cannot be estimated here, in one sentence, or None where they can.

    Args:
        model: the `.task` file.
    """
    missing = [name for name in ("mediapipe", "cv2") if find_spec(name) is None]
    if missing:
        return (
            f"images need {' and '.join(missing)}, not installed here: install posewire with its "
            "extra `images`"
        )
    try:
        variant_of(model)
    except PoseModelError as error:
        return f"images need a pose model, and {error}"
    return None

"""Poses found in pictures on this side of the wire, by MediaPipe, where pictures should not travel.

Who is who is left to the server: the people of a frame go without ids.
"""

from importlib import import_module
from pathlib import Path
from typing import Any

from posewire_client.errors import CameraError

LAYOUT = "blazepose33"


class PoseFinder:
    """BlazePose over the pictures of one camera.

    Args:
        model: A pose landmarker's `.task` file; `python -m service pose-model` makes one.
        people: The most people to look for.

    Raises:
        CameraError: MediaPipe is not installed, or cannot use the file.
    """

    def __init__(self, model: Path, people: int) -> None:
        try:
            self._mediapipe: Any = import_module("mediapipe")
            vision: Any = import_module("mediapipe.tasks.python.vision")
            tasks: Any = import_module("mediapipe.tasks.python")
        except ImportError as error:
            raise CameraError(
                f"poses in pictures need MediaPipe, which is not installed ({error}): "
                "from a clone of posewire, pip install './clients/python[pose]'"
            ) from None
        if not model.is_file():
            raise CameraError(f"there is no pose model {model}")
        options = vision.PoseLandmarkerOptions(
            base_options=tasks.BaseOptions(model_asset_path=str(model)),
            running_mode=vision.RunningMode.VIDEO,
            num_poses=people,
        )
        try:
            self._landmarker = vision.PoseLandmarker.create_from_options(options)
        except (RuntimeError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise CameraError(f"{model} is no pose model that can be used: {reason}") from None
        self._stamp_ms = -1

    def find(self, pixels: Any, t_ms: float) -> list[list[list[float]]]:
        """Find the people of the next picture.

        Args:
            pixels: (height, width, 3), blue, green, red.
            t_ms: Its time, later than that of the one before.

        Returns:
            For each person 33 rows x, y in pixels, and visibility.
        """
        # MediaPipe wants whole milliseconds that rise.
        self._stamp_ms = max(self._stamp_ms + 1, int(t_ms))
        image = self._mediapipe.Image(
            image_format=self._mediapipe.ImageFormat.SRGB, data=pixels[..., ::-1].copy()
        )
        found = self._landmarker.detect_for_video(image, self._stamp_ms)
        height, width = pixels.shape[:2]
        return [
            [[at.x * width, at.y * height, at.visibility] for at in person]
            for person in found.pose_landmarks
        ]

    def close(self) -> None:
        """Let the networks go."""
        self._landmarker.close()

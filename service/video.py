"""Videos: the pictures of a file, each at the file's own time."""

import math
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from service.image import Picture

SLOWEST_HZ, FASTEST_HZ = 0.1, 1000.0
"""A rate beyond these is a guess of a broken file."""

USUAL_HZ = 30.0


class VideoError(ValueError):
    """A file is no video that can be read; the message is one sentence."""


class Video:
    """A video file, read once from its start; a context manager and an iterator.

    Args:
        path: the file.

    Attributes:
        size: (width, height) of its pictures, pixels.
        frames: how many pictures it says it has, 0 where it does not say.

    Raises:
        VideoError: there is no such file, or it is no video, or OpenCV is not installed.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise VideoError(f"there is no video {path}")
        self._path = path
        self._cv2 = _opencv()
        self._capture = self._cv2.VideoCapture(str(path), self._cv2.CAP_FFMPEG)
        self.size = (
            int(self._capture.get(self._cv2.CAP_PROP_FRAME_WIDTH)),
            int(self._capture.get(self._cv2.CAP_PROP_FRAME_HEIGHT)),
        )
        if not self._capture.isOpened() or not all(self.size):
            self._capture.release()
            raise VideoError(f"{path} is not a video that can be read")
        self.frames = max(0, int(self._capture.get(self._cv2.CAP_PROP_FRAME_COUNT)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._capture.release()

    def __iter__(self) -> Iterator[tuple[float, Picture]]:
        """Yields (time in ms, picture), times strictly rising from picture to picture.

        Raises:
            VideoError: not one picture can be read.
        """
        hz = self._capture.get(self._cv2.CAP_PROP_FPS)
        step_ms = 1000 / (hz if SLOWEST_HZ <= hz <= FASTEST_HZ else USUAL_HZ)
        last_ms = -math.inf
        while True:
            came, picture = self._capture.read()
            if not came:
                break
            t_ms = self._capture.get(self._cv2.CAP_PROP_POS_MSEC)
            # A file without times of its own has its rate.
            if not t_ms > last_ms:
                t_ms = 0.0 if last_ms == -math.inf else last_ms + step_ms
            last_ms = t_ms
            yield round(t_ms, 3), self._cv2.cvtColor(picture, self._cv2.COLOR_BGR2RGB)
        if last_ms == -math.inf:
            raise VideoError(f"no picture of {self._path} can be read")


def _opencv() -> Any:
    try:
        return import_module("cv2")
    except ImportError as error:
        raise VideoError(
            f"a video is read with OpenCV, which is not installed ({error}); install posewire "
            "with its extra `images`"
        ) from None

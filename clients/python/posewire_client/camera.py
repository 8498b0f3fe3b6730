"""Pictures of a camera, a video file or a network address, in time, by OpenCV (extra `camera`).

What is done with them is for others: they are sent as JPEG, or poses are found in them here.
"""

import math
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from posewire_client.errors import CameraError

VIDEO_SUFFIXES = frozenset(
    {".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".ts", ".webm", ".wmv"}
)
ADDRESSES = ("rtsp://", "rtsps://", "rtmp://", "http://", "https://", "udp://")

JPEG_QUALITY = 85
"""Percent; joints found in pictures of this quality are where they are in the original."""

_USUAL_STEP_MS = 1000 / 30


class Picture(NamedTuple):
    """One picture as OpenCV has it: (height, width, 3), blue, green, red; and its time in ms."""

    t_ms: float
    pixels: Any


def is_camera(source: str) -> bool:
    """Whether a source is pictures: a camera's number, an address, or a video file by its name."""
    return (
        source.isdecimal()
        or source.lower().startswith(ADDRESSES)
        or Path(source).suffix.lower() in VIDEO_SUFFIXES
    )


class Camera:
    """An open source of pictures; a context manager and an iterator.

    A video file has its own times, all else is live and has the time since it was opened.

    Args:
        source: The number of a camera, an address, or the path of a video file.

    Attributes:
        live: Whether pictures come when they come.
        size: Width and height of the pictures, pixels.
        fraction_read: How far a file has been read, 0 to 1.

    Raises:
        CameraError: There is no such source, it gives no picture, or OpenCV is not installed.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self._cv2 = _opencv()
        self.live = source.isdecimal() or source.lower().startswith(ADDRESSES)
        if not self.live and not Path(source).is_file():
            raise CameraError(f"there is no video {source}")
        self._capture = self._cv2.VideoCapture(int(source) if source.isdecimal() else source)
        came, self._first = self._capture.read()
        if not came:
            self._capture.release()
            kind = "the camera" if self.live else "the video"
            raise CameraError(f"{kind} {source} gives no picture")
        height, width = self._first.shape[:2]
        self.size = (width, height)
        self.fraction_read = 0.0

    def __enter__(self) -> Self:
        """Open already."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let the device or file go."""
        self._capture.release()

    def __iter__(self) -> Iterator[Picture]:
        """Yield pictures, each later than the one before, until the file or the camera ends."""
        started_s = time.monotonic()
        count = max(1.0, self._capture.get(self._cv2.CAP_PROP_FRAME_COUNT))
        last_ms = -math.inf
        pixels, read = self._first, 1
        while pixels is not None:
            t_ms = (time.monotonic() - started_s) * 1000 if self.live else self._position_ms()
            if not t_ms > last_ms:
                t_ms = 0.0 if last_ms == -math.inf else last_ms + _USUAL_STEP_MS
            last_ms = t_ms
            self.fraction_read = 0.0 if self.live else min(1.0, read / count)
            yield Picture(round(t_ms, 3), pixels)
            came, pixels = self._capture.read()
            pixels, read = (pixels if came else None), read + 1

    def jpeg(self, pixels: Any) -> bytes:
        """Give a picture as JPEG."""
        quality = (self._cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY)
        _, data = self._cv2.imencode(".jpg", pixels, quality)
        return bytes(data.tobytes())

    def _position_ms(self) -> float:
        position_ms: float = self._capture.get(self._cv2.CAP_PROP_POS_MSEC)
        return position_ms


def _opencv() -> Any:
    try:
        return import_module("cv2")
    except ImportError as error:
        raise CameraError(
            f"pictures need OpenCV, which is not installed ({error}): "
            "pip install 'posewire-client[camera]'"
        ) from None

"""Pictures of a camera, a video file or a network address, in time, by OpenCV (extra `camera`).

What is done with them is for others: they are sent as JPEG, or poses are found in them here.
"""

import math
import os.path
import threading
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from posewire_client.errors import CameraError
from posewire_client.reconnect import DEFAULT_RECONNECT, Reconnect

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

    A video file has its own times, all else is live and has the time since it was opened. What is
    live and falls silent is opened again, with pictures of the same size; its time goes on.

    Args:
        source: The number of a camera, an address, or the path of a video file.
        reconnect: How long to try to open a live source again.

    Attributes:
        live: Whether pictures come when they come.
        size: Width and height of the pictures, pixels.
        fraction_read: How far a file has been read, 0 to 1.

    Raises:
        CameraError: There is no such source, it gives no picture, or OpenCV is not installed.
    """

    def __init__(self, source: str, *, reconnect: Reconnect = DEFAULT_RECONNECT) -> None:
        self._source = source
        self._reconnect = reconnect
        self._closed = threading.Event()
        # Pictures are read in another thread than the one that closes.
        self._using = threading.Lock()
        self._cv2 = _opencv()
        self.live = source.isdecimal() or source.lower().startswith(ADDRESSES)
        # A folder that may not be looked into is no reason for a traceback, as it is for Path's.
        if not self.live and not os.path.isfile(source):
            raise CameraError(f"there is no video {source}")
        self._kind = "camera" if self.live else "video"
        self._capture = self._opened()
        self._first = self._read()
        if self._first is None:
            self._capture.release()
            raise CameraError(f"the {self._kind} {source} gives no picture")
        self._frames = self._capture.get(self._cv2.CAP_PROP_FRAME_COUNT)
        self.size = _size(self._first)
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
        """Let the device or file go; whoever waits for it waits no longer."""
        self._closed.set()
        with self._using:
            self._capture.release()

    def __iter__(self) -> Iterator[Picture]:
        """Yield pictures, each later than the one before, until the file or the camera ends.

        Raises:
            CameraError: A live source gives no picture any more, or pictures of another size.
        """
        started_s = time.monotonic()
        count = max(1.0, self._frames)
        last_ms = -math.inf
        pixels, read = self._first, 1
        while pixels is not None:
            t_ms = (time.monotonic() - started_s) * 1000 if self.live else self._position_ms()
            if not t_ms > last_ms:
                t_ms = 0.0 if last_ms == -math.inf else last_ms + _USUAL_STEP_MS
            last_ms = t_ms
            self.fraction_read = 0.0 if self.live else min(1.0, read / count)
            yield Picture(round(t_ms, 3), pixels)
            pixels, read = self._following(), read + 1

    def jpeg(self, pixels: Any) -> bytes:
        """Give a picture as JPEG."""
        quality = (self._cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY)
        _, data = self._cv2.imencode(".jpg", pixels, quality)
        return bytes(data.tobytes())

    def _opened(self) -> Any:
        source = self._source
        try:
            return self._cv2.VideoCapture(int(source) if source.isdecimal() else source)
        # Of a number that is beyond a C int, or so long that Python does not read it.
        except (self._cv2.error, ValueError):
            raise CameraError(f"the {self._kind} {source} cannot be opened") from None

    def _read(self) -> Any:
        with self._using:
            came, pixels = self._capture.read()
        return pixels if came else None

    def _following(self) -> Any:
        pixels = self._read()
        # A video behind an address has a length, and an end.
        if pixels is not None or not self.live or self._frames > 0:
            return pixels
        return self._reopened()

    def _reopened(self) -> Any:
        for delay_s in self._reconnect.delays_s():
            with self._using:
                self._capture.release()
            self._closed.wait(delay_s)
            with self._using:
                if self._closed.is_set():
                    return None
                self._capture = self._opened()
            pixels = self._read()
            if pixels is not None:
                self._check_size(pixels)
                return pixels
        raise CameraError(
            f"the camera {self._source} gives no picture any more, after "
            f"{self._reconnect.attempts} attempts to open it again"
        )

    def _check_size(self, pixels: Any) -> None:
        if _size(pixels) != self.size:
            before, now = ("×".join(map(str, size)) for size in (self.size, _size(pixels)))
            raise CameraError(
                f"the camera {self._source} gave pictures of {before}, and {now} since it was "
                "opened again; start anew"
            )

    def _position_ms(self) -> float:
        position_ms: float = self._capture.get(self._cv2.CAP_PROP_POS_MSEC)
        return position_ms


def _size(pixels: Any) -> tuple[int, int]:
    height, width = pixels.shape[:2]
    return (width, height)


def _opencv() -> Any:
    try:
        return import_module("cv2")
    except ImportError as error:
        raise CameraError(
            f"pictures need OpenCV, which is not installed ({error}): "
            "from a clone of posewire, pip install './clients/python[camera]'"
        ) from None

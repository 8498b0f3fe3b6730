"""Films: parts of videos, one after the other, as raw frames, which Chromium takes for a webcam.

Chromium plays a film round and round. This module knows no browser.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Scene:
    """A part of a video.

    Attributes:
        video: the file.
        seconds: how long it lasts; less where the video ends before.
        start_s: where in the video it begins.
    """

    video: Path
    seconds: float
    start_s: float = 0.0


def write_film(
    scenes: Sequence[Scene],
    out: Path,
    rate_hz: int = 30,
    size: tuple[int, int] = (640, 480),
) -> Path:
    """Writes scenes as a .y4m file, each at its own pace, and returns its path.

    Args:
        scenes: in their order.
        out: the file.
        rate_hz: frames a second of the film.
        size: (width, height) of its pictures, both even; another aspect is stretched.

    Raises:
        ValueError: a video cannot be read.
    """
    with out.open("wb") as file:
        file.write(b"YUV4MPEG2 W%d H%d F%d:1 Ip A1:1 C420\n" % (*size, rate_hz))
        for scene in scenes:
            for picture in _pictures(scene, rate_hz):
                planes = cv2.cvtColor(cv2.resize(picture, size), cv2.COLOR_BGR2YUV_I420)
                file.write(b"FRAME\n" + planes.tobytes())
    return out


def _pictures(scene: Scene, rate_hz: int) -> Iterator[Picture]:
    """The picture of each moment of a scene, so often a second."""
    capture = cv2.VideoCapture(str(scene.video))
    try:
        own_hz = capture.get(cv2.CAP_PROP_FPS) or rate_hz
        number, picture = -1, None
        for moment in range(round(scene.seconds * rate_hz)):
            # A thousandth of a picture more, for what rounding takes away.
            wanted = int((scene.start_s + moment / rate_hz) * own_hz + 1e-3)
            while number < wanted:
                seen, picture = capture.read()
                if not seen:
                    if number < 0:
                        raise ValueError(f"{scene.video}: expected a video, got nothing to see")
                    return
                number += 1
            assert picture is not None
            yield np.asarray(picture, np.uint8)
    finally:
        capture.release()

"""A pose worker whose estimator needs no MediaPipe, and does what the picture's colour orders.

A dark picture has one person in it, whose joints tell the picture's mean brightness, its time, and
how many pictures this estimator has seen. A red one kills the process as native code would, a blue
one hangs it, a green one takes a while.
"""

import os
import sys
import time
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from service.image import Picture
from service.pose_worker import serve, take_over_pipes

MOST_PIXELS = 10_000
SLOW_S = 0.15

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


class ObedientEstimator:
    """Keeps count of its pictures, as a stream's own estimator does."""

    def __init__(self) -> None:
        self._count = 0

    def estimate(self, picture: Picture, t_ms: float) -> list[NDArray[np.float32]]:
        red, green, blue = (picture.reshape(-1, 3).mean(axis=0) > 200).tolist()
        if red:
            os.abort()
        if blue:
            time.sleep(60)
        if green:
            time.sleep(SLOW_S)
        self._count += 1
        return [np.full((33, 3), [picture.mean(), t_ms, self._count], np.float32)]

    def close(self) -> None:
        self._count = 0


def picture(colour: tuple[int, int, int] = (20, 20, 20), form: str = ".png") -> bytes:
    """The bytes of a picture of one colour: red, green, blue."""
    pixels = np.full((30, 40, 3), colour[::-1], np.uint8)
    _, data = cv2.imencode(form, pixels)
    coded: Any = data
    return bytes(coded.tobytes())


if __name__ == "__main__":
    serve(*take_over_pipes(), lambda people: ObedientEstimator(), MOST_PIXELS)
    sys.exit()

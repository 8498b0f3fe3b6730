"""A video as the raw frames that Chromium takes for a webcam's."""

from pathlib import Path

import cv2


def write_y4m(video: Path, out: Path, seconds: float, width: int = 640) -> Path:
    """Writes the beginning of a video as a .y4m file, which Chromium plays round and round."""
    capture = cv2.VideoCapture(str(video))
    rate = round(capture.get(cv2.CAP_PROP_FPS)) or 30
    high = capture.get(cv2.CAP_PROP_FRAME_HEIGHT) / capture.get(cv2.CAP_PROP_FRAME_WIDTH)
    size = (width, round(width * high / 2) * 2)
    with out.open("wb") as file:
        file.write(b"YUV4MPEG2 W%d H%d F%d:1 Ip A1:1 C420\n" % (*size, rate))
        for _ in range(round(seconds * rate)):
            seen, picture = capture.read()
            if not seen:
                break
            small = cv2.resize(picture, size)
            file.write(b"FRAME\n" + cv2.cvtColor(small, cv2.COLOR_BGR2YUV_I420).tobytes())
    capture.release()
    return out

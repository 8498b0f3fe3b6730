"""Pictures as they come over the wire: what their header says, checked before anything is decoded.

JPEG, PNG and WebP. A few hundred bytes can claim to be a picture of gigabytes; so size and
completeness are read from the bytes themselves, here, without a decoder.
"""

import re
import struct
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
"""(height, width, 3), red, green, blue."""

_PNG = b"\x89PNG\r\n\x1a\n"
_SIZES_OF_JPEG = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of a JPEG's frame header, which holds its size."""

MOST_SEGMENTS = 512
"""Of a JPEG before its size: colour profiles and descriptions take some dozens."""

_FILL = re.compile(rb"\xff+")
_BARE_OF_JPEG = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers without a segment."""


class ImageError(ValueError):
    """Bytes are no picture that is taken; the message is one sentence."""


@dataclass(frozen=True)
class Header:
    """What a picture says of itself.

    Attributes:
        form: `JPEG`, `PNG` or `WebP`.
        width: pixels.
        height: pixels.
    """

    form: str
    width: int
    height: int


def check_image(data: bytes, most_pixels: int) -> Header:
    """Returns a picture's header if it may be decoded.

    Raises:
        ImageError: the bytes are none of the three forms, are cut off, or the picture is empty or
            has more than `most_pixels`.
    """
    header = read_header(data)
    if not header.width or not header.height:
        raise ImageError(
            f"a picture has at least one pixel, this {header.form} is "
            f"{header.width}×{header.height}"
        )
    if header.width * header.height > most_pixels:
        raise ImageError(
            f"a picture has at most {most_pixels} pixels, this {header.form} is "
            f"{header.width}×{header.height}"
        )
    return header


def read_header(data: bytes) -> Header:
    """Returns what the bytes of a picture say of it, however large.

    Raises:
        ImageError: they are none of the three forms, or are cut off.
    """
    try:
        if data.startswith(b"\xff\xd8"):
            header, whole = _jpeg(data)
        elif data.startswith(_PNG):
            header, whole = _png(data)
        elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            header, whole = _webp(data)
        else:
            raise ImageError(f"a picture is JPEG, PNG or WebP; these {len(data)} bytes are none")
    except (struct.error, IndexError):
        raise ImageError(f"a picture is cut off after {len(data)} bytes, in its header") from None
    if not whole:
        raise ImageError(f"a {header.form} is cut off after {len(data)} bytes")
    return header


def decode_image(data: bytes, most_pixels: int) -> Picture:
    """Returns a picture, upright as its EXIF says.

    Args:
        data: its bytes, JPEG, PNG or WebP.
        most_pixels: that it may have.

    Raises:
        ImageError: it is not taken, or cannot be decoded.
    """
    header = check_image(data, most_pixels)
    cv2: Any = import_module("cv2")
    try:
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
    except cv2.error:
        picture = None
    if picture is None:
        raise ImageError(f"a {header.form} of {len(data)} bytes cannot be decoded")
    decoded: Picture = picture
    return decoded


def _jpeg(data: bytes) -> tuple[Header, bool]:
    """Walks the segments to the frame header. Cameras may pad the end with zeros."""
    place = 2
    for _ in range(MOST_SEGMENTS):
        filled = _FILL.search(data, place)
        if filled is None:
            raise IndexError(place)
        place = filled.end()
        marker = data[place]
        place += 1
        if marker in _BARE_OF_JPEG:
            continue
        if marker in (0xD9, 0xDA):
            raise ImageError("a JPEG says its size before its content, this one does not")
        if marker in _SIZES_OF_JPEG:
            height, width = struct.unpack_from(">HH", data, place + 3)
            return Header("JPEG", width, height), data.rstrip(b"\0").endswith(b"\xff\xd9")
        place += max(2, struct.unpack_from(">H", data, place)[0])
    raise ImageError(f"a JPEG has at most {MOST_SEGMENTS} segments before its header says its size")


def _png(data: bytes) -> tuple[Header, bool]:
    kind, width, height = struct.unpack_from(">4sII", data, 12)
    if kind != b"IHDR":
        raise ImageError("a PNG begins with its header, this one does not")
    return Header("PNG", width, height), b"IEND" in data[-64:]


def _webp(data: bytes) -> tuple[Header, bool]:
    """Reads the first chunk: an extended header, a lossless picture or a lossy one."""
    length, kind = struct.unpack_from("<I", data, 4)[0], data[12:16]
    if kind == b"VP8X":
        flags, sides = data[20], data[24:30]
        if flags & 0x02:
            raise ImageError("a WebP is one picture, this one is an animation")
        width = 1 + int.from_bytes(sides[:3], "little")
        height = 1 + int.from_bytes(sides[3:6], "little")
    elif kind == b"VP8L":
        bits = struct.unpack_from("<I", data, 21)[0]
        width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    elif kind == b"VP8 ":
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, 26))
    else:
        raise ImageError("a WebP begins with its header, this one does not")
    return Header("WebP", width, height), len(data) >= length + 8

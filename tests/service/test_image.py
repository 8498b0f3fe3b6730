"""Pictures of strangers: their size is known before a decoder sees them; all else is refused."""

import struct
import time
import zlib
from importlib.metadata import distributions
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.image import Header, ImageError, check_image, decode_image, read_header

cv2: Any = pytest.importorskip("cv2", reason="OpenCV is not installed")

WIDTH, HEIGHT = 37, 23
MOST = 4096 * 2304
PIXELS = np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)


def encoded(form: str, *options: int) -> bytes:
    _, data = cv2.imencode(form, PIXELS, options)
    return bytes(data.tobytes())


PICTURES = {
    "baseline": encoded(".jpg"),
    "progressive": encoded(".jpg", cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
    "restarts": encoded(".jpg", cv2.IMWRITE_JPEG_RST_INTERVAL, 1),
    "png": encoded(".png"),
    "lossy": encoded(".webp", cv2.IMWRITE_WEBP_QUALITY, 80),
    "lossless": encoded(".webp", cv2.IMWRITE_WEBP_QUALITY, 101),
}
FORMS = {"png": "PNG", "lossy": "WebP", "lossless": "WebP"}


def png_of(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims to be of that size, with all its checksums right."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def test_there_is_one_opencv() -> None:
    """Its builds overwrite one another's files: an environment has exactly one of them."""
    names = {str(one.metadata["Name"]).lower() for one in distributions()}
    assert len({name for name in names if name.startswith("opencv-")}) == 1


@pytest.mark.parametrize("kind", PICTURES)
def test_the_header_says_what_the_decoder_finds(kind: str) -> None:
    """Form and size are read without a decoder, and agree with it."""
    assert read_header(PICTURES[kind]) == Header(FORMS.get(kind, "JPEG"), WIDTH, HEIGHT)
    decoded = decode_image(PICTURES[kind], MOST)
    assert decoded.shape == (HEIGHT, WIDTH, 3)
    if kind in ("png", "lossless"):
        np.testing.assert_array_equal(decoded, PIXELS[..., ::-1])


@pytest.mark.parametrize("kind", PICTURES)
def test_a_picture_that_is_cut_off_is_refused_wherever_that_is(kind: str) -> None:
    """No beginning of a picture passes for one."""
    whole = PICTURES[kind]
    for length in range(0, len(whole) - 1, 7):
        with pytest.raises(ImageError, match=r"cut off|is JPEG, PNG or WebP|header"):
            check_image(whole[:length], MOST)


def test_a_bomb_is_refused_by_its_header() -> None:
    """Seventy bytes that claim 50000×50000 pixels are refused; just as many as allowed are not."""
    with pytest.raises(ImageError, match="at most 9437184 pixels, this PNG is 50000×50000"):
        check_image(png_of(50_000, 50_000), MOST)
    assert check_image(png_of(4096, 2304), MOST).width == 4096
    with pytest.raises(ImageError, match="at least one pixel, this PNG is 0×7"):
        check_image(png_of(0, 7), MOST)
    with pytest.raises(ImageError, match="cannot be decoded"):
        decode_image(png_of(30, 30)[:-24] + b"rubbish" + b"IEND\xae\x42\x60\x82", MOST)


def test_an_animation_and_other_forms_are_refused() -> None:
    """What is none of the three, or moves, is named."""
    extended = b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0" + bytes(6)
    with pytest.raises(ImageError, match="an animation"):
        check_image(extended, MOST)
    for other in (b"", b"GIF89a" + bytes(40), b"BM" + bytes(60), b"\x00" * 100):
        with pytest.raises(ImageError, match="is JPEG, PNG or WebP"):
            check_image(other, MOST)


def test_zeros_after_the_end_are_what_cameras_do() -> None:
    """A JPEG padded to a buffer's size is whole."""
    assert decode_image(PICTURES["baseline"] + bytes(100), MOST).shape == (HEIGHT, WIDTH, 3)


@given(
    kind=st.sampled_from(sorted(PICTURES)),
    damage=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=8),
)
def test_damaged_pictures_are_pictures_or_a_sentence(
    kind: str, damage: list[tuple[float, int]]
) -> None:
    """Whatever bytes change, there is a picture of at most the pixels allowed, or `ImageError`."""
    spoilt = bytearray(PICTURES[kind])
    for place, value in damage:
        spoilt[int(place * len(spoilt))] = value
    try:
        picture = decode_image(bytes(spoilt), 100_000)
    except ImageError:
        return
    assert picture.shape[0] * picture.shape[1] <= 100_000


@given(st.binary(max_size=200), st.sampled_from([b"", b"\xff\xd8", b"\x89PNG\r\n\x1a\n", b"RIFF"]))
def test_bytes_of_any_kind_never_raise_anything_else(tail: bytes, head: bytes) -> None:
    """The header's reader says a header or a sentence of whatever comes."""
    try:
        header = read_header(head + tail)
    except ImageError:
        return
    assert header.form in ("JPEG", "PNG", "WebP")


@pytest.mark.parametrize("filling", [b"\xff\xe0\x00\x02", b"\xff\xd0", b"\0", b"\xff", b"\0\xff"])
def test_a_header_that_never_comes_is_not_looked_for_long(filling: bytes) -> None:
    """Whoever sends it would have every stream wait."""
    data = b"\xff\xd8" + filling * ((4 << 20) // len(filling))
    begun_s = time.process_time()
    with pytest.raises(ImageError):
        read_header(data)
    assert time.process_time() - begun_s < 0.2

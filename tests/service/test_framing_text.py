"""Text and UTF-8: the cases 6 of Autobahn's websocket test suite against the real service.

What the suite echoes is a text that is valid UTF-8 and no JSON: here it gets an error, and the
stream goes on; text that is not UTF-8 ends the connection with 1007.

Where the service departs from what the suite calls strict: UTF-8 is checked once a message is
whole, not as its bytes come (6.4: the suite accepts that, and asks that it fails at the latest
then). A message is at most 16 MiB, so that is what can be sent in vain.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import pytest

from tests.service.bystander import streaming_beside
from tests.service.framing_case import ANSWERED, POSE, UNREADABLE, Case, greeted, leave
from tests.service.process import ServerProcess
from tests.service.raw_socket import TEXT, fragments, frame, pieces

NO_TEXT = 1007

GREEK = "κ\u1f79σμε".encode()
BEYOND = b"\xf4\x90\x80\x80"
"""The first code point after the last, U+110000."""

HIGH, LOW = (0xD800, 0xDB7F, 0xDB80, 0xDBFF), (0xDC00, 0xDFFF)
"""Halves of UTF-16's pairs, first and last ones, which are no code points of UTF-8."""

MIXED = "Hello-µ@ßöäüàá-UTF-8!!".encode()


@pytest.fixture(scope="module", autouse=True)
def _beside(server: ServerProcess) -> Iterator[None]:
    with streaming_beside(server.stream):
        yield


def _half(code: int) -> bytes:
    return chr(code).encode(errors="surrogatepass")


def _bytewise(payload: bytes) -> tuple[bytes, ...]:
    return tuple(fragments(TEXT, *pieces(payload, 1)))


def _non_characters() -> list[bytes]:
    """The last two code points of each plane but the first, which no character has."""
    return [chr(plane << 16 | low).encode() for plane in range(1, 17) for low in (0xFFFE, 0xFFFF)]


BROKEN = GREEK + _half(HIGH[0]) + b"edited"

UNFINISHED = (
    b"\xc0", b"\xe0\x80", b"\xf0\x80\x80", b"\xf8\x80\x80\x80", b"\xfc\x80\x80\x80\x80",
    b"\xdf", b"\xef\xbf", b"\xf7\xbf\xbf", b"\xfb\xbf\xbf\xbf", b"\xfd\xbf\xbf\xbf\xbf",
)  # fmt: skip
"""Sequences of two to six bytes, lowest and highest, whose last byte is missing."""

VALID: dict[str, list[bytes]] = {
    "6.5": [f"hello{c}world".encode() for c in "$¢€𤭢"] + [GREEK],
    "6.6": [GREEK[:size] for size in (2, 5, 7, 9, 11)],
    "6.7": [chr(first).encode() for first in (0x00, 0x80, 0x800, 0x10000)],
    "6.9": [chr(last).encode() for last in (0x7F, 0x7FF, 0xFFFF, 0x10FFFF)],
    "6.11": [chr(beside).encode() for beside in (0xD7FF, 0xE000, 0xFFFD, 0x10FFFF)],
    "6.22": [b"\xef\xbf\xbe", b"\xef\xbf\xbf", *_non_characters()],
    "6.23": [chr(special).encode() for special in range(0xFFF9, 0x10000)],
}
"""Section → texts that are UTF-8."""

INVALID: dict[str, list[bytes]] = {
    "6.6": [GREEK[:size] for size in (1, 3, 4, 6, 8, 10)],
    "6.8": [b"\xf8\x88\x80\x80\x80", b"\xfc\x84\x80\x80\x80\x80"],
    "6.10": [b"\xf7\xbf\xbf\xbf", b"\xfb" + b"\xbf" * 4, b"\xfd" + b"\xbf" * 5],
    "6.11": [BEYOND],
    "6.12": [
        *(b"\x80", b"\xbf"),
        *((b"\x80\xbf" * 3)[:size] for size in (2, 3, 4, 5, 6)),
        bytes(range(0x80, 0xC0)),
    ],
    "6.13": [
        b" ".join(bytes([start]) for start in starts) + b" "
        for starts in (
            range(0xC0, 0xE0),
            range(0xE0, 0xF0),
            range(0xF0, 0xF8),
            range(0xF8, 0xFC),
            range(0xFC, 0xFE),
        )
    ],
    "6.14": list(UNFINISHED),
    "6.15": [b"".join(UNFINISHED)],
    "6.16": [b"\xfe", b"\xff", b"\xfe\xfe\xff\xff"],
    "6.17": [
        *(b"\xc0\xaf", b"\xe0\x80\xaf", b"\xf0\x80\x80\xaf"),
        *(b"\xf8\x80\x80\x80\xaf", b"\xfc\x80\x80\x80\x80\xaf"),
    ],
    "6.18": [
        *(b"\xc1\xbf", b"\xe0\x9f\xbf", b"\xf0\x8f\xbf\xbf"),
        *(b"\xf8\x87\xbf\xbf\xbf", b"\xfc\x83\xbf\xbf\xbf\xbf"),
    ],
    "6.19": [
        *(b"\xc0\x80", b"\xe0\x80\x80", b"\xf0\x80\x80\x80"),
        *(b"\xf8\x80\x80\x80\x80", b"\xfc\x80\x80\x80\x80\x80"),
    ],
    "6.20": [_half(code) for code in (*HIGH, *LOW, 0xDF80)],
    "6.21": [_half(high) + _half(low) for high in HIGH for low in LOW],
}
"""Section → bytes that are none: too long, too short, too high, and halves of UTF-16's pairs."""


def _sections(texts: dict[str, list[bytes]], sentence: str, **expected: Any) -> list[Case]:
    return [
        Case(section, f"{sentence}, {text.hex()}", (frame(TEXT, text),), **expected)
        for section, section_texts in texts.items()
        for text in section_texts
    ]


@pytest.mark.parametrize(
    "case",
    [
        Case("6.1.1", "an empty text message", (frame(TEXT),), (UNREADABLE,)),
        Case("6.1.2", "three empty fragments", tuple(fragments(TEXT, *[b""] * 3)), (UNREADABLE,)),
        Case(
            "6.1.3",
            "text between empty fragments",
            tuple(fragments(TEXT, b"", POSE, b"")),
            (ANSWERED,),
        ),
        Case("6.3.1", "text with half a pair", (frame(TEXT, BROKEN),), fails=NO_TEXT),
        Case("6.3.2", "the same in fragments of a byte", _bytewise(BROKEN), fails=NO_TEXT),
        *_sections(VALID, "text", hears=(UNREADABLE,)),
        *_sections(INVALID, "text that is not UTF-8", fails=NO_TEXT),
    ],
    ids=str,
)
def test_a_case(case: Case, server: ServerProcess) -> None:
    """Any text that is UTF-8 is a message; bytes that are not close with 1007 and a reason."""
    case.play(server.stream)


@pytest.mark.parametrize(
    ("text", "cuts"),
    [
        pytest.param(MIXED, (), id="6.2.1 whole"),
        pytest.param(MIXED, (8,), id="6.2.2 between code points"),
        pytest.param(MIXED, range(1, len(MIXED)), id="6.2.3 in fragments of a byte"),
        pytest.param(GREEK, range(1, len(GREEK)), id="6.2.4 in fragments of a byte"),
    ],
)
def test_text_arrives_as_it_was_sent(
    text: bytes, cuts: Sequence[int], server: ServerProcess
) -> None:
    """However text is cut, also within a code point, it is put together as it was."""
    before, after = b'{"type":"', b'"}'
    ends = zip((0, *cuts), (*cuts, len(text)), strict=True)
    parts = [text[start:end] for start, end in ends]
    with greeted(server.stream) as client:
        client.send(*fragments(TEXT, before, *parts, after))
        error = msgspec.json.decode(client.receive().payload)
        assert error["code"] == "unknown-type"
        assert error["message"].endswith(f"got {text.decode()!r}")
        leave(client)


@pytest.mark.parametrize(
    ("start", "breaks", "rest"),
    [
        pytest.param(GREEK, BEYOND, b"edited", id="a code point that there is not"),
        pytest.param(GREEK + BEYOND[:1], BEYOND[1:2], BEYOND[2:] + b"edited", id="its second byte"),
    ],
)
@pytest.mark.parametrize("fragmented", [True, False], ids=["6.4.1-2", "6.4.3-4"])
def test_text_that_stops_being_text_fails_at_its_end_at_the_latest(
    fragmented: bool, start: bytes, breaks: bytes, rest: bytes, server: ServerProcess
) -> None:
    """Nothing is said while the text is valid; once it is whole it is closed with 1007.

    In fragments, or in one frame that arrives in pieces.
    """
    parts = [start, breaks, rest]
    if fragmented:
        parts = fragments(TEXT, *parts)
    else:
        whole = frame(TEXT, b"".join(parts))
        end = len(whole) - len(rest)
        parts = [whole[: end - len(breaks)], whole[end - len(breaks) : end], whole[end:]]
    with greeted(server.stream) as client:
        client.send(parts[0])
        assert client.is_quiet(0.05)
        client.send(*parts[1:])
        (last,) = client.until_close()
    assert last.closing == (NO_TEXT, "a text message is UTF-8, this one is not")

"""Fragments: the cases 5 and 10 of Autobahn's websocket test suite against the real service.

What is not covered, and where the service departs from the suite, is in `test_framing.py`.
"""

from collections.abc import Iterator

import pytest

from tests.service.bystander import streaming_beside
from tests.service.framing_case import (
    ANSWERED,
    POSE,
    Case,
    Heard,
    greeted,
    heard,
    leave,
    pongs,
    sized,
)
from tests.service.process import ServerProcess
from tests.service.raw_socket import (
    BINARY,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    fragments,
    frame,
    pieces,
)

PROTOCOL_ERROR = 1002
TOO_LARGE = 1009

WORD = frame(TEXT, POSE)
HALVES = fragments(TEXT, POSE[:11], POSE[11:])
FIFTHS = fragments(TEXT, *pieces(POSE, len(POSE) // 5 + 1))
NOTHING = frame(CONTINUATION, b"nothing that it continues")
OPEN_NOTHING = frame(CONTINUATION, b"nothing that it continues", final=False)


@pytest.fixture(scope="module", autouse=True)
def _beside(server: ServerProcess) -> Iterator[None]:
    with streaming_beside(server.stream):
        yield


def _three_ways(
    lowest: int, sentence: str, sends: tuple[bytes, ...], *hears: Heard, fails: int | None = None
) -> list[Case]:
    """The same in one piece, in a piece for each frame, and byte by byte."""
    return [
        Case(f"5.{lowest}", f"{sentence}, in one piece", sends, hears, fails),
        Case(f"5.{lowest + 1}", f"{sentence}, by frame", sends, hears, fails, by_frame=True),
        Case(f"5.{lowest + 2}", f"{sentence}, by byte", sends, hears, fails, size=1),
    ]


PINGED_HALVES = (HALVES[0], frame(PING, b"between"), HALVES[1])

FRAGMENTS = [
    Case("5.1", "a ping in two fragments", tuple(fragments(PING, b"a", b"b")), fails=1002),
    Case("5.2", "a pong in two fragments", tuple(fragments(PONG, b"a", b"b")), fails=1002),
    *_three_ways(3, "text in two fragments", tuple(HALVES), ANSWERED),
    *_three_ways(
        6, "text in two fragments, a ping between", PINGED_HALVES, *pongs(b"between"), ANSWERED
    ),
    *_three_ways(9, "the end of nothing, then text", (NOTHING, WORD), fails=PROTOCOL_ERROR),
    *_three_ways(12, "more of nothing, then text", (OPEN_NOTHING, WORD), fails=PROTOCOL_ERROR),
    Case(
        "5.15",
        "text in two fragments, then more of nothing, then text",
        (OPEN_NOTHING, WORD),
        fails=PROTOCOL_ERROR,
        first=True,
    ),
    Case(
        "5.16",
        "twice: more of nothing, then text in two fragments",
        (OPEN_NOTHING, *HALVES) * 2,
        fails=PROTOCOL_ERROR,
    ),
    Case(
        "5.17",
        "twice: the end of nothing, then text in two fragments",
        (NOTHING, *HALVES) * 2,
        fails=PROTOCOL_ERROR,
    ),
    Case(
        "5.18",
        "text in two fragments that both say text",
        (HALVES[0], frame(TEXT, POSE[11:])),
        fails=PROTOCOL_ERROR,
    ),
]

LONG = Case(
    "10.1.1",
    "a text message of 65536 bytes in fragments of 1300",
    tuple(fragments(TEXT, *pieces(sized(65536, text=True), 1300))),
    (ANSWERED,),
)

BESIDE_THE_SUITE = [
    Case(
        "RFC 5.4",
        "fragments that are too large only together",
        tuple(fragments(BINARY, *[bytes(1 << 20)] * 17)),
        fails=TOO_LARGE,
    ),
    Case(
        "RFC 5.4",
        "fragments in which a binary message goes on as text",
        (frame(BINARY, b"\x80", final=False), frame(TEXT, POSE)),
        fails=PROTOCOL_ERROR,
    ),
]


@pytest.mark.parametrize("case", [*FRAGMENTS, LONG, *BESIDE_THE_SUITE], ids=str)
def test_a_case(case: Case, server: ServerProcess) -> None:
    """A message is answered once it is whole; what continues nothing closes at once with 1002."""
    case.play(server.stream)


@pytest.mark.parametrize("by_frame", [False, True], ids=["5.19 in one piece", "5.20 by frame"])
def test_a_ping_between_fragments_is_not_kept_waiting(
    by_frame: bool, server: ServerProcess
) -> None:
    """A ping between five fragments is answered before the last has come, the message after it."""
    one, two, three, four, five = FIFTHS
    parts = (
        [one, two, frame(PING, b"first")],
        [three, four, frame(PING, b"second"), five],
    )
    with greeted(server.stream) as client:
        answers = []
        for part, count in zip(parts, (1, 2), strict=True):
            client.send(*(part if by_frame else [b"".join(part)]))
            answers += [heard(client.receive()) for _ in range(count)]
        assert answers == [*pongs(b"first", b"second"), ANSWERED]
        leave(client)

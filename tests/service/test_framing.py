"""Framing, pings, reserved bits and opcodes: RFC 6455 against the real service.

The cases 1 to 4 of Autobahn's websocket test suite, by their numbers there; 5 and 10 (fragments),
6 (text) and 7 (closing) have files of their own. They are written anew against a raw socket,
because the suite itself wants Python 2. A stream runs on beside them and must lose nothing.

Not covered: 9 (limits and performance; `test_limits.py` and the load of `benchmarks` stand for
it), 12 and 13 (compression, which this service does not offer: the handshake of every case holds
it to that).

Where the service departs from what the suite calls strict:
- A text or binary message that is no message of its protocol gets an error instead of an echo, and
  what the suite echoes is a pose of the same size here.
- What comes in the same read as a frame that breaks the protocol is not answered any more, though
  it came before it. The suite accepts that; a case that asks for an echo first waits for it here.
- A length that is written in more bytes than it needs is taken; the suite does not ask.
"""

from collections.abc import Iterator

import pytest

from tests.service.bystander import streaming_beside
from tests.service.framing_case import (
    ANSWERED,
    POSE,
    UNREADABLE,
    Case,
    greeted,
    pongs,
    sized,
)
from tests.service.process import ServerProcess
from tests.service.raw_socket import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    TEXT,
    frame,
)

PROTOCOL_ERROR = 1002
TOO_LARGE = 1009

WORD = frame(TEXT, POSE)


@pytest.fixture(scope="module", autouse=True)
def _beside(server: ServerProcess) -> Iterator[None]:
    with streaming_beside(server.stream):
        yield


def _sizes(section: str, kind: str, opcode: int) -> list[Case]:
    text = opcode == TEXT
    cases = [
        Case(f"{section}.1", f"an empty {kind} message", (frame(opcode),), (UNREADABLE,)),
    ]
    cases += [
        Case(
            f"{section}.{number}",
            f"a {kind} message of {size} bytes",
            (frame(opcode, sized(size, text=text)),),
            (ANSWERED,),
        )
        for number, size in enumerate((125, 126, 127, 128, 65535, 65536), start=2)
    ]
    chopped = (frame(opcode, sized(65536, text=text)),)
    sentence = f"a {kind} message of 65536 bytes in pieces of 997"
    return [*cases, Case(f"{section}.8", sentence, chopped, (ANSWERED,), size=997)]


FULL = b"\xfe" * 125
TEN = tuple(b"payload %d" % number for number in range(10))
TEN_PINGS = tuple(frame(PING, payload) for payload in TEN)

PINGS = [
    Case("2.1", "a ping of nothing", (frame(PING),), pongs(b"")),
    Case("2.2", "a ping of text", (frame(PING, b"are you there?"),), pongs(b"are you there?")),
    Case("2.3", "a ping of bytes", (frame(PING, b"\0\xff\xfe\xc3("),), pongs(b"\0\xff\xfe\xc3(")),
    Case("2.4", "a ping of 125 bytes", (frame(PING, FULL),), pongs(FULL)),
    Case("2.5", "a ping of 126 bytes", (frame(PING, FULL + b"."),), fails=PROTOCOL_ERROR),
    Case("2.6", "a ping of 125 bytes, byte by byte", (frame(PING, FULL),), pongs(FULL), size=1),
    Case("2.7", "a pong of nothing that nobody asked for", (frame(PONG),)),
    Case("2.8", "a pong of text that nobody asked for", (frame(PONG, b"here"),)),
    Case(
        "2.9",
        "a pong that nobody asked for, then a ping",
        (frame(PONG, b"here"), frame(PING, b"there?")),
        pongs(b"there?"),
    ),
    Case("2.10", "ten pings", TEN_PINGS, pongs(*TEN)),
    Case("2.11", "ten pings, byte by byte", TEN_PINGS, pongs(*TEN), size=1),
]


def _reserved_bits(reserved: int, opcode: int = TEXT, payload: bytes = POSE) -> bytes:
    return frame(opcode, payload, reserved=reserved)


RESERVED_BITS = [
    Case("3.1", "text with the reserved bits 1", (_reserved_bits(1),), fails=PROTOCOL_ERROR),
    *(
        Case(
            f"3.{bits}",
            f"text, then text with the reserved bits {bits}, then a ping, {how}",
            (_reserved_bits(bits), frame(PING)),
            fails=PROTOCOL_ERROR,
            first=True,
            size=size,
            by_frame=bits == 3,
        )
        for bits, how, size in ((2, "in one piece", None), (3, "by frame", None), (4, "by byte", 1))
    ),
    Case(
        "3.5", "binary with the reserved bits 5", (_reserved_bits(5, BINARY),), fails=PROTOCOL_ERROR
    ),
    Case(
        "3.6", "a ping with the reserved bits 6", (_reserved_bits(6, PING),), fails=PROTOCOL_ERROR
    ),
    Case(
        "3.7",
        "a close with the reserved bits 7",
        (_reserved_bits(7, CLOSE, b""),),
        fails=PROTOCOL_ERROR,
    ),
]


def _reserved_opcodes(section: str, lowest: int) -> list[Case]:
    cases = []
    for place, (payload, first, size) in enumerate(
        (
            (b"", False, None),
            (b"reserved payload", False, None),
            (b"", True, None),
            (b"reserved payload", True, None),
            (b"reserved payload", True, 1),
        )
    ):
        what = f"a frame {'of' if payload else 'without'} payload and opcode {lowest + place}"
        sends = (frame(lowest + place, payload), *((frame(PING),) if first else ()))
        sentence = f"text, then {what}, then a ping" if first else what
        cases.append(
            Case(
                f"{section}.{place + 1}",
                sentence,
                sends,
                fails=PROTOCOL_ERROR,
                first=first,
                size=size,
            )
        )
    return cases


BESIDE_THE_SUITE = [
    Case("RFC 5.1", "a frame that is not masked", (frame(TEXT, POSE, masked=False),), fails=1002),
    Case(
        "RFC 5.2",
        "a frame that announces 2^63 bytes",
        (b"\x82\xff" + (1 << 63).to_bytes(8),),
        fails=TOO_LARGE,
    ),
    Case(
        "RFC 5.2",
        "a length of two bytes where one is enough",
        (b"\x81\xfe" + len(POSE).to_bytes(2) + WORD[2:],),
        (ANSWERED,),
    ),
]


@pytest.mark.parametrize(
    "case",
    [
        *_sizes("1.1", "text", TEXT),
        *_sizes("1.2", "binary", BINARY),
        *PINGS,
        *RESERVED_BITS,
        *_reserved_opcodes("4.1", 3),
        *_reserved_opcodes("4.2", 11),
        *BESIDE_THE_SUITE,
    ],
    ids=str,
)
def test_a_case(case: Case, server: ServerProcess) -> None:
    """What is legal is answered, once and in order; what is not closes with its code, at once.

    After what is legal the connection goes on, and closes cleanly when the client does.
    """
    case.play(server.stream)


def test_a_broken_connection_is_ended(server: ServerProcess) -> None:
    """After a protocol error the server ends the connection too, and answers nothing more."""
    with greeted(server.stream) as client:
        client.send(frame(3))
        client.until_close()
        client.send(WORD, frame(PING))
        assert client.at_end()

"""Closing: the cases 7 of Autobahn's websocket test suite against the real service.

Where the service departs from what the suite expects:
- A close is returned at once, so what came in the same read before it is not answered any more:
  7.1.1 waits for the answer here. A client that wants all of its answers says `bye`, and is closed
  after them.
- A close in the middle of a fragmented message is returned as a protocol error (7.1.5 wants the
  client's own code).
"""

from collections.abc import Iterator

import pytest

from tests.service.bystander import streaming_beside
from tests.service.framing_case import ANSWERED, POSE, greeted, heard, leave, sized
from tests.service.process import ServerProcess
from tests.service.raw_socket import (
    CLOSE,
    CONTINUATION,
    PING,
    TEXT,
    close,
    fragments,
    frame,
)

PROTOCOL_ERROR = 1002
NO_TEXT = 1007

WORD = frame(TEXT, POSE)
HALVES = fragments(TEXT, POSE[:11], POSE[11:])
NOT_UTF8 = "κ\u1f79σμε".encode() + b"\xed\xa0\x80edited"


@pytest.fixture(scope="module", autouse=True)
def _beside(server: ServerProcess) -> Iterator[None]:
    with streaming_beside(server.stream):
        yield


def test_a_client_closes_after_its_answer(server: ServerProcess) -> None:
    """7.1.1: a message, its answer, then a close, which is returned and ends the connection."""
    with greeted(server.stream) as client:
        client.send(WORD)
        assert heard(client.receive()) == ANSWERED
        leave(client)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param((), (close(),), id="7.1.2 a second close"),
        pytest.param((), (frame(PING),), id="7.1.3 a ping"),
        pytest.param((), (WORD,), id="7.1.4 text"),
        pytest.param(
            (frame(TEXT, sized(1 << 18, text=True)), WORD),
            (frame(PING),),
            id="7.1.6 a ping; text before",
        ),
    ],
)
def test_what_follows_a_close_is_passed_over(
    before: tuple[bytes, ...], after: tuple[bytes, ...], server: ServerProcess
) -> None:
    """Whatever comes after a close in the same piece: the close is returned, once, and is the last.

    What comes before it may be answered; the suite leaves that open where it is much (7.1.6).
    """
    with greeted(server.stream) as client:
        client.send(b"".join((*before, close(), *after)))
        *answers, last = client.until_close()
        assert last.closing == (1000, "")
        assert client.at_end()
    assert set(map(heard, answers)) <= {ANSWERED}


def test_a_close_leaves_no_message_open(server: ServerProcess) -> None:
    """7.1.5: a close between two fragments ends the connection, and the message is nobody's."""
    one, two = HALVES
    with greeted(server.stream) as client:
        client.send(one + close() + two)
        (last,) = client.until_close()
        assert client.at_end()
    assert last.closing == (PROTOCOL_ERROR, "incomplete fragmented message")


@pytest.mark.parametrize(
    ("sent", "returned"),
    [
        pytest.param(close(None), (None, ""), id="7.3.1 an empty close"),
        pytest.param(close(1000), (1000, ""), id="7.3.3 a code"),
        pytest.param(close(1000, b"so long"), (1000, "so long"), id="7.3.4 a code and a reason"),
        pytest.param(close(1000, b"*" * 123), (1000, "*" * 123), id="7.3.5 a reason of 123 bytes"),
        *(
            pytest.param(close(code), (code, ""), id=f"7.7.{number} code {code}")
            for number, code in enumerate(
                (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999), 1
            )
        ),
    ],
)
def test_a_close_is_returned(
    sent: bytes, returned: tuple[int | None, str], server: ServerProcess
) -> None:
    """A close that is allowed comes back as it was, and the server ends the connection."""
    with greeted(server.stream) as client:
        client.send(sent)
        (last,) = client.until_close()
        assert last.closing == returned
        assert client.at_end()


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        pytest.param(frame(CLOSE, b"\x03"), PROTOCOL_ERROR, id="7.3.2 half a code"),
        pytest.param(close(1000, b"*" * 124), PROTOCOL_ERROR, id="7.3.6 a reason of 124 bytes"),
        pytest.param(close(1000, NOT_UTF8), NO_TEXT, id="7.5.1 a reason that is not UTF-8"),
        *(
            pytest.param(close(wrong), PROTOCOL_ERROR, id=f"7.9.{number} code {wrong}")
            for number, wrong in enumerate((0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999), 1)
        ),
        # The suite leaves open what these do.
        pytest.param(close(5000), PROTOCOL_ERROR, id="7.13.1 code 5000"),
        pytest.param(close(65535), PROTOCOL_ERROR, id="7.13.2 code 65535"),
    ],
)
def test_a_close_that_is_not_allowed_is_an_error(
    sent: bytes, code: int, server: ServerProcess
) -> None:
    """A close frame that breaks the protocol is answered with what it breaks, and a reason."""
    with greeted(server.stream) as client:
        client.send(sent)
        (last,) = client.until_close()
    assert last.closing[0] == code
    assert last.closing[1]


def test_a_bye_is_answered_to_the_end(server: ServerProcess) -> None:
    """What a close does not wait for a bye does: all answers, then the server's own close."""
    with greeted(server.stream) as client:
        client.send(WORD + frame(TEXT, b'{"type":"bye"}'))
        *answers, last = client.until_close()
        assert list(map(heard, answers)) == [ANSWERED]
        assert last.closing == (1000, "")
        client.send(close())
        assert client.at_end()


def test_a_connection_that_breaks_off_within_a_frame_is_let_go(server: ServerProcess) -> None:
    """Neither half a head, half a mask, half a payload nor half a message needs an answer."""
    for size in (1, 3, 6, len(WORD) - 1):
        with greeted(server.stream) as client:
            client.send(WORD[:size])
    with greeted(server.stream) as client:
        client.send(HALVES[0], frame(CONTINUATION, b"", final=False))
    with greeted(server.stream) as client:
        leave(client)


def test_text_that_is_no_text_is_refused_even_if_a_close_follows(server: ServerProcess) -> None:
    """What ends the connection in the same read does not break it."""
    with greeted(server.stream) as client:
        client.send(frame(TEXT, b"\xff") + close())
        (last,) = client.until_close()
    assert last.closing[0] in (1007, 1000)

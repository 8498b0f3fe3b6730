"""A case of Autobahn's websocket test suite, as it is played against this service.

The suite's peer echoes. This service answers a message of its protocol and says so where a message
is none, so an echo stands here for the answer to a pose of the same size and form, and for a
non-fatal error where the suite's payload is no JSON.
"""

from dataclasses import dataclass

import msgspec

from tests.service.artifacts import KINECT
from tests.service.bodies import hello
from tests.service.raw_socket import PONG, TEXT, Frame, RawSocket, close, frame, pieces

T_MS = 40.0

Heard = tuple[str, bytes | float | str]
"""Kind of an answer, and what tells it from others of its kind."""

HELLO = frame(TEXT, msgspec.json.encode(hello(KINECT, drop="never", events=False)))


_POSE: dict[str, object] = {"type": "pose", "t_ms": T_MS, "people": []}


def sized(size: int, *, text: bool) -> bytes:
    """Returns a pose that nobody is in, padded to a size in bytes, as JSON or as MessagePack."""
    encode = msgspec.json.encode if text else msgspec.msgpack.encode
    # A length in MessagePack grows by bytes, so that not every size can be had with every name.
    for name in ("padding", "paddings"):
        empty = len(encode(_POSE | {name: ""}))
        for padding in range(size - empty, size - empty - 5, -1):
            padded: bytes = encode(_POSE | {name: "*" * padding})
            if len(padded) == size:
                return padded
    raise ValueError(f"no pose has {size} bytes")


POSE = msgspec.json.encode(_POSE)

ANSWERED: Heard = ("actions", T_MS)
"""The answer to `POSE`."""

UNREADABLE: Heard = ("error", "not-decodable")
"""The answer to what is no JSON; the stream goes on."""


@dataclass(frozen=True)
class Case:
    """One case, after the hello and its welcome.

    Attributes:
        number: in the suite.
        sentence: what the client does.
        sends: frames.
        hears: the answers, in order.
        fails: the code that the server closes with; without one the client closes, cleanly.
        first: whether a pose is sent and answered before.
        size: bytes of a piece that the frames are sent in; None is one piece for all.
        by_frame: whether each frame is a piece.
    """

    number: str
    sentence: str
    sends: tuple[bytes, ...]
    hears: tuple[Heard, ...] = ()
    fails: int | None = None
    first: bool = False
    size: int | None = None
    by_frame: bool = False

    def __str__(self) -> str:
        return f"{self.number} {self.sentence}"

    def play(self, url: str) -> None:
        """Plays it; anything but what is expected is an `AssertionError`."""
        with greeted(url) as client:
            if self.first:
                client.send(frame(TEXT, POSE))
                assert heard(client.receive()) == ANSWERED
            client.send(*self._parts())
            if self.fails is None:
                assert tuple(heard(client.receive()) for _ in self.hears) == self.hears
                leave(client)
                return
            *before, last = client.until_close()
            assert tuple(map(heard, before)) == self.hears
            code, reason = last.closing
            assert code == self.fails
            assert reason

    def _parts(self) -> list[bytes]:
        if self.by_frame:
            return list(self.sends)
        data = b"".join(self.sends)
        return pieces(data, self.size or len(data))


def greeted(url: str) -> RawSocket:
    """Returns a client that has said hello and was welcomed."""
    client = RawSocket(url)
    client.send(HELLO)
    assert heard(client.receive()) == ("welcome", "")
    return client


def leave(client: RawSocket) -> None:
    """Closes as a client does; the server must say nothing but the same, and end the connection."""
    client.send(close())
    (last,) = client.until_close()
    assert last.closing == (1000, "")
    assert client.at_end()


def heard(answer: Frame) -> Heard:
    """Returns what an answer is."""
    assert answer.final
    if answer.opcode == PONG:
        return "pong", answer.payload
    assert answer.opcode == TEXT, answer
    message = msgspec.json.decode(answer.payload)
    telling = {"actions": "t_ms", "error": "code"}.get(message["type"])
    assert not message.get("fatal"), message
    return message["type"], message[telling] if telling else ""


def pongs(*payloads: bytes) -> tuple[Heard, ...]:
    """Returns pongs with these payloads, as they are heard."""
    return tuple(("pong", payload) for payload in payloads)

"""The messages of the wire, version 1: one schema, as JSON in text and as MessagePack in binary.

Knows shapes of messages, not what they mean: `service.people` reads keypoints, `service.session`
leads the conversation. Unknown fields are ignored, unknown types are an error.
"""

from typing import Literal

import msgspec

VERSION = 1

Coordinates = Literal["pixels", "normalised", "metres"]
Up = Literal["x", "y", "z", "-x", "-y", "-z"]
Drop = Literal["oldest", "never"]

TOO_LARGE = 1009
FAILED = 1011
PROTOCOL = 4400


class Refusal(Exception):
    """What a client did wrong, in one sentence that it is told.

    Attributes:
        code: the error's code on the wire.
        close: the closing code where the connection ends with it, None where it goes on.
    """

    def __init__(self, code: str, message: str, close: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.close = close


class Options(msgspec.Struct, frozen=True):
    """What a client may ask for.

    Attributes:
        top_k: how many of the most probable labels each answer lists.
        lookahead_ms: how long a label may wait for what follows its frame; None is the model's own.
        rate_limit_hz: at most so many answers a second; frames above enter the windows unanswered.
        drop: `oldest` lets the newest frame supersede those that wait, `never` slows the reading.
    """

    top_k: int = 3
    lookahead_ms: float | None = None
    rate_limit_hz: float | None = None
    drop: Drop = "oldest"


class Hello(msgspec.Struct, frozen=True, tag="hello", tag_field="type"):
    """The first message, once: what the client will send."""

    version: int
    layout: str
    coordinates: Coordinates
    size: tuple[float, float] | None = None
    up: Up = "y"
    token: str | None = None
    resume: str | None = None
    options: Options = Options()


class PersonPose(msgspec.Struct, frozen=True):
    """One person in a frame: rows of keypoints, or their float32 bytes (MessagePack only)."""

    keypoints: list[list[float]] | bytes
    id: int | None = None


class Pose(msgspec.Struct, frozen=True, tag="pose", tag_field="type"):
    """A frame of keypoints, at the client's own time."""

    t_ms: float
    people: list[PersonPose]


class Bye(msgspec.Struct, frozen=True, tag="bye", tag_field="type"):
    """The client is done: what is pending is answered, then the connection closes with 1000."""


ClientMessage = Hello | Pose | Bye


KINDS = ("hello", "pose", "bye")
"""The types of message that a client may send."""


class Model(msgspec.Struct, frozen=True):
    """The model that answers."""

    name: str
    version: str
    labels: tuple[str, ...]
    layout: str
    frames: int
    rate_hz: float
    hop_ms: float
    lookahead_ms: float
    persons: int


class Limits(msgspec.Struct, frozen=True):
    """What the server takes from one client."""

    message_bytes: int
    people: int
    rate_hz: float
    idle_s: float


class Welcome(msgspec.Struct, frozen=True, tag="welcome", tag_field="type"):
    """The answer to a hello. `resume` is None where this server cannot resume a session."""

    session: str
    model: Model
    limits: Limits
    version: int = VERSION
    resume: str | None = None
    resumed: bool = False


class PersonAction(msgspec.Struct, frozen=True):
    """What is said of one person in one frame."""

    id: int
    label: str
    score: float
    top: tuple[tuple[str, float], ...]
    known: bool


class Timing(msgspec.Struct, frozen=True):
    """Where the time of an answer went, on the server's clock."""

    queue_ms: float
    infer_ms: float


class Actions(msgspec.Struct, frozen=True, tag="actions", tag_field="type"):
    """The answer to one client frame. `dropped` counts superseded frames since the hello."""

    t_ms: float
    people: tuple[PersonAction, ...]
    timing: Timing
    dropped: int


class Event(msgspec.Struct, frozen=True, tag="event", tag_field="type"):
    """A stable segment of one person's action starts or ends."""

    event: Literal["start", "end"]
    person: int
    label: str
    t_ms: float
    score: float


class Error(msgspec.Struct, frozen=True, tag="error", tag_field="type"):
    """What was wrong with a message; after a fatal one the connection closes."""

    code: str
    message: str
    fatal: bool


ServerMessage = Welcome | Actions | Event | Error

_from_json = msgspec.json.Decoder(ClientMessage)
_from_msgpack = msgspec.msgpack.Decoder(ClientMessage)
_to_json = msgspec.json.Encoder()
_to_msgpack = msgspec.msgpack.Encoder()


def decode(data: str | bytes) -> ClientMessage:
    """Reads a client's message: JSON from text, MessagePack from bytes.

    Raises:
        Refusal: it is neither, of an unknown type, or lacks or mistypes a field.
    """
    try:
        message: ClientMessage = (
            _from_json.decode(data) if isinstance(data, str) else _from_msgpack.decode(data)
        )
    except msgspec.ValidationError as error:
        raise _invalid(data, error) from None
    except (msgspec.DecodeError, UnicodeError) as error:
        form = "JSON" if isinstance(data, str) else "MessagePack"
        raise Refusal("not-decodable", f"the message is not {form}: {error}") from None
    except RecursionError:
        raise Refusal("not-decodable", "the message is nested too deeply") from None
    return message


def _invalid(data: str | bytes, error: msgspec.ValidationError) -> Refusal:
    """Says what is wrong with a message that is JSON or MessagePack, but not of this protocol."""
    try:
        raw = msgspec.json.decode(data) if isinstance(data, str) else msgspec.msgpack.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raw = None
    kind = raw.get("type") if isinstance(raw, dict) else None
    if isinstance(raw, dict) and kind not in KINDS:
        expected = ", ".join(KINDS)
        return Refusal("unknown-type", f"a message's type is one of {expected}; got {kind!r:.60}")
    return Refusal("invalid-message", f"the message is not of the protocol: {error!s:.300}")


def encode(message: ServerMessage, *, text: bool) -> str | bytes:
    """Writes a server's message: JSON as text, or MessagePack as bytes."""
    return _to_json.encode(message).decode() if text else _to_msgpack.encode(message)

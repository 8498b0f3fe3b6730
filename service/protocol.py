"""The messages of the wire, version 1: one schema, as JSON in text and as MessagePack in binary.

Knows shapes of messages, not what they mean: `service.people` reads keypoints, `service.session`
leads the conversation. Unknown fields are ignored, unknown types are an error. What comes and goes
with every frame has `gc=False`: no cycle can be made of it, and there is much of it.
"""

from typing import Literal

import msgspec

VERSION = 1

Coordinates = Literal["pixels", "normalised", "metres"]
Up = Literal["x", "y", "z", "-x", "-y", "-z"]
Drop = Literal["oldest", "never"]

NOT_ALLOWED = 1008
TOO_LARGE = 1009
FAILED = 1011
RESTART = 1012
FULL = 1013
PROTOCOL = 4400
MOVED = 4409


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
        top_k: how many of the most probable labels each answer lists, 1 to 100.
        lookahead_ms: how long a label may wait for what follows its frame; None is the model's own.
        rate_limit_hz: at most so many answers a second; frames above enter the windows unanswered.
        drop: `oldest` lets the newest frame supersede those that wait, `never` slows the reading.
        hop_ms: a window is run so often, on the client's clock; None is the model's own hop, which
            counts client frames.
        events: whether starts and ends of actions are told.
        people: the most people to look for in a picture, 1 to 16; one alone is followed and
            smoothed.
    """

    top_k: int = 3
    lookahead_ms: float | None = None
    rate_limit_hz: float | None = None
    drop: Drop = "oldest"
    hop_ms: float | None = None
    events: bool = True
    people: int = 1


class Hello(msgspec.Struct, frozen=True, tag="hello", tag_field="type"):
    """The first message, once: what the client will send. `taught` names a saved set of actions."""

    version: int
    layout: str
    coordinates: Coordinates
    size: tuple[float, float] | None = None
    up: Up = "y"
    token: str | None = None
    resume: str | None = None
    taught: str | None = None
    options: Options = Options()


class PersonPose(msgspec.Struct, frozen=True, gc=False):
    """One person in a frame: rows of keypoints, or their float32 bytes, base64 in JSON."""

    keypoints: list[list[float]] | bytes
    id: int | None = None


class Pose(msgspec.Struct, frozen=True, gc=False, tag="pose", tag_field="type"):
    """A frame of keypoints, at the client's own time."""

    t_ms: float
    people: list[PersonPose]


class Image(msgspec.Struct, frozen=True, tag="image", tag_field="type"):
    """A picture, JPEG, PNG or WebP, at the client's own time (MessagePack only)."""

    t_ms: float
    data: bytes


class Teach(msgspec.Struct, frozen=True, tag="teach", tag_field="type"):
    """What a person did from one time to another is an example of an action; None is the only one.

    Several examples of one label add up.
    """

    label: str
    from_ms: float
    to_ms: float
    person: int | None = None


class Forget(msgspec.Struct, frozen=True, tag="forget", tag_field="type"):
    """An action that was taught is no longer known."""

    label: str


class Bye(msgspec.Struct, frozen=True, tag="bye", tag_field="type"):
    """The client is done: what is pending is answered, then the connection closes with 1000."""


ClientMessage = Hello | Pose | Image | Teach | Forget | Bye


KINDS = ("hello", "pose", "image", "teach", "forget", "bye")
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


class Latency(msgspec.Struct, frozen=True):
    """How late, on the client's clock, something is said; network and computing come on top.

    Attributes:
        warming_ms: from a person's first frame to the first that is spoken of.
        label_ms: the longest from a frame to the frame whose window answers it.
        start_ms: the longest from the first frame of an action to the frame that makes its start
            certain.
        end_ms: the same of its end, from the first frame after it.
    """

    warming_ms: float
    label_ms: float
    start_ms: float
    end_ms: float


class Limits(msgspec.Struct, frozen=True):
    """What the server takes from one client."""

    message_bytes: int
    people: int
    rate_hz: float
    idle_s: float


class Welcome(msgspec.Struct, frozen=True, tag="welcome", tag_field="type"):
    """The answer to a hello. `resume` is None where this server cannot resume a session.

    Attributes:
        session: its name, in the server's logs too.
        model: the model that answers.
        limits: what the server takes.
        latency: when answers and events come.
        version: of the wire.
        resume: the token with which the session can be resumed, once.
        resumed: whether it goes on where an earlier connection was lost.
        seen_ms: the newest frame that the resumed session has taken in.
        taught: the actions that are known beside the model's own.
    """

    session: str
    model: Model
    limits: Limits
    latency: Latency
    version: int = VERSION
    resume: str | None = None
    resumed: bool = False
    seen_ms: float | None = None
    taught: tuple[str, ...] = ()


class PersonAction(msgspec.Struct, frozen=True, gc=False):
    """What is said of one person in one frame."""

    id: int
    label: str
    score: float
    top: tuple[tuple[str, float], ...]
    known: bool


class Timing(msgspec.Struct, frozen=True, gc=False):
    """Where the time of an answer went, on the server's clock."""

    queue_ms: float
    infer_ms: float


class Actions(msgspec.Struct, frozen=True, gc=False, tag="actions", tag_field="type"):
    """The answer to one client frame. `dropped` counts superseded frames since the hello."""

    t_ms: float
    people: tuple[PersonAction, ...]
    timing: Timing
    dropped: int


class Event(msgspec.Struct, frozen=True, gc=False, tag="event", tag_field="type"):
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


class SeenPerson(msgspec.Struct, frozen=True):
    """A person who was found in a picture: rows x, y, score in its pixels."""

    id: int
    keypoints: list[list[float]]


class SeenPose(msgspec.Struct, frozen=True, tag="pose", tag_field="type"):
    """Who was found in the picture of this time, to be drawn over it."""

    t_ms: float
    people: tuple[SeenPerson, ...]


class Taught(msgspec.Struct, frozen=True, tag="taught", tag_field="type"):
    """The answer to a teach or a forget.

    Attributes:
        label: the action that it spoke of.
        examples: how many examples of it are known now, 0 after a forget.
        labels: all actions that are known beside the model's own.
    """

    label: str
    examples: int
    labels: tuple[str, ...]


NoticeCode = Literal["draining", "new-beginning", "not-resumed", "too-slow"]


class Notice(msgspec.Struct, frozen=True, tag="notice", tag_field="type"):
    """What a client should know though it did nothing wrong; the stream goes on."""

    code: NoticeCode
    message: str


ServerMessage = Welcome | Actions | Event | SeenPose | Taught | Notice | Error

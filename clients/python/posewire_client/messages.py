"""The messages of the wire, version 1, as the client sees them.

Times (`t_ms`) are the client's own clock in milliseconds. Unknown fields are ignored,
so that a newer server can say more. This file does not know how messages are encoded.
"""

from typing import Annotated, Any, Literal, Required, TypeAlias, TypedDict

import msgspec

PROTOCOL_VERSION = 1

IMAGES = "image"
"""The layout of a stream of pictures, in place of a layout of joints."""

Whole: TypeAlias = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
"""What MessagePack can hold; one beyond that is refused where it is read."""

Number: TypeAlias = Whole | float
Coordinates: TypeAlias = Literal["pixels", "normalised", "metres"]


class Options(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the client asks for; `None` leaves the choice to the server.

    Attributes:
        top_k: How many of the likeliest labels each answer lists.
        lookahead_ms: How long the server may wait, to see more before it labels a frame.
        rate_limit_hz: The most labels a second that the client wants.
        drop: `oldest` lets the newest frame supersede waiting ones (live);
            `never` labels every frame (files).
        hop_ms: A window is run so often on the client's clock; the model's own hop counts frames.
        events: Whether starts and ends of actions are told; the server tells them unless False.
        people: The most people to look for in a picture.
    """

    top_k: Whole | None = None
    lookahead_ms: Number | None = None
    rate_limit_hz: Number | None = None
    drop: Literal["oldest", "never"] | None = None
    hop_ms: Number | None = None
    events: bool | None = None
    people: Whole | None = None


class Hello(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="hello"):
    """The first message of a stream: what the poses that follow are.

    Attributes:
        version: Of the wire.
        layout: Name of the joint layout, such as `coco17` or `kinect20`; `image` for pictures.
        coordinates: A keypoint is x, y, score in `pixels` or `normalised` (x/w, y/h),
            and x, y, z, score in `metres`.
        size: Width and height of the image in pixels; needed unless `coordinates` is `metres`.
        up: The axis that points up, with `metres`.
        token: Admits the client where the server asks for one.
        resume: The token of a session to go on with. After a loss the client sets it itself.
        taught: The name of a saved set of taught actions, to know and to add to.
        options: What the client asks for.
    """

    version: Whole
    layout: str
    coordinates: Coordinates
    size: tuple[Number, Number] | None = None
    up: str | None = None
    token: str | None = None
    resume: str | None = None
    taught: str | None = None
    options: Options | None = None


class HelloFields(TypedDict, total=False):
    """`Hello` as keyword arguments, less the version, which this package knows."""

    layout: Required[str]
    coordinates: Required[Coordinates]
    size: tuple[Number, Number] | None
    up: str | None
    token: str | None
    taught: str | None
    options: Options | None


class Teach(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="teach"):
    """What a person did from one time to another is an example of a new action."""

    label: str
    from_ms: Number
    to_ms: Number
    person: int | None = None


class Forget(msgspec.Struct, frozen=True, tag="forget"):
    """A taught action is not to be known any more."""

    label: str


Lesson: TypeAlias = Teach | Forget


class Bye(msgspec.Struct, frozen=True, tag="bye"):
    """Asks for all pending labels, and then for the end of the stream."""


class ModelInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The model that answers: its labels, and its window in time.

    Attributes:
        name: Of the model.
        version: Of the model.
        labels: All that it can say.
        layout: The joint layout that poses are mapped to.
        frames: Length of the window.
        rate_hz: Rate of the window's frames.
        hop_ms: The window is run once in this time.
        lookahead_ms: What the model sees after the frame that it labels.
        persons: How many people one window holds.
    """

    name: str
    version: str = ""
    labels: tuple[str, ...] = ()
    layout: str = ""
    frames: int = 0
    rate_hz: float = 0.0
    hop_ms: float = 0.0
    lookahead_ms: float = 0.0
    persons: int = 1


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What the server bears from one client; `None` where it names no limit."""

    message_bytes: int | None = None
    people: int | None = None
    rate_hz: float | None = None
    idle_s: float | None = None


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """How late on the client's clock something is said, at most; `docs/wire.md` derives it.

    Attributes:
        warming_ms: From a person's first frame to the first that is spoken of.
        label_ms: From a frame to the frame whose window answers it.
        start_ms: From an action's first frame to the one that makes its start certain.
        end_ms: The same of its end.
    """

    warming_ms: float = 0.0
    label_ms: float = 0.0
    start_ms: float = 0.0
    end_ms: float = 0.0


class Welcome(msgspec.Struct, frozen=True, kw_only=True, tag="welcome"):
    """The server's answer to `hello`. A second one says that the client has reconnected.

    Attributes:
        version: Of the wire.
        session: Its name, in the server's logs too.
        model: What answers.
        resume: The token with which the session can be gone on with, once.
        resumed: Whether it goes on where the lost one was; otherwise it has begun anew.
        seen_ms: The newest frame that a resumed session has taken in.
        taught: The actions that are known by teaching.
        limits: What the server bears.
        latency: When labels and events come.
    """

    version: int
    session: str
    model: ModelInfo
    resume: str | None = None
    resumed: bool = False
    seen_ms: float | None = None
    taught: tuple[str, ...] = ()
    limits: Limits = Limits()
    latency: Latency = Latency()


class PersonAction(msgspec.Struct, frozen=True, kw_only=True):
    """What one person does in one frame.

    Attributes:
        id: The client's own number for the person, or the place in the list.
        label: The likeliest action; `warming` while the window fills, `background` for none.
        score: Calibrated probability of the label, 0 to 1.
        top: The likeliest labels with their scores, best first.
        known: False when the movement is unlike anything the model was taught.
    """

    id: int
    label: str
    score: float
    top: tuple[tuple[str, float], ...] = ()
    known: bool = True


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds that a frame spent waiting in the server, and in the model."""

    queue_ms: float = 0.0
    infer_ms: float = 0.0


class Actions(msgspec.Struct, frozen=True, kw_only=True, tag="actions"):
    """The labels of the frame of time `t_ms`, one for each person.

    `dropped` counts the frames that newer ones superseded in this session so far.
    """

    t_ms: float
    people: tuple[PersonAction, ...]
    timing: Timing | None = None
    dropped: int = 0


class Event(msgspec.Struct, frozen=True, kw_only=True, tag="event"):
    """A stable segment begins or ends: the labels after hysteresis."""

    event: Literal["start", "end"]
    person: int
    label: str
    t_ms: float
    score: float = 0.0


class SeenPerson(msgspec.Struct, frozen=True, kw_only=True):
    """A person whom the server found in a picture: rows x, y, score in its pixels."""

    id: int
    keypoints: list[list[float]]


class SeenPose(msgspec.Struct, frozen=True, kw_only=True, tag="pose"):
    """The people of the picture of time `t_ms`, so that they can be drawn over it."""

    t_ms: float
    people: tuple[SeenPerson, ...]


class Taught(msgspec.Struct, frozen=True, kw_only=True, tag="taught"):
    """An action was taught, or forgotten: the answer to whoever asked for that.

    Attributes:
        label: The action.
        examples: How many examples of it the server knows now; 0 after it was forgotten.
        labels: All actions that were taught.
    """

    label: str
    examples: int = 0
    labels: tuple[str, ...] = ()


class Notice(msgspec.Struct, frozen=True, kw_only=True, tag="notice"):
    """The server tells of its own state.

    `draining`: it stops soon, and the client will resume. `not-resumed`: it could not go on with
    the lost session and says why. `new-beginning`: the client's clock was set back. `too-slow`:
    frames come too rarely for the model to speak of anybody.
    """

    code: str
    message: str = ""


class ErrorMessage(msgspec.Struct, frozen=True, kw_only=True, tag="error"):
    """Something that the client sent was refused; the stream goes on unless `fatal`."""

    code: str
    message: str
    fatal: bool = False


class Unknown(msgspec.Struct, frozen=True):
    """A message of a type that this client does not know, with all of its fields."""

    type: str
    fields: dict[str, Any]


class Reconnecting(msgspec.Struct, frozen=True, kw_only=True, tag="reconnecting"):
    """Said by the client itself: the stream is lost, attempt N follows in `delay_s`."""

    reason: str
    attempt: int
    delay_s: float


ServerMessage: TypeAlias = Welcome | Actions | Event | SeenPose | Taught | Notice | ErrorMessage
Message: TypeAlias = ServerMessage | Unknown | Reconnecting

"""The session state: one session as bytes, so that it goes on after its socket was lost.

Versioned, and of one model and one hello: what another version, another model or a client that now
declares something else would make of it is not guessed but refused with a sentence. The features of
the last minute, from which examples are taken, are not in it: they begin anew.
"""

import msgspec

from model.pose.artifact import ArtifactSpec
from service.labelling import LabellingState
from service.protocol import Actions, Event, Hello
from service.taught import TaughtAction, model_of

STATE_VERSION = 1


class NotResumed(ValueError):
    """A session cannot go on; the message is one sentence that says why."""


class SessionState(msgspec.Struct, frozen=True):
    """What a session needs to go on.

    Attributes:
        version: of this structure.
        model: what `model_of` says of the model.
        precision: of its weights.
        hello: what the client declared, without token and resume.
        session: its name.
        labelling: its frames, windows and segments.
        taught: what it was taught.
        unsent: answers and events that were certain and not handed to the socket.
        people: who is who, in the form of the session's intake.
        passed_over: answers that a slow reader was not sent.
        server: the process that kept it.
    """

    version: int
    model: str
    precision: str
    hello: Hello
    session: str
    labelling: LabellingState
    taught: tuple[TaughtAction, ...] = ()
    unsent: tuple[Actions | Event, ...] = ()
    people: bytes = b""
    passed_over: int = 0
    server: str = ""


def declared(hello: Hello) -> Hello:
    """Returns a hello without the tokens, which differ when a client comes back."""
    return msgspec.structs.replace(hello, token=None, resume=None)


def session_state(
    hello: Hello,
    spec: ArtifactSpec,
    session: str,
    labelling: LabellingState,
    taught: tuple[TaughtAction, ...] = (),
    unsent: tuple[Actions | Event, ...] = (),
    people: bytes = b"",
    passed_over: int = 0,
    server: str = "",
) -> SessionState:
    """Returns the state of a session; the arguments are as in `SessionState`."""
    return SessionState(
        STATE_VERSION,
        model_of(spec),
        spec.precision,
        declared(hello),
        session,
        labelling,
        taught,
        unsent,
        people,
        passed_over,
        server,
    )


def freeze(state: SessionState) -> bytes:
    """Returns a session as bytes."""
    return msgspec.msgpack.encode(state)


class _Head(msgspec.Struct, frozen=True):
    version: int
    model: str = ""
    precision: str = ""


def is_with(frozen: bytes, spec: ArtifactSpec) -> bool:
    """Returns whether the session in these bytes is one with this model."""
    try:
        head = msgspec.msgpack.decode(frozen, type=_Head)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return _is_of(head, spec)


def _is_of(state: _Head | SessionState, spec: ArtifactSpec) -> bool:
    return (state.model, state.precision) == (model_of(spec), spec.precision)


def thaw(frozen: bytes, hello: Hello, spec: ArtifactSpec) -> SessionState:
    """Returns a session from bytes.

    Args:
        frozen: from `freeze`, perhaps of another process or another version.
        hello: with which the client came back.
        spec: the model that would answer it.

    Raises:
        NotResumed: it is of another version, another model, or another declaration.
    """
    try:
        version = msgspec.msgpack.decode(frozen, type=_Head).version
        if version != STATE_VERSION:
            raise NotResumed(
                f"the session was kept by another version of this server ({version}, here it is "
                f"{STATE_VERSION}); it begins anew"
            )
        state = msgspec.msgpack.decode(frozen, type=SessionState)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise NotResumed("what was kept of the session cannot be read; it begins anew") from None
    if not _is_of(state, spec):
        raise NotResumed(
            f"the session was with the model {state.model}, now {model_of(spec)} answers; it "
            "begins anew"
        )
    for name in Hello.__struct_fields__:
        before, now = getattr(state.hello, name), getattr(declared(hello), name)
        if before != now:
            raise NotResumed(
                f"a session goes on as it was declared: {name} was {_shown(before)}, now it is "
                f"{_shown(now)}; it begins anew"
            )
    return state


def _shown(value: object) -> str:
    return f"{msgspec.json.encode(value).decode():.120}"

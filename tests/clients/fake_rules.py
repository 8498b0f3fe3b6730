"""What the fake server is ordered to do, and what it saw."""

from dataclasses import dataclass, field
from typing import Any

from tests.clients.fake_memory import Memory


@dataclass(frozen=True)
class Fault:
    """What one connection suffers.

    Attributes:
        after_poses: It happens once so many poses have come; 0 means in place of `welcome`.
        with_welcome: Its code closes in one piece with `welcome`, before the client can send.
        code: Closing code; None cuts the socket without a word.
        reason: Of the close.
        error: A fatal error's code and message, sent before.
        status: In place of a websocket, an HTTP answer with this status.
        location: Where that answer says to go.
        hangs: After the error, nothing more happens.
        at_lesson: It happens in place of the answer to the first lesson.
    """

    after_poses: int = 0
    code: int | None = None
    reason: str = ""
    error: tuple[str, str] | None = None
    status: int | None = None
    location: str = ""
    hangs: bool = False
    at_lesson: bool = False
    with_welcome: bool = False


@dataclass
class Timing:
    """How the fake model behaves in time."""

    hop_frames: int = 1
    lookahead_ms: float = 0.0
    label_s: float = 0.0
    answer_every: int = 1


@dataclass
class Session:
    """One connection, as the server saw it."""

    hello: dict[str, Any]
    binary: bool
    poses: list[dict[str, Any]] = field(default_factory=list)
    images: list[dict[str, Any]] = field(default_factory=list)
    labelled: list[float] = field(default_factory=list)
    came_at_s: list[float] = field(default_factory=list)
    lessons: list[dict[str, Any]] = field(default_factory=list)
    close_code: int | None = None


@dataclass
class Rules:
    """What holds for all connections of a server.

    Attributes:
        timing: Of the model.
        token: Asked for in `hello`, unless None.
        extra: Messages sent right after `welcome`, as they are.
        memory: Keeps lost sessions; without one they begin anew.
        sessions: Of all connections so far.
    """

    timing: Timing
    token: str | None
    extra: list[dict[str, Any]]
    memory: Memory | None = None
    sessions: list[Session] = field(default_factory=list)

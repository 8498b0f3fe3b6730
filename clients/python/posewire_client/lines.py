"""How a message reads as a line of text, for people, and how a stream is summed up."""

from typing import Literal

import msgspec

from posewire_client.messages import (
    Actions,
    ErrorMessage,
    Event,
    Message,
    Notice,
    PersonAction,
    Reconnecting,
    SeenPose,
    Taught,
    Unknown,
    Welcome,
)

LABEL_WIDTH = 16
WARMING = "warming"


class Summary(msgspec.Struct, frozen=True, kw_only=True, tag="summary"):
    """The last line of a played recording.

    Attributes:
        frames_sent: Frames that went out.
        labels_received: Frames that were answered.
        dropped: Frames that newer ones superseded, in the server or while disconnected.
        errors: Messages that the server refused, without ending the stream.
        reconnects: Streams opened after the first.
        seconds: From connecting to the end.
        ended: `complete`, `interrupted` (Ctrl-C), or `failed`.
    """

    frames_sent: int
    labels_received: int
    dropped: int
    errors: int
    reconnects: int
    seconds: float
    ended: Literal["complete", "interrupted", "failed"]

    def line(self) -> str:
        """The summary for people."""
        return (
            f"{self.ended}: {self.frames_sent} frames sent, {self.labels_received} labels, "
            f"{self.dropped} dropped, {self.errors} errors, {self.reconnects} reconnects, "
            f"{self.seconds:.1f} s"
        )


def lines(message: Message) -> list[str]:
    """Give the lines of one message: one a person for labels, none for a drawing, else one."""
    match message:
        case Actions():
            people = [_person(one) for one in message.people] or ["nobody"]
            return [f"{_time(message.t_ms)}  {person}" for person in people]
        case Event():
            return [f"{_time(message.t_ms)}  {_event(message)}"]
        case Welcome():
            model = message.model
            name = f"{model.name} {model.version}".rstrip()
            verb = "resumed" if message.resumed else "connected"
            taught = f", taught: {', '.join(message.taught)}" if message.taught else ""
            return [f"{verb}: {name}, {len(model.labels)} labels{taught}"]
        case SeenPose():
            return []  # it has a line by its labels
        case Taught():
            return [f"taught: {message.label}, {message.examples} examples"]
        case Notice():
            return [f"notice ({message.code}): {message.message}"]
        case ErrorMessage():
            return [f"error ({message.code}): {message.message}"]
        case Reconnecting():
            return [f"{message.reason}; attempt {message.attempt} in {message.delay_s:.1f} s"]
        case Unknown():
            return [f"message of unknown type {message.type}"]


def json_line(message: Message | Summary) -> str:
    """Give a message as one line of JSON; one of unknown type as it came."""
    content = message.fields if isinstance(message, Unknown) else message
    return msgspec.json.encode(content).decode()


def _time(t_ms: float) -> str:
    return f"{t_ms / 1000:9.3f} s"


def _person(action: PersonAction) -> str:
    known = action.known or action.label == WARMING
    label = action.label if known else f"{action.label}?"
    top = ", ".join(f"{name} {score:.2f}" for name, score in action.top)
    return f"person {action.id}  {label:<{LABEL_WIDTH}}  {action.score:.2f}  {top}".rstrip()


def _event(event: Event) -> str:
    verb = {"start": ">> {} begins", "end": "<< {} ends"}[event.event].format(event.label)
    return f"person {event.person}  {verb}  {event.score:.2f}"

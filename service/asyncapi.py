"""The socket's description in AsyncAPI 3.0, made from the messages so that it stays true."""

import inspect
import re
from typing import Any

import msgspec

from service import protocol
from service.protocol import VERSION

RECEIVED = (
    protocol.Hello,
    protocol.Pose,
    protocol.Image,
    protocol.Teach,
    protocol.Forget,
    protocol.Bye,
)
SENT = (
    protocol.Welcome,
    protocol.Actions,
    protocol.Event,
    protocol.SeenPose,
    protocol.Taught,
    protocol.Notice,
    protocol.Error,
)

CLOSING_CODES = {
    1000: "the client said bye and has every label",
    1007: "a text message was not UTF-8",
    1008: "the origin or the token is not allowed, or the client has read nothing for too long",
    1009: "a message was too large; the reason says how large it may be",
    1011: "the server failed; connect again",
    1012: "the server is stopping; connect again and resume",
    1013: "the server is full; try again later",
    4400: "the client broke the protocol, or sent nothing for too long; the error before says how",
    4409: "the session was resumed in another connection",
}


def description() -> dict[str, Any]:
    """Returns the AsyncAPI document."""
    _, schemas = msgspec.json.schema_components(
        (*RECEIVED, *SENT), ref_template="#/components/schemas/{name}"
    )
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "posewire stream",
            "version": str(VERSION),
            "description": "Poses in, action labels out. A text message is JSON, a binary message "
            "MessagePack, of one and the same schema; replies come in the encoding of the hello. "
            "Closing codes: "
            + "; ".join(f"{code}, {meaning}" for code, meaning in CLOSING_CODES.items())
            + ".",
        },
        "defaultContentType": "application/json",
        "channels": {
            "stream": {
                "address": "/v1/stream",
                "messages": {
                    _name(message): {"$ref": f"#/components/messages/{_name(message)}"}
                    for message in (*RECEIVED, *SENT)
                },
            }
        },
        "operations": {
            "receive": _operation("receive", RECEIVED),
            "send": _operation("send", SENT),
        },
        "components": {
            "messages": {
                _name(message): {
                    "summary": _words(message.__doc__ or "").splitlines()[0],
                    "payload": {"$ref": f"#/components/schemas/{message.__name__}"},
                }
                for message in (*RECEIVED, *SENT)
            },
            "schemas": {name: _described(schema) for name, schema in schemas.items()},
        },
    }


def document() -> str:
    """Returns the document as YAML, as it lies in docs/asyncapi.yaml."""
    return msgspec.yaml.encode(description()).decode()


def _described(schema: dict[str, Any]) -> dict[str, Any]:
    """A struct's schema, in which what its docstring says of a field stands with that field."""
    text, _, attributes = _words(schema.get("description", "")).partition("\n\nAttributes:\n")
    _, *named = re.split(r"^    (\w+): ", attributes, flags=re.MULTILINE)
    said = dict(zip(named[::2], (" ".join(words.split()) for words in named[1::2]), strict=True))
    properties = {
        name: shape | ({"description": said[name]} if name in said else {})
        for name, shape in schema["properties"].items()
    }
    return schema | {"description": text, "properties": properties}


def _words(docstring: str) -> str:
    """A docstring as somebody reads it who knows no Python."""
    return re.sub(r"\bNone\b", "null", inspect.cleandoc(docstring))


def _operation(action: str, messages: tuple[type[msgspec.Struct], ...]) -> dict[str, Any]:
    channel = "#/channels/stream"
    references = [{"$ref": f"{channel}/messages/{_name(message)}"} for message in messages]
    return {"action": action, "channel": {"$ref": channel}, "messages": references}


def _name(message: type[msgspec.Struct]) -> str:
    return message.__name__.lower()

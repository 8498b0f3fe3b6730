"""The codec: messages of `service.protocol` as JSON in text and as MessagePack in binary.

What cannot be read gets a sentence that names what was expected and what came.
"""

from typing import get_args

import msgspec

from service.protocol import (
    KINDS,
    TOO_LARGE,
    ClientMessage,
    Coordinates,
    Drop,
    Image,
    Refusal,
    ServerMessage,
    Up,
)

_from_json = msgspec.json.Decoder(ClientMessage)
_from_msgpack = msgspec.msgpack.Decoder(ClientMessage)
_to_json = msgspec.json.Encoder()
_to_msgpack = msgspec.msgpack.Encoder()


def check_size(size: int, limit: int) -> None:
    """Refuses a message that is too large.

    Raises:
        Refusal: it has more bytes than the limit.
    """
    if size > limit:
        raise Refusal(
            "too-large", f"a message is at most {limit} bytes, this one has {size}", TOO_LARGE
        )


_CHOICES = {
    "coordinates": get_args(Coordinates),
    "up": get_args(Up),
    "options.drop": get_args(Drop),
}
"""Fields of a hello that take one of some words."""


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
    if isinstance(message, Image) and isinstance(data, str):
        raise Refusal("image-in-text", "an image is sent in MessagePack, not in JSON")
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
    choices = _choices(str(error))
    return Refusal(
        "invalid-message", f"the message is not of the protocol: {error!s:.300}{choices}"
    )


def _choices(said: str) -> str:
    """What a field takes that was given none of it."""
    for place, choices in _CHOICES.items():
        if said.startswith("Invalid enum value") and said.endswith(f"`$.{place}`"):
            return f"; expected one of {', '.join(choices)}"
    return ""


def encode(message: ServerMessage, *, text: bool) -> str | bytes:
    """Writes a server's message: JSON as text, or MessagePack as bytes."""
    return _to_json.encode(message).decode() if text else _to_msgpack.encode(message)

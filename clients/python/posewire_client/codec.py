"""Messages to and from the frames of a websocket: JSON as text, MessagePack as binary.

Both are one schema. What the server sends and this client does not know comes out as
`Unknown`; what cannot be read at all is refused with a sentence.
"""

from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any, Literal, TypeAlias

import msgspec

from posewire_client.errors import RefusedError
from posewire_client.keypoints import Keypoints, float32_bytes, rows
from posewire_client.messages import Bye, Hello, Lesson, Message, ServerMessage, Unknown

Encoding: TypeAlias = Literal["msgpack", "json"]
Payload: TypeAlias = str | bytes
People: TypeAlias = Iterable[tuple[int | None, Keypoints]]

_KNOWN_TYPES = frozenset({"welcome", "actions", "event", "pose", "taught", "notice", "error"})


def _plain(value: object) -> int | float | list[Any]:
    """Make numbers and rows of other libraries (NumPy's scalars, say) into Python's own."""
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value)
    if isinstance(value, Iterable):
        return list(value)
    raise TypeError(f"keypoints must be numbers; found {type(value).__name__}")


class Codec:
    """One stream's encoding.

    Args:
        encoding: Of what is sent; the server answers in the same.
        columns: Numbers a joint has: 3, or 4 in metres. Needed to write a flat buffer as JSON.
    """

    def __init__(self, encoding: Encoding, columns: int) -> None:
        self._binary = encoding == "msgpack"
        self._columns = columns
        self._json_encoder = msgspec.json.Encoder(enc_hook=_plain)
        self._msgpack_encoder = msgspec.msgpack.Encoder(enc_hook=_plain)
        self._json_decoder: msgspec.json.Decoder[ServerMessage] = msgspec.json.Decoder(
            ServerMessage
        )
        self._msgpack_decoder: msgspec.msgpack.Decoder[ServerMessage] = msgspec.msgpack.Decoder(
            ServerMessage
        )

    def encode(self, message: Hello | Lesson | Bye) -> Payload:
        """Encode a message that is already whole."""
        return self._encode(message)

    def encode_pose(self, t_ms: float, people: People) -> Payload:
        """Encode one frame.

        Args:
            t_ms: The frame's time on the client's clock.
            people: The id (None to let the server count) and the keypoints of each person.

        Raises:
            TypeError: Keypoints hold something other than numbers.
            ValueError: A flat buffer does not divide into rows.
        """
        return self._encode(
            {"type": "pose", "t_ms": t_ms, "people": [self._person(*one) for one in people]}
        )

    def encode_image(self, t_ms: float, data: bytes) -> Payload:
        """Encode one picture.

        Args:
            t_ms: Its time on the client's clock.
            data: JPEG, PNG or WebP.

        Raises:
            ValueError: The stream is in JSON, which has no bytes.
        """
        if not self._binary:
            raise ValueError("pictures are sent in MessagePack; this stream's encoding is json")
        return self._encode({"type": "image", "t_ms": t_ms, "data": data})

    def decode(self, payload: Payload) -> Message:
        """Decode what the server sent, text as JSON and bytes as MessagePack.

        Raises:
            RefusedError: It is neither, or lacks what a message of its type must have.
        """
        try:
            return self._known_or_unknown(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise RefusedError(f"the server sent a message that cannot be read: {error}") from error

    def _known_or_unknown(self, payload: Payload) -> Message:
        try:
            if isinstance(payload, str):
                return self._json_decoder.decode(payload)
            return self._msgpack_decoder.decode(payload)
        except msgspec.ValidationError as error:
            return _unknown(payload, error)

    def _encode(self, message: object) -> Payload:
        if self._binary:
            return self._msgpack_encoder.encode(message)
        return self._json_encoder.encode(message).decode()

    def _person(self, person_id: int | None, keypoints: Keypoints) -> dict[str, object]:
        data = float32_bytes(keypoints)
        if data is None:
            wire: object = keypoints
        else:
            wire = data if self._binary else rows(data, self._columns)
        return {"keypoints": wire} if person_id is None else {"id": person_id, "keypoints": wire}


def _unknown(payload: Payload, error: msgspec.ValidationError) -> Unknown:
    """Tell a message of a newer server from one that is wrong."""
    if isinstance(payload, str):
        fields = msgspec.json.decode(payload)
    else:
        fields = msgspec.msgpack.decode(payload)
    kind = fields.get("type") if isinstance(fields, dict) else None
    if not isinstance(kind, str) or kind in _KNOWN_TYPES:
        raise RefusedError(f"the server sent a message against the protocol: {error}") from error
    return Unknown(type=kind, fields=fields)

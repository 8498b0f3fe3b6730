"""The messages: one schema in two encodings, and nothing that a client sends but is refused."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.codec import decode, encode
from service.protocol import (
    KINDS,
    ClientMessage,
    Event,
    Image,
    Pose,
    Refusal,
)

MESSAGES: list[dict[str, Any]] = [
    {"type": "hello", "version": 1, "layout": "coco17", "coordinates": "pixels", "size": [64, 48]},
    {
        "type": "hello",
        "version": 1,
        "layout": "kinect20",
        "coordinates": "metres",
        "up": "-z",
        "options": {"top_k": 1, "lookahead_ms": 250, "rate_limit_hz": 12.5, "drop": "never"},
    },
    {"type": "pose", "t_ms": 1234.5, "people": []},
    {"type": "pose", "t_ms": 0, "people": [{"id": 7, "keypoints": [[1.5, 2, 0.5], [0, 0, 0]]}]},
    {"type": "teach", "label": "bow", "from_ms": 100, "to_ms": 2100.5, "person": 3},
    {"type": "teach", "label": "bow", "from_ms": 100, "to_ms": 2100.5},
    {"type": "forget", "label": "bow"},
    {"type": "bye"},
]


def in_both(message: object) -> tuple[str, bytes]:
    return msgspec.json.encode(message).decode(), msgspec.msgpack.encode(message)


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: str(message["type"]))
def test_json_and_messagepack_say_the_same(message: dict[str, Any]) -> None:
    """Text is JSON, binary is MessagePack, of one schema; unknown fields are ignored."""
    text, binary = in_both(message)
    read = decode(text)
    assert type(read).__name__.lower() == message["type"]
    assert read == decode(binary)
    for data in in_both({"of_tomorrow": {"x": [1]}} | message | {"data": None}):
        assert decode(data) == read


@pytest.mark.parametrize(
    ("message", "code", "sentence"),
    [
        ({"type": "wave"}, "unknown-type", f"one of {', '.join(KINDS)}; got 'wave'"),
        ({"t_ms": 1, "people": []}, "unknown-type", f"one of {', '.join(KINDS)}; got None"),
        ({"type": "teach", "label": 5, "from_ms": 0, "to_ms": 1}, "invalid-message", "$.label"),
        ({"type": "pose", "people": []}, "invalid-message", "`t_ms`"),
        ({"type": "pose", "t_ms": "1", "people": []}, "invalid-message", "`float`, got `str`"),
        ({"type": "pose", "t_ms": True, "people": []}, "invalid-message", "got `bool`"),
        ({"type": "pose", "t_ms": 1, "people": {}}, "invalid-message", "$.people"),
        (
            {"type": "pose", "t_ms": 1, "people": [{"keypoints": [["0", 0, 1]]}]},
            "invalid-message",
            "`float`, got `str` - at `$.people[0].keypoints[0][0]`",
        ),
        (
            {"type": "pose", "t_ms": 1, "people": [{"id": 1.5, "keypoints": []}]},
            "invalid-message",
            "$.people[0].id",
        ),
        (MESSAGES[0] | {"up": "up"}, "invalid-message", "'up' - at `$.up`"),
        (MESSAGES[0] | {"size": [1, 2, 3]}, "invalid-message", "$.size"),
        (MESSAGES[0] | {"options": {"drop": "some"}}, "invalid-message", "$.options.drop"),
        ([], "invalid-message", "Expected `object`"),
    ],
)
def test_what_is_not_of_the_protocol_is_refused(message: object, code: str, sentence: str) -> None:
    """An unknown type or a mistyped field is refused, and the sentence names it and its place."""
    for data in in_both(message):
        with pytest.raises(Refusal) as refusal:
            decode(data)
        assert (refusal.value.code, refusal.value.close) == (code, None)
        assert sentence in str(refusal.value)


@pytest.mark.parametrize(
    "data",
    [
        "",
        b"",
        "{",
        '{"type":"bye"} {"type":"bye"}',
        b"\xc1",
        b"\x81\xa4type\xa2\xff\xff",
        '{"type":' * 3000,
        b"\x91" * 3000,
        b"\x83\xa4type\xa4pose\xa4t_ms\x01\xa6people\xdd\xff\xff\xff\xff",
        '{"type":"pose","people":[],"t_ms":' + "9" * 5000 + "}",
        '{"type":"hello","layout":"coco17","coordinates":"pixels","version":' + "9" * 5000 + "}",
        '{"type":"\\ud800"}',
    ],
    ids=lambda data: repr(data[:12]),
)
def test_bombs_are_refused(data: str | bytes) -> None:
    """Truncated, nested thousands deep, of promised billions or of endless digits: a sentence."""
    with pytest.raises(Refusal) as refusal:
        decode(data)
    assert len(str(refusal.value)) < 300


def test_a_refusal_does_not_repeat_a_megabyte() -> None:
    """However long a wrong value is, the sentence about it is short."""
    for field in ("type", "coordinates", "up"):
        with pytest.raises(Refusal) as refusal:
            decode(in_both(MESSAGES[1] | {field: "x" * (1 << 20)})[0])
        assert len(str(refusal.value)) < 400


@pytest.mark.parametrize("depth", range(900, 1000, 7))
def test_a_nest_at_the_brink_of_recursion_is_refused(depth: int) -> None:
    """What decodes only just must not break what says that it is wrong."""
    with pytest.raises(Refusal):
        decode('{"type":' + "[" * depth + "]" * depth + "}")


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["hello", "pose", "bye", "kinect20", "metres", "never"]),
    lambda values: (
        st.lists(values, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["type", "t_ms", "people", "keypoints", "id", "version", "layout", "options", "x"]
            ),
            values,
            max_size=6,
        )
    ),
    max_leaves=12,
)


def read_or_refused(data: str | bytes) -> ClientMessage | Refusal:
    try:
        return decode(data)
    except Refusal as refusal:
        return refusal


@given(st.text() | st.binary())
def test_arbitrary_data_gives_a_message_or_a_refusal(data: str | bytes) -> None:
    """Nothing else ever comes of bytes or text, whatever they are."""
    assert read_or_refused(data)


@given(PLAIN)
def test_arbitrary_values_give_a_message_or_a_refusal(value: object) -> None:
    """The same of well-formed JSON and MessagePack with any values where fields may stand."""
    assert read_or_refused(msgspec.json.encode(value).decode())
    try:
        packed = msgspec.msgpack.encode(value)
    except OverflowError:
        return
    assert read_or_refused(packed)


@given(st.binary(max_size=8), st.sampled_from(MESSAGES), st.integers(0, 200))
def test_a_damaged_message_gives_a_message_or_a_refusal(
    damage: bytes, message: dict[str, Any], place: int
) -> None:
    """The same of a valid MessagePack with some bytes overwritten."""
    binary = bytearray(in_both(message)[1])
    binary[place % len(binary) : place % len(binary) + len(damage)] = damage
    assert read_or_refused(bytes(binary))


def test_keypoints_as_bytes_are_those_bytes() -> None:
    """In MessagePack keypoints may be raw bytes; nothing is done to them while decoding."""
    raw = bytes(range(240))
    message = {"type": "pose", "t_ms": 1, "people": [{"keypoints": raw}]}
    read = decode(msgspec.msgpack.encode(message))
    assert isinstance(read, Pose)
    assert read.people[0].keypoints == raw


def test_an_image_is_bytes_and_comes_in_messagepack_alone() -> None:
    """A picture in JSON would be a third larger; who tries it is told the way."""
    image = {"type": "image", "t_ms": 40, "data": b"\x89PNG"}
    assert decode(msgspec.msgpack.encode(image)) == Image(40, b"\x89PNG")
    with pytest.raises(Refusal, match="an image is sent in MessagePack, not in JSON"):
        decode(msgspec.json.encode(image).decode())


def test_keypoints_as_bytes_are_base64_in_json() -> None:
    """What JSON has for bytes is base64, and it is the same keypoints."""
    message = {"type": "pose", "t_ms": 1, "people": [{"keypoints": bytes(range(240))}]}
    text, binary = in_both(message)
    assert decode(text) == decode(binary)


def test_replies_are_the_same_in_both_encodings() -> None:
    """What the server says decodes to the same fields from text and from binary, with its type."""
    event = Event("start", 3, "wave", 1234.5, 0.75)
    text, binary = encode(event, text=True), encode(event, text=False)
    assert isinstance(text, str)
    assert isinstance(binary, bytes)
    assert msgspec.json.decode(text) == msgspec.msgpack.decode(binary)
    assert msgspec.json.decode(text) == {
        "type": "event",
        "event": "start",
        "person": 3,
        "label": "wave",
        "t_ms": 1234.5,
        "score": 0.75,
    }

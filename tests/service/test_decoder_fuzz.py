"""The decoding of messages: near misses by hypothesis, and whatever a fuzzer finds by coverage.

From the bytes of a message to the windows cut of its frames nothing but a message or a refusal.
What is arbitrary, not nearly right, is in `test_protocol.py`.
"""

import json
import math
from copy import deepcopy
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.fuzz import fuzz, main, unavailable
from benchmarks.fuzz_seeds import seeds
from benchmarks.fuzzed_client import FuzzedClient, play
from service.protocol import KINDS

Message = dict[str, Any]

FEW_INPUTS = 300
FEW_SECONDS = 2

ROW = {False: [0.1, -0.2, 2.5, 1.0], True: [320.5, 240.0, 0.9]}
"""Whether in a picture → a keypoint."""


def keypoints(picture: bool) -> list[list[float]]:
    return [ROW[picture]] * (17 if picture else 20)


def valid(picture: bool) -> list[Message]:
    """A message of each kind that a client with keypoints sends."""
    where: Message = {"coordinates": "pixels", "size": [640.0, 480.0]}
    people = [{"id": 1, "keypoints": keypoints(picture)}, {"id": 2, "keypoints": []}]
    return [
        {
            "type": "hello",
            "version": 1,
            "layout": "coco17" if picture else "kinect20",
            **(where if picture else {"coordinates": "metres"}),
            "options": {"top_k": 3, "lookahead_ms": 0.0, "rate_limit_hz": 30, "hop_ms": 33.0},
        },
        {"type": "pose", "t_ms": 40.0, "people": people[:1]},
        {"type": "pose", "t_ms": 80.0, "people": people},
        {"type": "pose", "t_ms": 120.0, "people": []},
        {"type": "teach", "label": "bow", "from_ms": 0, "to_ms": 100, "person": 1},
        {"type": "forget", "label": "bow"},
        {"type": "bye"},
    ]


def nested(depth: int) -> object:
    value: object = 0.0
    for level in range(depth):
        value = [value] if level % 2 else {"x": value}
    return value


OTHER: st.SearchStrategy[object] = st.one_of(
    st.sampled_from(
        [
            *(None, True, "", "0", "NaN", "\0", "\U0010ffff", b"", b"\xff" * 240, [], {}, [[]]),
            *(math.nan, math.inf, -math.inf, -0.0, 5e-324, 1.8e308, 3.5e38, 2.0**53 + 2),
            *(-1, 2**31, 2**53 + 1, 2**63, 2**64 - 1, -(2**63)),
            *(float(2**64), 10**30, -(10**400)),
            *KINDS,
        ]
    ),
    st.integers(),
    st.floats(),
    st.text(max_size=4),
    st.binary(max_size=330),
    st.integers(1, 60).map(nested),
    st.just(nested(300)),
)
"""What stands where it should not: types swapped, too large, too deep, no number."""


def places(value: object) -> list[tuple[Any, Any]]:
    """Every field and element below a value: what holds it, and its key there."""
    inside = value.items() if isinstance(value, dict) else []
    if isinstance(value, list):
        # One row of many is enough.
        inside = list(enumerate(value))[:2]
    found = []
    for key, each in list(inside):
        found += [(value, key), *places(each)]
    return found


@st.composite
def near_valid(draw: st.DrawFn, picture: bool) -> Message:
    """A valid message of which a few fields are other values, missing, repeated or exchanged."""
    # Copies, so that what is changed in one message is changed in no other.
    message = deepcopy(draw(st.sampled_from(valid(picture))))
    for _ in range(draw(st.integers(0, 3))):
        holder, key = draw(st.sampled_from(places(message)))
        match draw(st.sampled_from(["other", "other", "drop", "repeat", "exchange"])):
            case "other":
                holder[key] = deepcopy(draw(OTHER))
            case "drop" if len(message) > 1:
                del holder[key]
            case "repeat":
                holder[key] = [deepcopy(holder[key])] * draw(st.integers(2, 40))
            case "exchange":
                elsewhere, there = draw(st.sampled_from(places(valid(picture)[1])))
                holder[key] = deepcopy(elsewhere[there])
    return message


def as_json(message: object) -> str:
    """JSON as Python writes it: with NaN, with endless integers and with lone surrogates."""
    return json.dumps(message, default=repr)


def as_messagepack(message: object) -> bytes:
    try:
        return msgspec.msgpack.encode(message)
    except OverflowError:
        # There is no such integer in MessagePack; the nearest is one that breaks off.
        return msgspec.msgpack.encode({"type": "pose", "people": []})[:-1] + b"\xcf\xff"


@pytest.mark.parametrize("picture", [False, True], ids=["metres", "pixels"])
@given(data=st.data())
def test_a_client_that_is_nearly_right_is_answered(picture: bool, data: st.DataObject) -> None:
    """A stream of near misses, in either encoding: each is a message or one short sentence.

    No window that is cut meanwhile holds anything but finite numbers.
    """
    client = FuzzedClient(picture)
    text = data.draw(st.booleans())
    for message in data.draw(st.lists(near_valid(picture), min_size=1, max_size=5)):
        assert client.take(as_json(message) if text else as_messagepack(message))


@given(st.sampled_from(seeds()), st.integers(0, 1 << 16), st.binary(min_size=1, max_size=9))
def test_a_damaged_stream_is_answered(seed: bytes, place: int, damage: bytes) -> None:
    """A valid stream of either encoding with some bytes overwritten, wherever they lie."""
    place = 1 + place % (len(seed) - 1)
    assert list(play(seed[:place] + damage + seed[place + len(damage) :]))


@pytest.mark.parametrize("seed", seeds(), ids=lambda seed: f"{seed[0]}, {len(seed)} bytes")
def test_what_fuzzing_begins_with_is_valid(seed: bytes) -> None:
    """All that it begins with is taken, but for strangers without joints and a lesson too early."""
    refused = set(play(seed)) - set(KINDS)
    assert refused <= {"wrong-keypoints", "not-taught", "bad-label"}


def test_a_fuzzer_finds_nothing_but_clean_refusals() -> None:
    """For a second or two; `python -m benchmarks.fuzz` goes on for as long as one likes."""
    if reason := unavailable():
        pytest.skip(reason)
    found = fuzz(FEW_SECONDS, FEW_INPUTS)
    assert found.fault is None
    assert found.inputs >= min(FEW_INPUTS, len(seeds()))
    assert found.edges > 100


def test_a_fault_is_found_and_shown() -> None:
    """A loop with a fault in it: the traceback and the very input are reported."""
    if reason := unavailable():
        pytest.skip(reason)
    found = fuzz(FEW_SECONDS, loop="tests.service.faulty_fuzz_loop")
    assert found.fault is not None
    assert "ZeroDivisionError: nobody forgets" in found.fault.said
    assert b"forget" in found.fault.input


@pytest.mark.parametrize("seconds", ["0", "-1", "soon", "1e3", "99999999"])
def test_a_time_that_is_none_is_refused(seconds: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence, and status 2."""
    with pytest.raises(SystemExit) as ended:
        main(["--seconds", seconds])
    assert ended.value.code == 2
    assert f"expected 1 to 86400, got '{seconds}'" in capsys.readouterr().err

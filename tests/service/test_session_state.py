"""A session that lost its socket goes on as if it had not: here, or in another process."""

import contextlib
from dataclasses import replace

import msgspec
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.labelling import Labelling, Said
from service.protocol import Hello, Options, Refusal, Teach
from service.session_state import NotResumed, declared, freeze, session_state, thaw
from service.taught import packed, unpacked
from service.teaching import Teaching
from tests.service.artifacts import KINECT
from tests.service.bodies import STEP_MS, body
from tests.service.labelled import Frame, labelling_of, play, push, said_of


def hello_of(options: Options) -> Hello:
    return Hello(1, "kinect20", "metres", options=options)


def frozen(labelling: Labelling, options: Options) -> bytes:
    taught = packed(labelling.teaching.actions)
    state = session_state(hello_of(options), KINECT, "a1", labelling.state(), taught)
    return freeze(state)


def thawed(data: bytes, options: Options) -> Labelling:
    state = thaw(data, hello_of(options), KINECT)
    labelling = labelling_of(KINECT, options, Teaching(KINECT, 5, unpacked(state.taught)))
    labelling.restore(state.labelling)
    return labelling


@st.composite
def movements(draw: st.DrawFn) -> list[Frame]:
    """A hand that goes up and down for a while each, with gaps and a clock that is set back."""
    frames: list[Frame] = []
    time_ms = 5000.0
    for _ in range(draw(st.integers(1, 5))):
        time_ms += draw(st.sampled_from([STEP_MS, 500.0, 900.0, 1500.0, -4000.0]))
        height = draw(st.sampled_from([-1.0, 0.5]))
        people = draw(st.sets(st.integers(0, 1), min_size=1))
        for _ in range(draw(st.integers(1, 25))):
            frames.append((time_ms, {who: body(KINECT, left=height + who / 9) for who in people}))
            time_ms += STEP_MS
    return frames


def heard(labelling: Labelling, frames: list[Frame]) -> list[Said]:
    """Frames in, all said out; frames that are refused are passed over."""
    said: list[Said] = []
    for frame in frames:
        with contextlib.suppress(Refusal):
            said += push(labelling, frame)
    return said


SET_BACK: list[Frame] = [
    (time_ms, {0: body(KINECT, left=0.5)})
    for time_ms in (*range(5000, 5600, 33), *range(0, 600, 33))
]


@example(frames=SET_BACK, cut=22, options=Options(drop="never"))
@settings(max_examples=40)
@given(
    frames=movements(),
    cut=st.integers(0, 125),
    options=st.builds(
        Options,
        lookahead_ms=st.sampled_from([None, 100.0, 300.0]),
        hop_ms=st.sampled_from([None, 100.0]),
        rate_limit_hz=st.sampled_from([None, 10.0]),
        drop=st.sampled_from(["oldest", "never"]),
    ),
)
def test_a_session_that_was_cut_says_what_one_that_was_not_says(
    frames: list[Frame], cut: int, options: Options
) -> None:
    """Labels, scores, events and counts are the same, wherever the socket was lost."""
    whole, before = labelling_of(options=options), labelling_of(options=options)
    expected = heard(whole, frames)
    expected += said_of(whole, whole.finish())
    said = heard(before, frames[:cut])
    after = thawed(frozen(before, options), options)
    said += heard(after, frames[cut:])
    said += said_of(after, after.finish())
    assert said == expected
    assert (after.dropped, after.newest_ms) == (whole.dropped, whole.newest_ms)


def test_what_was_taught_is_still_known() -> None:
    """An action that was taught before the socket was lost is recognised after it."""
    options = Options(drop="never")
    labelling = labelling_of(options=options)
    still = [(n * STEP_MS, {1: body(KINECT, left=0.2 * np.sin(n))}) for n in range(150)]
    bow = [((150 + n) * STEP_MS, {1: body(KINECT, right=0.9 + n / 200)}) for n in range(60)]
    for frame in (*still, *bow):
        push(labelling, frame)
    teach = Teach("bow", 150 * STEP_MS, 209 * STEP_MS)
    labelling.teaching.learn(teach, labelling.teaching.example(teach))
    again = thawed(frozen(labelling, options), options)
    more = [((210 + n) * STEP_MS, {1: body(KINECT, right=0.9 + n / 200)}) for n in range(30)]
    said = play(again, more)
    assert said == play(labelling, more)
    assert "'bow'" in repr(said)


def test_a_session_of_something_else_is_refused_with_a_sentence() -> None:
    """Another version, model, declaration, or bytes that are none: what was, and what is now."""
    options = Options(drop="never")
    data = frozen(labelling_of(), options)
    hello = hello_of(options)
    trained = replace(KINECT, provenance=replace(KINECT.provenance, checkpoint_sha256="ab" * 32))
    newer = msgspec.msgpack.encode({**msgspec.msgpack.decode(data), "version": 2})
    other = msgspec.structs.replace(hello, up="z")
    for bad, said, spec, sentence in [
        (newer, hello, KINECT, r"by another version of this server \(2, here it is 1\)"),
        (data, hello, trained, r"with the model hands 1 \(unnamed weights\), now hands 1 \(abab"),
        (data, other, KINECT, r'as it was declared: up was "y", now it is "z"'),
        (data[:-9], hello, KINECT, "cannot be read"),
        (b"\xc1", hello, KINECT, "cannot be read"),
    ]:
        with pytest.raises(NotResumed, match=sentence):
            thaw(bad, said, spec)


def test_tokens_are_not_part_of_what_was_declared() -> None:
    """A client comes back with another token, and no token is kept."""
    hello = hello_of(Options())
    came_back = msgspec.structs.replace(hello, token="secret", resume="xyz")
    assert declared(came_back) == hello
    state = labelling_of().state()
    assert b"secret" not in freeze(session_state(came_back, KINECT, "a1", state))

"""A label stream that goes on from its state answers as if nothing had happened."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.pose.stream import FrameAnswer, LabelStream
from model.pose.stream_state import StreamState
from tests.model.pose.spelling import KINECT, Keypoints, pose_of, spelled, spelling_spec

Frame = tuple[float, dict[int, Keypoints]]


def run(stream: LabelStream, frames: list[Frame], drop: bool) -> list[FrameAnswer]:
    """Frames in; the network has time at uneven moments, so that some windows are late."""
    answers = []
    for time_ms, people in frames:
        stream.push(time_ms, people)
        if round(time_ms) % 2 and (due := stream.due(drop_superseded=drop)):
            answers += stream.answers(due, spelled(due, SPEC))
    return answers


SPEC = spelling_spec()


@st.composite
def streams(draw: st.DrawFn) -> list[Frame]:
    """Frames of up to three people who come and go, at uneven times with gaps."""
    lost = draw(st.sampled_from([0.0, 0.4]))
    rng = np.random.default_rng(draw(st.integers(0, 99)))

    def pose(number: int) -> Keypoints:
        rows = pose_of(number)
        rows[rng.random(len(rows)) < lost] = 0
        return rows

    steps_ms = draw(st.lists(st.sampled_from([7.0, 33.0, 40.0, 400.0, 1200.0]), min_size=2))
    times_ms = np.cumsum(steps_ms)
    return [
        (time_ms, {who: pose(number + 7 * who) for who in draw(st.sets(st.integers(0, 2)))})
        for number, time_ms in enumerate(times_ms.tolist())
    ]


@given(
    frames=streams(),
    cuts=st.sets(st.integers(0, 30), max_size=3),
    hop=st.integers(1, 4),
    hop_ms=st.none() | st.sampled_from([33.0, 100.0]),
    lookahead=st.integers(0, 6),
    drop=st.booleans(),
)
def test_a_stream_that_was_cut_answers_as_one_that_was_not(
    frames: list[Frame],
    cuts: set[int],
    hop: int,
    hop_ms: float | None,
    lookahead: int,
    drop: bool,
) -> None:
    """Anywhere, several times, through bytes: same answers, same counts, same next state."""
    spec = replace(SPEC, hop_frames=hop, lookahead_frames=lookahead)

    def new() -> LabelStream:
        return LabelStream(spec, KINECT, hop_ms=hop_ms)

    whole, cut = new(), new()
    expected, answers = run(whole, frames, drop), []
    ends = sorted({min(end, len(frames)) for end in cuts} | {len(frames)})
    for first, end in zip([0, *ends], ends, strict=False):
        answers += run(cut, frames[first:end], drop)
        kept = msgspec.msgpack.encode(cut.state())
        cut = new()
        cut.restore(msgspec.msgpack.decode(kept, type=StreamState))
    assert answers == expected
    assert cut.state() == whole.state()
    left, expected_left = cut.finish(), whole.finish()
    assert (left is None) == (expected_left is None)
    if left is not None and expected_left is not None:
        np.testing.assert_array_equal(left.clips, expected_left.clips)


def test_a_state_of_another_layout_is_refused() -> None:
    """Bytes that are not of so many joints are no windows; and neither are missing ones."""
    stream = LabelStream(SPEC, KINECT)
    stream.push(0.0, {1: pose_of(1)})
    state = stream.state()
    (window,) = state.windows
    shorter = msgspec.structs.replace(window, keypoints=window.keypoints[:-16])
    with pytest.raises(ValueError, match="a window of 1 frames of 20 joints has 80 numbers, this"):
        LabelStream(SPEC, KINECT).restore(msgspec.structs.replace(state, windows=(shorter,)))
    with pytest.raises(ValueError, match="names a window that it does not hold"):
        LabelStream(SPEC, KINECT).restore(msgspec.structs.replace(state, windows=()))


def test_a_hop_by_time_runs_as_often_whatever_the_rate() -> None:
    """With a hop of 100 ms ten windows a second are run at 20, 30 and 60 Hz for all frames."""
    for rate_hz in (20, 30, 60):
        stream, runs, answered = LabelStream(SPEC, KINECT, hop_ms=100.0), 0, 0
        for frame in range(4 * rate_hz):
            stream.push(frame * 1000 / rate_hz, {1: pose_of(frame)})
            if due := stream.due():
                runs, answered = runs + 1, answered + len(due.frames)
        assert runs == 40
        assert answered == (4 * rate_hz - 1) // (rate_hz // 10) * (rate_hz // 10) + 1


def test_a_hop_by_time_that_never_happened_is_counted() -> None:
    """A run that comes two hops late answers its own hop, and counts the one before."""
    stream = LabelStream(SPEC, KINECT, hop_ms=100.0)
    frames = [(frame * 50.0, {1: pose_of(frame)}) for frame in range(6)]
    stream.push(*frames[0])
    first = stream.due(drop_superseded=True)
    assert first is not None
    assert stream.dropped == 0
    for frame in frames[1:5]:
        stream.push(*frame)
    late = stream.due(drop_superseded=True)
    assert late is not None
    assert [frame.time_ms for frame in late.frames] == [150.0, 200.0]
    assert stream.dropped == 2
    stream.push(*frames[5])
    assert stream.due(drop_superseded=True) is None

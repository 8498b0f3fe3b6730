"""The window: a plain second implementation, and the rule that a stream equals its recording."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from model.pose.window import HOLD_MS, MAX_GAP_MS, PoseWindow, WindowSpec, resampled

JOINTS = 3
EPOCH_MS = 1_763_700_000_123.25
"""A clock that counts from 1970, as browsers' do: doubles there are 0.0002 ms apart."""


@dataclass(frozen=True)
class Recording:
    """Times (N,) in milliseconds and keypoints (N, V, 4)."""

    times_ms: NDArray[np.float64]
    keypoints: NDArray[np.float32]


def _recording(times_ms: NDArray[np.float64], seed: int = 0, lost: float = 0.0) -> Recording:
    """Random keypoints at these times; missing joints are zeros."""
    rng = np.random.default_rng(seed)
    keypoints = rng.normal(size=(len(times_ms), JOINTS, 4)).astype(np.float32)
    keypoints[..., 3] = rng.uniform(0.1, 1, keypoints.shape[:2])
    keypoints[rng.random(keypoints.shape[:2]) < lost] = 0
    return Recording(times_ms, keypoints)


@st.composite
def recordings(draw: st.DrawFn) -> Recording:
    """A client of 5 to 120 Hz with jitter, now and then a gap, on a clock of its own."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count = draw(st.integers(1, 80))
    step_ms = 1000 / draw(st.floats(5, 120))
    jitter = draw(st.sampled_from([0.0, 0.3, 0.9]))
    steps_ms = step_ms * (1 + jitter * rng.uniform(-1, 1, count))
    gaps = rng.random(count) < draw(st.sampled_from([0.0, 0.1]))
    steps_ms[gaps] += rng.uniform(100, 3000, gaps.sum())
    start_ms = draw(st.sampled_from([0.0, 17.3, EPOCH_MS]))
    lost = draw(st.sampled_from([0.0, 0.3]))
    return _recording(start_ms + np.cumsum(steps_ms), int(rng.integers(2**32)), lost)


specs = st.builds(
    WindowSpec,
    frames=st.integers(2, 40),
    rate_hz=st.sampled_from([5.0, 13.5, 15.0, 30.0, 60.0, 120.0]),
    max_gap_ms=st.sampled_from([40.0, 250.0, MAX_GAP_MS]),
)


def _plainly_held(recording: Recording) -> list[list[list[float]]]:
    """Each frame with the joints that it lacks as they were last seen, if that is not long ago."""
    frames: list[list[list[float]]] = []
    for number, time_ms in enumerate(recording.times_ms):
        rows = recording.keypoints[number].tolist()
        for joint in range(JOINTS):
            seen = np.flatnonzero(recording.keypoints[: number + 1, joint, 3] > 0)
            if len(seen) and time_ms - recording.times_ms[seen[-1]] <= HOLD_MS + 0.001:
                rows[joint] = recording.keypoints[seen[-1], joint].tolist()
        frames.append(rows)
    return frames


def _plain(recording: Recording, end_ms: float, spec: WindowSpec) -> NDArray[np.float64]:
    """The window by the words of the design, one sample and one joint at a time."""
    times_ms = recording.times_ms.tolist()
    frames = list(zip(times_ms, _plainly_held(recording), strict=True))
    window = np.zeros((spec.frames, JOINTS, 4))
    for place in range(spec.frames):
        time_ms = end_ms - (spec.frames - 1 - place) * 1000 / spec.rate_hz
        there = [rows for at_ms, rows in frames if abs(at_ms - time_ms) <= 0.001]
        before = [frame for frame in frames if frame[0] < time_ms]
        after = [frame for frame in frames if frame[0] > time_ms]
        for joint in range(JOINTS):
            if there:
                window[place, joint] = np.array(there[0][joint]) * (there[0][joint][3] > 0)
            elif before and after and after[0][0] - before[-1][0] <= spec.max_gap_ms:
                (early_ms, early), (late_ms, late) = before[-1], after[0]
                if early[joint][3] > 0 and late[joint][3] > 0:
                    share = (time_ms - early_ms) / (late_ms - early_ms)
                    ends = np.array(early[joint]), np.array(late[joint])
                    window[place, joint] = (1 - share) * ends[0] + share * ends[1]
    return window


@given(recording=recordings(), spec=specs, data=st.data())
def test_resampling_agrees_with_a_plain_implementation(
    recording: Recording, spec: WindowSpec, data: st.DataObject
) -> None:
    """Interpolated between real samples, joint by joint, never across a gap, never beyond."""
    end_ms = recording.times_ms[data.draw(st.integers(0, len(recording.times_ms) - 1))]
    end_ms += data.draw(st.sampled_from([0.0, 0.0, 12.5, 2000.0]))
    window = resampled(recording.times_ms, recording.keypoints, end_ms, spec)
    np.testing.assert_allclose(window, _plain(recording, end_ms, spec), atol=1e-4)


@given(recording=recordings(), spec=specs, later_ms=st.sampled_from([0.0, 3.0, 500.0]))
def test_a_stream_gives_the_windows_of_its_whole_recording(
    recording: Recording, spec: WindowSpec, later_ms: float
) -> None:
    """Bit by bit, at every frame: so what comes later never changes an earlier window."""
    times_ms, keypoints = recording.times_ms, recording.keypoints
    stream = PoseWindow(spec, JOINTS)
    for count, (time_ms, rows) in enumerate(zip(times_ms, keypoints, strict=True), start=1):
        assert stream.push(time_ms, rows)
        whole = resampled(times_ms, keypoints, time_ms, spec)
        np.testing.assert_array_equal(stream.window(), whole)
        so_far = resampled(times_ms[:count], keypoints[:count], time_ms + later_ms, spec)
        np.testing.assert_array_equal(stream.window(time_ms + later_ms), so_far)
        held = np.sum(times_ms[:count] >= time_ms + later_ms - spec.span_ms - 0.001)
        assert stream.samples(time_ms + later_ms) == held


def test_a_client_of_a_thousand_hertz_stays_right() -> None:
    """Far more frames than a window has samples: the buffer grows, slides and forgets nothing."""
    rng = np.random.default_rng(1)
    fast_ms = np.cumsum(rng.uniform(0.8, 1.2, 7000))
    slow_ms = fast_ms[-1] + 5000 + np.arange(1, 1200) * 40.0
    recording = _recording(np.concatenate((fast_ms, slow_ms)), 2, lost=0.1)
    spec = WindowSpec(frames=64, rate_hz=30)
    stream = PoseWindow(spec, JOINTS)
    for count, time_ms in enumerate(recording.times_ms):
        stream.push(time_ms, recording.keypoints[count])
        if count % 97 == 0:
            whole = resampled(recording.times_ms, recording.keypoints, time_ms, spec)
            np.testing.assert_array_equal(stream.window(), whole)
    assert stream.samples() == 53  # 40 ms apart within 2,100 ms.


@pytest.mark.parametrize("start_ms", [0.0, 0.1, 1234.567, EPOCH_MS])
@pytest.mark.parametrize("rate_hz", [13.5, 15.0, 30.0, 60.0])
def test_a_client_of_the_windows_own_rate_gets_its_frames_back(
    start_ms: float, rate_hz: float
) -> None:
    """As they are and all of them: rounding loses none at the start or at the rim of a gap."""
    spec = WindowSpec(frames=16, rate_hz=rate_hz, warm_samples=16)
    numbers = np.concatenate((np.arange(40), np.arange(100, 140)))
    recording = _recording(start_ms + numbers * 1000 / rate_hz, 3)
    stream = PoseWindow(spec, JOINTS)
    for count, time_ms in enumerate(recording.times_ms):
        stream.push(time_ms, recording.keypoints[count])
        expected = np.zeros((16, JOINTS, 4), np.float32)
        for place, number in enumerate(range(numbers[count] - 15, numbers[count] + 1)):
            if number in numbers:
                expected[place] = recording.keypoints[numbers.tolist().index(number)]
        np.testing.assert_array_equal(stream.window(), expected)
        assert stream.warm() == (expected[..., 3] > 0).all()


def test_a_gap_stays_a_gap() -> None:
    """A silence of the limit is interpolated across, a longer one leaves its samples missing."""
    spec = WindowSpec(frames=12, rate_hz=10, max_gap_ms=500)
    recording = _recording(np.array([0.0, 500.0, 1001.0, 1100.0]), 4)
    window = resampled(recording.times_ms, recording.keypoints, 1100.0, spec)
    present = (window[..., 3] > 0).all(axis=1).tolist()
    assert present == [True] * 6 + [False] * 5 + [True]
    middle = (recording.keypoints[0] + recording.keypoints[1]) / 2
    np.testing.assert_allclose((window[2] + window[3]) / 2, middle, atol=1e-6)


def test_a_joint_that_flickers_stays_and_one_that_is_lost_goes() -> None:
    """It is held for a quarter of a second, to the millisecond, and is then all zeros."""
    recording = _recording(np.array([0.0, 100.0, 250.0, 350.0, 450.0, 500.0]), 5)
    recording.keypoints[1:5, 0] = (9, 9, 9, 0)
    spec = WindowSpec(frames=11, rate_hz=20)
    window = resampled(recording.times_ms, recording.keypoints, 500.0, spec)
    np.testing.assert_array_equal(window[:6, 0], np.tile(recording.keypoints[0, 0], (6, 1)))
    assert not window[6:10, 0].any()
    np.testing.assert_array_equal(window[10, 0], recording.keypoints[5, 0])
    assert (window[:, 1:, 3] > 0).all()


def test_a_joint_is_not_held_across_a_silence() -> None:
    """Who comes back without a joint has not got it, however short the silence for a gap."""
    recording = _recording(np.array([0.0, 251.0, 301.0]), 5)
    recording.keypoints[1:, 0] = 0
    window = resampled(recording.times_ms, recording.keypoints, 301.0, WindowSpec(7, 20))
    assert not window[1:, 0].any()
    assert (window[2:, 1:, 3] > 0).all()


def test_a_stream_holds_what_was_seen_before_its_window_began() -> None:
    """The frames that are kept reach back far enough, before a window of two frames as well."""
    times_ms = np.arange(20, dtype=np.float64) * 40.0
    recording = _recording(times_ms, 6)
    recording.keypoints[10:, 0] = 0
    stream, spec = PoseWindow(WindowSpec(2, 30), JOINTS), WindowSpec(2, 30)
    shown = []
    for time_ms, rows in zip(times_ms, recording.keypoints, strict=True):
        stream.push(time_ms, rows)
        whole = resampled(times_ms, recording.keypoints, time_ms, spec)
        np.testing.assert_array_equal(stream.window(), whole)
        shown.append(bool(stream.window()[-1, 0, 3] > 0))
    assert shown == [True] * 16 + [False] * 4


def test_nothing_recorded_is_an_empty_window() -> None:
    """A recording without frames gives zeros, not an error."""
    empty = resampled(np.empty(0), np.empty((0, JOINTS, 4), np.float32), 0.0, WindowSpec(8, 30))
    assert empty.shape == (8, JOINTS, 4)
    assert not empty.any()


@given(recording=recordings(), back_ms=st.floats(0, 1e4), data=st.data())
def test_time_that_does_not_go_forward_is_refused_and_counted(
    recording: Recording, back_ms: float, data: st.DataObject
) -> None:
    """A duplicate or a step back leaves the window as it was."""
    spec = WindowSpec(frames=20, rate_hz=30)
    stream = PoseWindow(spec, JOINTS)
    assert stream.newest_ms is None
    for time_ms, rows in zip(recording.times_ms, recording.keypoints, strict=True):
        stream.push(time_ms, rows)
    before, samples = stream.window(), stream.samples()
    times = data.draw(st.integers(1, 3))
    for _ in range(times):
        assert not stream.push(recording.times_ms[-1] - back_ms, np.ones((JOINTS, 4), np.float32))
    assert stream.refused == times
    assert stream.newest_ms == recording.times_ms[-1]
    assert stream.samples() == samples
    np.testing.assert_array_equal(stream.window(), before)


def test_warming_up_is_explicit() -> None:
    """Warm with the sixteenth real sample in the window, and cold again as they leave it."""
    spec = WindowSpec(frames=64, rate_hz=30)
    stream = PoseWindow(spec, JOINTS)
    rows = np.ones((JOINTS, 4), np.float32)
    with pytest.raises(ValueError, match="none has come yet"):
        stream.window()
    for number in range(15):
        stream.push(number * 100.0, rows)
        assert not stream.warm()
    stream.push(1500.0, rows)
    assert stream.warm()
    assert stream.warm(2100.0)
    assert not stream.warm(2101.0)
    with pytest.raises(ValueError, match=r"cannot end at 1499\.0 ms, before its newest frame"):
        stream.window(1499.0)


@given(
    spec=specs,
    end_ms=st.sampled_from([0.0, 5000.5, EPOCH_MS]),
    behind=st.floats(-0.4, 60),
)
def test_a_label_is_read_at_the_position_nearest_in_time(
    spec: WindowSpec, end_ms: float, behind: float
) -> None:
    """Of all T positions; a frame from before the window is nearest to the oldest."""
    frame_ms = end_ms - behind * spec.step_ms
    times_ms = end_ms - np.arange(spec.frames - 1, -1, -1) * spec.step_ms
    away_ms = np.abs(times_ms - frame_ms)
    assert away_ms[spec.position(frame_ms, end_ms)] <= away_ms.min() + 0.001


def test_every_duration_is_derived_from_the_one_declaration() -> None:
    """Span, hop and look-ahead follow from frames and rate."""
    spec = WindowSpec(frames=64, rate_hz=15, hop_frames=3, lookahead_frames=6)
    assert spec.step_ms == pytest.approx(66.6667, abs=1e-4)
    assert spec.span_ms == pytest.approx(4200)
    assert spec.hop_ms == pytest.approx(200)
    assert spec.lookahead_ms == pytest.approx(400)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ((1, 30.0), "a window has at least 2 frames, got 1"),
        ((64, 0.0), r"a window's rate is from 1 to 240 Hz, got 0\.0"),
        ((64, 241.0), r"a window's rate is from 1 to 240 Hz, got 241\.0"),
        ((64, float("nan")), "a window's rate is from 1 to 240 Hz, got nan"),
        ((64, 30.0, 0), "a hop is from 1 to 64 frames, got 0"),
        ((64, 30.0, 65), "a hop is from 1 to 64 frames, got 65"),
        ((64, 30.0, 1, 0, 0.0), r"the longest gap is above 0 ms, got 0\.0"),
        ((64, 30.0, 1, 0, 850.0, 0), "a window is warm with at least 1 sample, got 0"),
        ((64, 30.0, 1, 64), "a look-ahead is from 0 to 63 frames, got 64"),
        ((64, 30.0, 1, -1), "a look-ahead is from 0 to 63 frames, got -1"),
    ],
)
def test_timing_that_no_window_can_have_is_refused(
    values: tuple[int, float], sentence: str
) -> None:
    """One sentence says what was expected and what came."""
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        WindowSpec(*values)

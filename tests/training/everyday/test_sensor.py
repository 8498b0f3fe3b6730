"""Webcam and estimator together: recordings in space become what an estimator would give."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.pose.layout import layout_named
from model.pose.mapping import layout_mapping
from tests.training.everyday.bodies import BODY, PARTS, at, standing, waving
from training.everyday.body import Stance
from training.everyday.camera import CameraRange
from training.everyday.clock import ClockRange
from training.everyday.errors import NO_ERRORS
from training.everyday.sensor import Sensor

TIMES_MS = np.arange(300) * 1000 / 30


@settings(max_examples=40)
@given(st.integers(0, 2**31), st.integers(0, 12), st.integers(2, 300))
def test_what_is_seen_is_what_the_wire_takes(seed: int, missing: int, frames: int) -> None:
    """Finite float32, times strictly increasing, score 0 if and only if missing, scores to 1.

    A joint that the recording lacks stays missing, under whichever name the picture has it.
    """
    rows = waving(frames, 30)
    if PARTS.kinds[missing] not in ("shoulder", "hip"):
        rows[:, missing] = 0
    seen = Sensor(BODY).see(TIMES_MS[:frames], rows, np.random.default_rng(seed))
    absent = seen.keypoints[..., 3] == 0
    place = BODY.mirror[missing] if seen.mirrored else missing

    assert seen.keypoints.dtype == np.float32
    assert np.isfinite(seen.keypoints).all()
    assert (np.diff(seen.times_ms) > 0).all()
    assert not seen.keypoints[absent].any()
    assert not seen.keypoints[..., 2].any()
    assert seen.keypoints[..., 3].max() <= 1
    assert len(seen.times_ms) == len(seen.keypoints) == len(seen.frames)
    assert (np.abs(TIMES_MS[seen.frames] - seen.times_ms) <= 1000 / 60 + 1e-6).all()
    if not rows[:, missing].any():
        assert absent[:, place].all()


def test_the_same_generator_sees_the_same() -> None:
    """State for state; another sees another."""
    sensor, rows = Sensor(BODY), waving(300, 30)
    first, again, other = (
        sensor.see(TIMES_MS, rows, np.random.default_rng(seed)) for seed in (7, 7, 8)
    )
    np.testing.assert_array_equal(first.keypoints, again.keypoints)
    np.testing.assert_array_equal(first.times_ms, again.times_ms)
    assert first.keypoints.shape != other.keypoints.shape


def test_a_left_hand_lifted_is_the_right_one_of_a_mirrored_picture() -> None:
    """So a label with a side follows `mirrored`: the hand that is seen above the head says so."""
    rows = standing(300)
    rows[:, at("left_wrist"), 1] = 1.9
    generator = np.random.default_rng(0)
    limits = CameraRange(body_share=(0.4, 0.6))
    sensor = Sensor(BODY, limits, errors=NO_ERRORS)
    flags = set()
    for _ in range(20):
        seen = sensor.see(TIMES_MS, rows, generator)
        above = seen.keypoints[..., 1] < seen.keypoints[:, :1, 1]
        assert above[:, at("right_wrist" if seen.mirrored else "left_wrist")].all()
        assert not above[:, at("left_wrist" if seen.mirrored else "right_wrist")].any()
        flags.add(seen.mirrored)
    assert flags == {False, True}


def test_without_errors_it_is_the_picture_of_the_same_camera() -> None:
    """Sensor and camera agree: nothing is lost between the parts."""
    rows, clocks = waving(300, 30), ClockRange((30, 30), 0, 0)
    seen = Sensor(BODY, clocks=clocks, errors=NO_ERRORS).see(
        TIMES_MS, rows, np.random.default_rng(3)
    )
    camera = CameraRange().draw(Stance.of(rows, PARTS), np.random.default_rng(3))
    picture = camera.take(rows[seen.frames], PARTS)

    assert seen.size == camera.size
    others = [joint for joint in range(13) if "wrist" not in BODY.joints[joint]]
    np.testing.assert_allclose(
        seen.keypoints[:, others], picture.keypoints[:, others], rtol=1e-4, atol=1e-2
    )


def test_kinect_is_seen_through_the_layout_of_the_model() -> None:
    """Recordings map to body13 in space first; its joints are of the kinds that errors go by."""
    kinect, body13 = layout_named("kinect20"), layout_named("body13")
    mapped = layout_mapping(kinect, body13)
    rows = np.zeros((300, 20, 4), np.float32)
    for place, name in enumerate(BODY.joints):
        rows[:, kinect.joints.index(name)] = standing(300)[:, place]
    seen = Sensor(body13).see(TIMES_MS, mapped(rows), np.random.default_rng(0))

    assert mapped.missing == ()
    assert (seen.keypoints[..., 3] > 0).any(axis=0).all()


def test_a_stream_without_a_body_is_refused() -> None:
    """One sentence, no empty picture."""
    with pytest.raises(ValueError, match="expected frames with both shoulders and both hips"):
        Sensor(BODY).see(TIMES_MS, standing(300) * 0, np.random.default_rng(0))

"""Joining: bodies meet in hips and facing, move on as they moved, and keep their bones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.training.everyday.made_up import STILL_FRAMES, motion
from training.everyday.bones import bone_lengths, reshaped
from training.everyday.joining import met, to_and_fro, transition, turned
from training.everyday.posture import extent, facing_radians, near, posture
from training.everyday.sources import PELVIS, RATE_HZ

WALK, WAVE, SIT = (motion(label, 75, seed) for seed, label in enumerate(("walk", "wave", "sit")))


@given(st.floats(-3, 3))
def test_turning_adds_to_the_facing(radians: float) -> None:
    """The figure faces -z, which is half a turn; turning it adds the angle."""
    facing = facing_radians(turned(WAVE, radians)[0])
    assert np.cos(facing - np.pi - radians) == pytest.approx(1, abs=1e-3)


@given(frames=st.integers(9, 24), turn=st.floats(-2, 2), other=st.floats(-3, 3))
def test_a_transition_keeps_bones_and_meets_hips_and_facing(
    frames: int, turn: float, other: float
) -> None:
    """Whatever way the next piece faced: bones stay within 1 cm, none jumps, the turn is made."""
    before = WALK[:40]
    after = met(before, turned(WAVE, other), frames, turn)
    between = transition(before, after, frames)
    whole = np.concatenate([before, between, after])
    lengths = np.median(bone_lengths(WALK[..., :3]), axis=0)
    assert np.abs(bone_lengths(between[..., :3])[:, 1:] - lengths[1:]).max() < 0.01
    assert np.linalg.norm(np.diff(whole[..., :3], axis=0), axis=-1).max() * RATE_HZ < 6
    assert np.cos(facing_radians(after[0]) - facing_radians(before[-1]) - turn) > 0.999
    # Walking at 1.2 m/s into standing: the hips go on at half of that, the mean of both.
    way = np.linalg.norm((after[0] - before[-1])[PELVIS, [0, 2]])
    assert way == pytest.approx(0.6 * (frames + 1) / RATE_HZ, abs=0.05)


def test_a_transition_goes_on_as_the_body_moved() -> None:
    """Its first and last steps are those of the motions that it joins, and never does it stop."""
    before, after = WALK[:40], WALK[30:]
    after = met(before, after, 15, 0.0)
    whole = np.concatenate([before, transition(before, after, 15), after])
    speed = np.linalg.norm(np.diff(whole[:, PELVIS, :3], axis=0), axis=-1) * RATE_HZ
    np.testing.assert_allclose(speed[25:65], 1.2, atol=0.25)


@given(start=st.floats(0, 20), speed=st.floats(0.5, 1.3))
def test_to_and_fro_never_jumps_and_never_freezes(start: float, speed: float) -> None:
    """A ramp played to and fro is a triangle of the same steps, but for where it turns."""
    ramp = np.zeros((11, 20, 4), np.float32)
    ramp[..., 0] = np.arange(11)[:, None]
    heights = to_and_fro(ramp, 200, start, speed)[:, 0, 0]
    steps = np.abs(np.diff(heights))
    assert heights.min() >= 0
    assert heights.max() <= 10
    assert steps.max() <= speed + 1e-4
    assert np.mean(steps > 0.99 * speed) > 0.8


def test_other_bones_keep_the_pose() -> None:
    """Twice as long bones make a body twice as large in the same pose, about its root."""
    lengths = bone_lengths(WAVE[..., :3])
    np.testing.assert_allclose(reshaped(WAVE[..., :3], lengths), WAVE[..., :3], atol=1e-5)
    doubled = reshaped(WAVE[..., :3], 2 * lengths)
    root = WAVE[:, [2], :3]
    np.testing.assert_allclose(doubled - root, 2 * (WAVE[..., :3] - root), atol=1e-4)


def test_postures_tell_standing_from_sitting_whatever_the_arms_do() -> None:
    """Who stands can pass into standing; who sits cannot."""
    assert near(posture(WAVE[37]), posture(WALK[0]))
    assert near(posture(SIT[0]), posture(WALK[0]))
    assert not near(posture(SIT[-1]), posture(WALK[0]))


@pytest.mark.parametrize("points", [WAVE, SIT, WALK])
def test_an_action_begins_and_ends_with_its_motion(points: np.ndarray) -> None:
    """Half a second of standing on either side is found to within a few frames."""
    start, stop = extent(points)
    assert abs(start - STILL_FRAMES) <= 4
    assert abs(stop - (len(points) - STILL_FRAMES)) <= 4

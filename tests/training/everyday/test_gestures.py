"""Gestures: an arm goes to the face or the chest and back, and stays the arm it was."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.training.everyday.made_up import motion
from training.everyday.bones import bone_lengths
from training.everyday.gestures import SHORTEST_S, gesticulated
from training.everyday.joining import turned
from training.everyday.sources import HEAD, LAYOUT, PELVIS, RATE_HZ, THORAX

STILL = np.repeat(motion("wave", 75, 0)[:1], 120, axis=0)
ARMS = [
    joint for joint, name in enumerate(LAYOUT.joints) if name.endswith(("elbow", "wrist", "hand"))
]
WRISTS = [LAYOUT.joints.index(f"{side}_wrist") for side in ("left", "right")]


@given(seed=st.integers(0, 10**6), frames=st.integers(round(SHORTEST_S * RATE_HZ), 240))
def test_only_arms_move_and_they_stay_arms(seed: int, frames: int) -> None:
    """It ends as it began, no bone grows, and no hand is faster than hands are."""
    still = np.repeat(STILL[:1], frames, axis=0)
    moved = gesticulated(still, np.random.default_rng(seed))
    others = np.delete(np.arange(len(LAYOUT.joints)), ARMS)
    np.testing.assert_array_equal(moved[:, others], still[:, others])
    np.testing.assert_array_equal(moved[[0, -1]], still[[0, -1]])
    lengths = bone_lengths(still[..., :3])
    np.testing.assert_allclose(bone_lengths(moved[..., :3])[:, 1:], lengths[:, 1:], atol=1e-3)
    steps = np.linalg.norm(np.diff(moved[..., :3], axis=0), axis=-1) * RATE_HZ
    assert 0.3 < steps.max() < 12


@pytest.mark.parametrize("radians", [0.0, 2.0])
def test_hands_stay_where_no_action_is(radians: float) -> None:
    """Whichever way the body faces: before it, under the top of the head, and near the middle."""
    still, generator = turned(STILL, radians), np.random.default_rng(3)
    trunk = still[0, THORAX, :3] - still[0, PELVIS, :3]
    raised = []
    for _ in range(200):
        moved = gesticulated(still, generator)
        changed = np.abs(moved - still)[:, WRISTS].max(axis=(0, 2)) > 0.05
        wrists = moved[:, WRISTS][:, changed, :3]
        raised.append(((wrists - still[0, THORAX, :3]) @ trunk / (trunk @ trunk)).max())
        assert wrists[..., 1].max() < still[0, HEAD, 1] + 0.15
    assert 0.5 < np.mean(np.array(raised) > 0) < 1


def test_an_arm_that_is_not_seen_stays_missing() -> None:
    """Nothing is invented for a skeleton that has no hand, or a recording that lost an arm."""
    lost = STILL.copy()
    lost[:, ARMS] = 0
    generator = np.random.default_rng(0)
    np.testing.assert_array_equal(gesticulated(lost, generator), lost)
    handless = STILL.copy()
    hands = [LAYOUT.joints.index(f"{side}_hand") for side in ("left", "right")]
    handless[:, hands] = 0
    moved = gesticulated(handless, generator)
    assert not moved[:, hands].any()
    assert np.abs(moved - handless)[:, WRISTS].max() > 0.05

"""Gestures: an arm goes to the face or the chest and back, and stays the arm it was."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.training.everyday.made_up import motion
from training.everyday.bones import bone_lengths
from training.everyday.gestures import SHORTEST_S, gesticulated
from training.everyday.joining import turned
from training.everyday.posture import facing_radians
from training.everyday.sources import LAYOUT, PELVIS, RATE_HZ, THORAX

STILL = np.repeat(motion("wave", 75, 0)[:1], 120, axis=0)
ARMS = [
    joint for joint, name in enumerate(LAYOUT.joints) if name.endswith(("elbow", "wrist", "hand"))
]
ELBOWS = [LAYOUT.joints.index(f"{side}_elbow") for side in ("left", "right")]
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
    speeds = np.linalg.norm(np.diff(moved[..., :3], axis=0), axis=-1) * RATE_HZ
    assert speeds[:, ELBOWS].max() < 4
    assert speeds.max() < 10


@pytest.mark.parametrize("radians", [0.0, 2.0])
def test_hands_stay_where_no_action_is(radians: float) -> None:
    """Whichever way the body faces: before it, on the arm's own side, not over the head."""
    still, generator = turned(STILL, radians), np.random.default_rng(3)
    neck = still[0, THORAX, :3]
    up = neck - still[0, PELVIS, :3]
    facing = facing_radians(still[0])
    forward = np.array([np.sin(facing), 0, np.cos(facing)])
    places: dict[int, list[list[float]]] = {wrist: [] for wrist in WRISTS}
    for _ in range(200):
        moved = gesticulated(still, generator)
        for wrist, other in zip(WRISTS, reversed(WRISTS), strict=True):
            led = np.abs(moved - still)[:, wrist].max(axis=1) > 0.3
            own = still[0, wrist, :3] - still[0, other, :3]
            for found in moved[led, wrist, :3] - neck:
                places[wrist].append(
                    [found @ forward, found @ own / np.linalg.norm(own), found @ up / (up @ up)]
                )
    for wrist in WRISTS:
        ahead, outward, height = np.array(places[wrist]).T
        assert np.percentile(ahead, 10) > 0.03
        assert np.median(outward[height < -0.7]) > 0.05
        assert height.max() < 0.55
        assert 0.2 < np.mean(height > 0) < 0.7


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

"""The same motion by somebody of another build."""

import numpy as np

from tests.training.everyday.made_up import motion
from training.everyday.bones import PARENTS, ROOT, bone_lengths
from training.everyday.proportions import SPREAD, reproportioned
from training.everyday.sources import LAYOUT


def test_bones_change_once_for_a_stream_on_both_sides_alike_and_keep_their_directions() -> None:
    """Their lengths spread as is said; a frame without a joint stays as it is."""
    points = motion("wave", 60, seed=1)
    points[30, LAYOUT.joints.index("left_knee")] = 0
    bones = np.array([joint for joint in range(20) if joint != ROOT])
    whole = np.arange(60) != 30
    logarithms = []
    for seed in range(200):
        other = reproportioned(points, np.random.default_rng(seed))
        np.testing.assert_array_equal(other[30], points[30])
        np.testing.assert_array_equal(other[..., 3], points[..., 3])
        np.testing.assert_allclose(other[whole][:, ROOT], points[whole][:, ROOT], atol=1e-6)
        ours, theirs = (bone_lengths(rows[whole][..., :3])[:, bones] for rows in (points, other))
        factors = np.ones(20)
        factors[bones] = (theirs / ours)[0]
        assert np.ptp(theirs / ours, axis=0).max() < 1e-3
        np.testing.assert_allclose(factors, factors[list(LAYOUT.mirror)], rtol=1e-3)
        logarithms.append(np.log(factors[bones]))
    assert abs(np.std(logarithms) - SPREAD) < 0.1 * SPREAD
    ours, theirs = (
        rows[0, bones, :3] - rows[0, np.array(PARENTS)[bones], :3] for rows in (points, other)
    )
    cosines = (ours * theirs).sum(1) / np.linalg.norm(ours, axis=1) / np.linalg.norm(theirs, axis=1)
    assert cosines.min() > 1 - 1e-5

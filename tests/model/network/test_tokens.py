"""Modalities and tokens: what goes where."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from model.network.tokens import bone, check_parents, motion, spatial_tokens, temporal_tokens

SIZES = st.tuples(*[st.integers(1, 4)] * 5)


@given(SIZES)
def test_tokens_hold_every_value_at_its_published_place(
    sizes: tuple[int, int, int, int, int],
) -> None:
    """Channel is fastest; then joint and person in a frame's token, frame in a joint's token."""
    _, channels, frames, joints, persons = sizes
    clip = torch.arange(torch.Size(sizes).numel()).reshape(sizes)
    temporal, spatial = temporal_tokens(clip), spatial_tokens(clip)
    for b, c, t, v, m in torch.cartesian_prod(*map(torch.arange, sizes)).reshape(-1, 5).tolist():
        value = clip[b, c, t, v, m]
        assert temporal[b, t, (m * joints + v) * channels + c] == value
        assert spatial[b, m * joints + v, t * channels + c] == value
    assert temporal.shape[1:] == (frames, persons * joints * channels)
    assert spatial.shape[1:] == (persons * joints, frames * channels)


@given(SIZES)
def test_motion_adds_up_to_the_way_gone(sizes: tuple[int, int, int, int, int]) -> None:
    """Summed over the frames so far, motion is where the joint will be less where it began."""
    clip = torch.randint(-9, 9, sizes)
    steps = motion(clip)
    assert torch.equal(steps.cumsum(dim=2)[:, :, :-1], clip[:, :, 1:] - clip[:, :, :1])
    assert not steps[:, :, -1].any()


FORESTS = st.integers(1, 12).flatmap(lambda v: st.tuples(*[st.integers(0, j) for j in range(v)]))


@given(FORESTS)
def test_bones_lead_from_a_root_to_each_joint(parents: tuple[int, ...]) -> None:
    """The bones from a root down to a joint, added to the root, give the joint."""
    joints = len(parents)
    check_parents(parents, joints)
    clip = torch.randint(-9, 9, (1, 3, 2, joints, 1))
    bones = bone(clip, parents)
    for joint in range(joints):
        place, at = bones[..., joint, :].clone(), joint
        while parents[at] != at:
            at = parents[at]
            place += bones[..., at, :]
        assert torch.equal(place + clip[..., at, :], clip[..., joint, :])


@pytest.mark.parametrize(
    ("parents", "sentence"),
    [
        ((0, 0), "one parent for each of 3 joints; got 2"),
        ((0, 0, 3), "in 0…2; got 3"),
        ((0, 0, -1), "in 0…2; got -1"),
        ((0, 2, 1), "parents of joint 1 run in a circle"),
    ],
)
def test_parents_that_are_no_tree_are_refused(parents: tuple[int, ...], sentence: str) -> None:
    """The sentence says whether it is their number, their range or a circle."""
    with pytest.raises(ValueError, match=sentence):
        check_parents(parents, joints=3)

"""Augmentation against its plain definition, clip by clip."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from model.pose.layout import layout_named
from model.pose.normalise import normalise
from training.augment import Augmentation, augment, mirrored, random_maps, transformed, turns

KINECT = layout_named("kinect20")
NOTHING = Augmentation(0, 0, 0, 0, 0, 0, 0, 0, 0, 0)


@pytest.fixture
def keypoints(standing: NDArray[np.float64]) -> NDArray[np.float32]:
    """Two moving people, (2, 5, 20, 1, 4); joint 7 of the first is missing."""
    moving = standing + np.random.default_rng(0).normal(scale=0.1, size=(2, 5, 20, 3))
    rows = np.concatenate([moving, np.ones((2, 5, 20, 1))], axis=-1)[:, :, :, None]
    rows[0, :, 7] = 0
    return rows.astype(np.float32)


@pytest.fixture
def clips(keypoints: NDArray[np.float32]) -> torch.Tensor:
    return torch.from_numpy(normalise("kinect-3d", keypoints, KINECT))


def _bones(clips: torch.Tensor) -> torch.Tensor:
    joints, parents = zip(*KINECT.bones, strict=True)
    lengths: torch.Tensor = torch.linalg.vector_norm(
        clips[:, :, :, list(joints)] - clips[:, :, :, list(parents)], dim=1
    )
    return lengths


def test_mirroring_twice_changes_nothing(clips: torch.Tensor) -> None:
    """Left and right change places, and change back."""
    assert not torch.equal(mirrored(clips, KINECT), clips)
    assert torch.equal(mirrored(mirrored(clips, KINECT), KINECT), clips)


def test_a_mirrored_clip_is_the_clip_of_the_mirrored_person(
    keypoints: NDArray[np.float32], clips: torch.Tensor
) -> None:
    """Mirroring in the camera's space and then normalising gives what mirroring a clip gives."""
    swapped = keypoints[:, :, list(KINECT.mirror)] * np.array([-1, 1, 1, 1], np.float32)
    expected = normalise("kinect-3d", swapped, KINECT)

    assert np.allclose(mirrored(clips, KINECT).numpy(), expected, atol=1e-5)


def test_turns_keep_bones_and_the_vertical(clips: torch.Tensor) -> None:
    """A turn about z is a rotation: bones keep their lengths, heights stay, +x goes to +y."""
    turned = transformed(clips, turns(torch.tensor([90.0, 20.0]), axis=2))

    assert torch.allclose(_bones(turned), _bones(clips), atol=1e-5)
    assert torch.allclose(turned[:, 2], clips[:, 2], atol=1e-6)
    assert torch.allclose(turned[0, 1], clips[0, 0], atol=1e-6)


def test_each_clip_is_changed_by_its_own_map(clips: torch.Tensor) -> None:
    """The batched arithmetic is a matrix product for each point of each clip."""
    torch.manual_seed(3)
    maps = random_maps(2, Augmentation(), clips.device)
    changed = transformed(clips, maps)

    assert not torch.allclose(maps[0], maps[1])
    for clip, frame, joint in ((0, 1, 3), (1, 4, 19)):
        expected = maps[clip] @ clips[clip, :, frame, joint, 0]
        assert torch.allclose(changed[clip, :, frame, joint, 0], expected, atol=1e-6)


def test_no_strength_changes_nothing(clips: torch.Tensor) -> None:
    """With every strength at nought a clip stays what it is."""
    assert torch.allclose(augment(clips, KINECT, NOTHING), clips, atol=1e-6)


def test_missing_joints_stay_missing_and_others_may_go(clips: torch.Tensor) -> None:
    """A missing joint is 0 in every channel before and after; struck ones are so throughout."""
    torch.manual_seed(4)
    strength = Augmentation(mirror_share=0, missing_share=1.0, missing_joints=0.5)
    changed = augment(clips, KINECT, strength)
    present = (changed != 0).any(dim=1)[:, :, :, 0]

    assert not present[0, :, 7].any()
    assert (present == present[:, :1]).all()
    assert 0.2 < present.float().mean() < 0.8

"""Clips in space as a camera sees them: upright, unmirrored, and without their depth."""

from pathlib import Path

import numpy as np
import pytest
import torch

from model.pose.layout import layout_named
from model.pose.projection import projected
from model.pose.store import StoreError
from tests.training.conftest import STANDING
from tests.training.protocol_store import write_protocol_store
from training.clip_source import ClipSource
from training.projection import Cameras, seen_from, stood_up

KINECT, COCO = layout_named("kinect20"), layout_named("coco17")


def test_whoever_faces_the_camera_has_the_left_hand_on_the_right_of_the_picture() -> None:
    """By hand: x to the right and y down, so the head is above; what is missing stays nought."""
    keypoints = np.concatenate([STANDING, np.ones((20, 1))], axis=1)
    keypoints[7] = 0
    picture = projected(keypoints)
    at = {joint: picture[place] for place, joint in enumerate(KINECT.joints)}

    assert at["left_wrist"][0] > 0 > at["right_wrist"][0]
    assert at["head"][1] < at["pelvis"][1] < at["left_foot"][1]
    assert picture[7].tolist() == [0, 0, 0, 0]
    assert not np.signbit(picture[7]).any()
    np.testing.assert_allclose(stood_up(picture)[:, :2], keypoints[:, :2], rtol=1e-6)


def test_a_store_in_space_is_read_as_a_picture_or_refused(tmp_path: Path) -> None:
    """With project the torso is 1 long and hips are below shoulders; without, one sentence."""
    store = write_protocol_store(tmp_path / "store")
    with pytest.raises(StoreError, match="have 3 dimensions, the encoder reads 2; --project"):
        ClipSource([store], "coco17", "body-2d", 1)
    clips = ClipSource([store], "coco17", "body-2d", 1, project=True).read([0]).clips[0]
    middle = {
        what: clips[:2, :, [COCO.joints.index(f"{side}_{what}") for side in ("left", "right")], 0]
        .mean(dim=2)
        .mean(dim=1)
        for what in ("shoulder", "hip")
    }

    assert middle["hip"][1] - middle["shoulder"][1] == pytest.approx(1, abs=0.1)
    assert not clips[:, :, COCO.joints.index("nose")].any()


def test_depth_does_not_reach_an_encoder_of_space(tmp_path: Path) -> None:
    """Projected clips read in space are those of a body whose depth was taken away first."""
    store = write_protocol_store(tmp_path / "store")
    flat = ClipSource([store], "kinect20", "kinect-3d", 1, project=True).read([0]).clips
    whole = ClipSource([store], "kinect20", "kinect-3d", 1).read([0]).clips

    assert torch.linalg.matrix_rank(flat[0].flatten(1), tol=1e-4) == 2
    assert torch.linalg.matrix_rank(whole[0].flatten(1), tol=1e-4) == 3


def test_another_camera_sees_the_body_turned() -> None:
    """By hand: a quarter turn shows depth as width, a tilt of 90° depth as height; scores stay."""
    keypoints = np.array([[[0.3, 0.5, 2.0, 0.8], [0, 0, 0, 0]]], np.float32)
    turned = seen_from(keypoints, 90, 0)
    tilted = seen_from(keypoints, 0, 90)
    as_recorded = seen_from(keypoints, 0, 0)

    np.testing.assert_allclose(turned[0, 0], [2.0, 0.5, -0.3, 0.8], atol=1e-6)
    np.testing.assert_allclose(tilted[0, 0], [0.3, -2.0, 0.5, 0.8], atol=1e-6)
    np.testing.assert_array_equal(as_recorded, keypoints)
    assert not turned[0, 1].any()
    assert keypoints[0, 0, 0] == np.float32(0.3)


def test_cameras_are_drawn_between_their_limits() -> None:
    """To either side, turns and tilts each as far as they may; the same seed draws the same."""
    drawn = Cameras(90, 10).draw(np.random.default_rng(3), 500)

    assert np.abs(drawn).max(axis=0) == pytest.approx([90, 10], rel=0.05)
    assert np.abs(drawn.mean(axis=0)).max() < 10
    np.testing.assert_array_equal(Cameras(90, 10).draw(np.random.default_rng(3), 500), drawn)


def test_a_clip_is_read_by_the_camera_that_is_named(tmp_path: Path) -> None:
    """By three cameras: the one that recorded, one from the side and one from behind."""
    store = write_protocol_store(tmp_path / "store")
    source = ClipSource([store], "coco17", "body-2d", 1, project=True)
    cameras = np.array([[0.0, 0.0], [90.0, 0.0], [180.0, 0.0]])
    clips = source.read_by(cameras, [0, 0, 0]).clips
    left, right = (COCO.joints.index(f"{side}_shoulder") for side in ("left", "right"))
    width = (clips[:, 0, :, left, 0] - clips[:, 0, :, right, 0]).mean(dim=1).tolist()

    assert torch.equal(clips[0], source.read([0]).clips[0])
    assert width[0] > 0.5
    assert abs(width[1]) < 0.1
    assert width[2] == pytest.approx(-width[0], abs=1e-3)
    assert torch.equal(clips[0, 2], clips[1, 2])

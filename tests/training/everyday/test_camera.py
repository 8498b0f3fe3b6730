"""The virtual webcam: true perspective, the picture's axes, and where cameras stand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from model.pose.layout import layout_named
from tests.training.everyday.bodies import PARTS, at, standing
from training.everyday.body import Parts, Stance
from training.everyday.camera import Camera, CameraRange

STANCE = Stance.of(standing(3), PARTS)
angles = st.floats(-80, 80)


def test_a_point_lands_where_it_does_by_hand() -> None:
    """4 m before the camera, half a metre to its left and above: 62.5 pixels at focal length 500.

    A camera that looks along z has +x at its left.
    """
    camera = Camera.looking(np.array([0, 1, -2.0]), 0, 0, 0, 500, (640, 480))
    rows = standing(1)
    rows[0, 5] = [0.5, 1.5, 2.0, 0.7]
    rows[0, 6] = [0.5, 1.5, -2.5, 0.7]
    rows[0, 7] = 0
    picture = camera.take(rows, PARTS).keypoints[0]

    np.testing.assert_allclose(picture[5], [320 - 62.5, 240 - 62.5, 0, 0.7], rtol=1e-5)
    assert not picture[6].any(), "it is behind the camera"
    assert not picture[7].any(), "it was missing"


@given(angles, angles, angles, st.integers(0, 2**31))
def test_projection_agrees_with_the_textbook_matrix(
    azimuth: float, pitch: float, roll: float, seed: int
) -> None:
    """K [R | t] from Euler angles in homogeneous coordinates gives the same pixels."""
    generator = np.random.default_rng(seed)
    position, size, focal = generator.uniform(-2, 2, 3), (640, 360), 400.0
    camera = Camera.looking(position, azimuth, pitch, roll, focal, size)
    turn = Rotation.from_euler("YXZ", [azimuth, -pitch, -roll], degrees=True).as_matrix()
    rotation = (turn @ np.diag([-1, -1, 1])).T
    inner = np.array([[focal, 0, size[0] / 2], [0, focal, size[1] / 2], [0, 0, 1]])
    outer = np.column_stack([rotation, -rotation @ position])
    rows = standing(1)
    rows[0, :, :3] = position + generator.uniform(-3, 3, (13, 3))
    homogeneous = np.column_stack([rows[0, :, :3], np.ones(13)]) @ (inner @ outer).T
    depth = homogeneous[:, 2]
    seen = depth > 0.2
    picture = camera.take(rows, PARTS).keypoints[0]

    expected = homogeneous[seen, :2] / depth[seen, None]
    np.testing.assert_allclose(picture[seen, :2], expected, rtol=2e-4, atol=0.05)
    assert not picture[depth < 0.05].any()


def test_from_behind_the_picture_of_a_flat_body_is_the_other_way_round() -> None:
    """Yaw 0 sees the left hand on the right, yaw 180 on the left, as far; heights are the same."""
    front, back = (
        Camera.looking(np.array([0, 1, z]), azimuth, 0, 0, 500, (640, 480)).take(standing(1), PARTS)
        for z, azimuth in ((3.0, 180.0), (-3.0, 0.0))
    )
    assert front.keypoints[0, at("left_wrist"), 0] > 320
    np.testing.assert_allclose(
        front.keypoints[..., 0] - 320, 320 - back.keypoints[..., 0], atol=1e-3
    )
    np.testing.assert_allclose(front.keypoints[..., 1], back.keypoints[..., 1], atol=1e-3)


def test_a_mirrored_picture_names_the_left_hand_right() -> None:
    """Whoever lifts the left hand is seen lifting the right one, on the picture's left."""
    camera = Camera.looking(np.array([0, 1, 3.0]), 180, 0, 0, 500, (640, 480))
    rows = standing(1)
    rows[0, at("left_wrist"), 1] = 1.8
    plain, mirrored = camera.take(rows, PARTS), replace(camera, mirrored=True).take(rows, PARTS)
    lifted = mirrored.keypoints[0, at("right_wrist")]

    assert mirrored.mirrored
    assert not plain.mirrored
    assert lifted[0] == pytest.approx(640 - plain.keypoints[0, at("left_wrist"), 0])
    assert lifted[0] < 320
    assert lifted[1] < mirrored.keypoints[0, at("head"), 1]


def test_hands_behind_the_back_are_hidden_from_the_front_alone() -> None:
    """The trunk hides what is behind it, nothing beside it; a torso's size is its length by f/z."""
    rows = standing(1)
    rows[0, at("left_wrist"), :3] = [0.05, 1.1, -0.3]
    front, back = (
        Camera.looking(np.array([0, 1, z]), azimuth, 0, 0, 500, (640, 480)).take(rows, PARTS)
        for z, azimuth in ((3.0, 180.0), (-3.0, 0.0))
    )
    assert np.flatnonzero(front.hidden[0]).tolist() == [at("left_wrist")]
    assert not back.hidden.any()
    assert front.torso_pixels[0] == pytest.approx(0.5 * 500 / 3, rel=1e-5)


def test_a_stance_is_measured_by_hand() -> None:
    """The body stands on y = 0.1, its ankles, is 1.55 m tall, and faces +z, or +x when turned."""
    turned = standing(3)
    turned[..., [0, 2]] = turned[..., [2, 0]] * [1, -1]

    assert STANCE.floor_m == pytest.approx(0.1)
    assert STANCE.top_m == pytest.approx(1.65)
    assert STANCE.torso_m == pytest.approx(0.5)
    assert STANCE.roam_m == 0
    assert np.degrees(STANCE.facing_radians) == pytest.approx(0)
    assert np.degrees(Stance.of(turned, PARTS).facing_radians) == pytest.approx(90)
    with pytest.raises(ValueError, match="both shoulders and both hips, there are none"):
        Stance.of(standing(3) * 0, PARTS)
    with pytest.raises(ValueError, match="'coco17': expected shoulders, hips and joints among"):
        Parts(layout_named("coco17"))


def test_cameras_stand_as_their_range_says() -> None:
    """Heights, fields and rolls lie within limits, and four of five cameras before the person.

    The body is as tall as was drawn, and its highest joint is in the picture.
    """
    generator = np.random.default_rng(1)
    limits = CameraRange()
    cameras = [limits.draw(STANCE, generator) for _ in range(1000)]
    field = np.degrees([2 * np.arctan(max(c.size) / 2 / c.focal_pixels) for c in cameras])
    roll = np.degrees([np.arcsin(camera.axes[0, 1]) for camera in cameras])
    pitch = np.degrees([np.arcsin(camera.axes[2, 1]) for camera in cameras])
    heights = np.array([camera.position[1] for camera in cameras]) - STANCE.floor_m
    pictures = [(c, c.take(standing(1), PARTS).keypoints[0]) for c in cameras]
    heads = np.array([[*picture[0, :2] / camera.size] for camera, picture in pictures])
    tall = np.array([np.ptp(picture[:, 1]) / c.size[1] for c, picture in pictures])

    assert field.min() >= 50 - 1e-6
    assert field.max() <= 100 + 1e-6
    assert np.abs(roll).max() <= 8 + 1e-6
    assert np.abs(pitch).max() <= 35 + 1e-6
    assert ((heights > 0.45) & (heights < 2.25)).mean() > 0.9
    assert np.mean([camera.position[2] > 0 for camera in cameras]) == pytest.approx(0.8, abs=0.04)
    assert np.mean([camera.mirrored for camera in cameras]) == pytest.approx(0.5, abs=0.05)
    assert ((heads > 0) & (heads < 1)).all(axis=1).mean() > 0.98
    assert np.percentile(tall, 5) == pytest.approx(0.33, abs=0.06)
    assert np.percentile(tall, 95) > 1.8


def test_a_narrow_range_is_a_camera_chosen_by_hand() -> None:
    """For curves of robustness: yaw 90 alone stands at the person's left, +x."""
    limits = CameraRange(frontal_share=1, frontal_degrees=(90, 0), roll_degrees=0)
    camera = limits.draw(STANCE, np.random.default_rng(0))

    assert camera.position[0] > 0.5
    assert camera.position[2] == pytest.approx(0, abs=1e-6)
    assert camera.axes[0, 1] == pytest.approx(0, abs=1e-9)


def test_who_walks_about_stays_in_the_picture() -> None:
    """Three metres to and fro: nine cameras of ten have the middle of the body in 95 % of frames.

    The others, tilted or close to where the person passes, have it in half of them at least.
    """
    rows = standing(200)
    rows[..., 0] += (3 * np.sin(np.linspace(0, 12, 200)))[:, None].astype(np.float32)
    stance = Stance.of(rows, PARTS)
    generator = np.random.default_rng(2)
    shares = []
    for _ in range(300):
        picture = CameraRange().draw(stance, generator).take(rows, PARTS)
        middle = picture.keypoints[:, [1, 2, 7, 8]]
        x = middle[..., 0].mean(axis=1)
        inside = (middle[..., 3] > 0).all(axis=1) & (x > 0) & (x < picture.size[0])
        shares.append(inside.mean())

    assert np.percentile(shares, 10) > 0.95
    assert min(shares) > 0.5

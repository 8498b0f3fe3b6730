"""The simulated estimator errs as its settings say."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.training.everyday.bodies import PARTS, at, standing, waving
from training.everyday.body import ByKind, Floats
from training.everyday.camera import Camera, Picture
from training.everyday.errors import DEFAULT_ERRORS, NO_ERRORS, EstimatorErrors
from training.everyday.estimator import Estimator
from training.everyday.noise import Episodes

FOCAL, TORSO_PIXELS = 400.0, 50.0
ALWAYS = Episodes(2000, 1e6)
KINDS_OF_LIMBS = ("elbow", "wrist", "knee", "ankle")


def seen(rows: Floats, distance_m: float = 4.0, height_m: float = 1.0) -> Picture:
    """From straight in front, in 640×480: at 4 m the torso is 50 pixels long."""
    camera = Camera.looking(np.array([0, height_m, distance_m]), 180, 0, 0, FOCAL, (640, 480))
    return camera.take(rows, PARTS)


def read(errors: EstimatorErrors, picture: Picture, seed: int = 0) -> NDArray[np.float32]:
    """What the estimator makes of it at 30 Hz."""
    times_ms = np.arange(len(picture.keypoints)) * 1000 / 30
    return Estimator(errors, PARTS).read(picture, times_ms, np.random.default_rng(seed))


def test_without_errors_the_picture_is_given_as_it_is() -> None:
    """To the bit, with full scores, also of joints outside; what was missing stays so."""
    rows = waving(60, 30)
    rows[10:20, at("left_knee")] = 0
    picture = seen(rows, 1.2, 1.6)
    outside = picture.keypoints[..., 1] > 480

    np.testing.assert_array_equal(read(NO_ERRORS, picture), picture.keypoints)
    assert outside.any()


def test_at_rest_and_in_motion_joints_tremble_as_much_as_is_set() -> None:
    """A still wrist by rest, one that swings by more; the drift comes on top and is correlated."""
    errors = replace(NO_ERRORS, rest=replace(ByKind.same(0.01), wrist=0.02))
    off = (read(errors, seen(standing(4000))) - seen(standing(4000)).keypoints)[..., :2]
    drifting = replace(errors, drift_factor=3.0, drift_seconds=0.5)
    drift = (read(drifting, seen(standing(4000))) - seen(standing(4000)).keypoints)[..., :2]
    swinging = replace(NO_ERRORS, moving=ByKind.same(0.1), half_speed=0.5)
    swung = (read(swinging, seen(waving(4000, 30))) - seen(waving(4000, 30)).keypoints)[..., :2]
    speed = 0.3 / 0.5 * 2 * np.pi * np.abs(np.cos(2 * np.pi * np.arange(30) / 30))
    expected = 0.1 * np.sqrt(np.mean((speed / (speed + 0.5)) ** 2))

    assert off[:, at("head")].std() == pytest.approx(0.01 * TORSO_PIXELS, rel=0.05)
    assert off[:, at("left_wrist")].std() == pytest.approx(0.02 * TORSO_PIXELS, rel=0.05)
    assert drift[:, at("left_hip")].std() == pytest.approx(
        np.sqrt(10) * 0.01 * TORSO_PIXELS, rel=0.15
    )
    apart = drift[15:] * drift[:-15]
    assert apart.mean() / drift.var() == pytest.approx(0.9 * np.exp(-1), abs=0.08)
    assert not swung[:, at("left_wrist")].any()
    assert swung[:, at("right_wrist")].std() == pytest.approx(expected * TORSO_PIXELS, rel=0.1)


def test_joints_outside_are_invented_or_missing_by_the_stream() -> None:
    """MediaPipe's kind invents legs below the picture, with low scores; others drop them."""
    picture = seen(standing(300), 1.2, 1.6)
    outside = picture.keypoints[0, :, 1] > 480
    scores = replace(DEFAULT_ERRORS.scores, modesty=0, absent_share=0, joint_spread=0)
    invents = replace(NO_ERRORS, scores=scores, invented_torsos=0.15)
    invented = read(invents, picture)
    dropped = read(replace(invents, invented_share=0.0), picture)
    off = (invented - picture.keypoints)[:, outside, :2] / picture.torso_pixels[0]

    assert (np.flatnonzero(outside) >= at("left_knee")).all()
    assert outside.sum() >= 4
    assert 0.02 < off.std() < 0.3
    assert np.median(invented[:, outside, 3]) < 0.7 < np.median(invented[:, :3, 3])
    assert not dropped[:, outside].any()
    assert (dropped[:, ~outside, 3] > 0).all()


def test_swaps_lost_joints_limbs_and_people_strike_what_they_name() -> None:
    """An error that never ends swaps both sides, or leaves nothing, or no limbs, or nobody."""
    picture = seen(standing(90))
    swapped = read(replace(NO_ERRORS, swap=ALWAYS), picture)
    limbless = read(replace(NO_ERRORS, lost_limb=ALWAYS), picture)[-1]
    limbs = [at(f"{side}_{kind}") for side in ("left", "right") for kind in KINDS_OF_LIMBS]

    np.testing.assert_array_equal(swapped[-1], picture.keypoints[-1, list(PARTS.layout.mirror)])
    assert not limbless[limbs].any()
    assert (limbless[:, 3] > 0).sum() == 13 - len(limbs)
    assert not read(replace(NO_ERRORS, lost_joint=ALWAYS), picture)[-1].any()
    assert not read(replace(NO_ERRORS, lost_person=ALWAYS), picture)[-1].any()


def test_a_desk_hides_legs_or_all_below_the_chest_of_a_whole_stream() -> None:
    """Of so many streams as is said, each way in about half of them; the rest is as it was."""
    picture, without = seen(standing(30)), replace(NO_ERRORS, desk_share=0.5)
    hidden = [~(read(without, picture, seed)[..., 3] > 0) for seed in range(200)]
    legs, hips = ([at(f"{side}_{kind}") for side in ("left", "right")] for kind in ("knee", "hip"))
    assert all((lost == lost[0]).all() for lost in hidden)
    assert 70 < sum(lost[0, legs].all() for lost in hidden) < 130
    assert 30 < sum(lost[0, hips].all() for lost in hidden) < 70
    assert not any(lost[0, at("left_wrist")] for lost in hidden)


def test_a_layout_without_a_head_and_joints_that_flicker() -> None:
    """Of so many streams as is said; what flickers is away for single frames, each by itself."""
    picture = seen(standing(400))
    headless = [
        read(replace(NO_ERRORS, headless_share=0.5), picture, seed)[..., 3] > 0
        for seed in range(60)
    ]
    assert all((there == there[0]).all() for there in headless)
    assert 15 < sum(not there[0, at("head")] for there in headless) < 45
    assert all(np.delete(there[0], at("head")).all() for there in headless)

    errors = replace(NO_ERRORS, flickering_share=0.5, flicker=(0.1, 0.2))
    lost = [(read(errors, picture, seed)[..., 3] == 0).mean(axis=0) for seed in range(60)]
    flickering = [shares for shares in lost if shares.any()]
    assert 15 < len(flickering) < 45
    assert all(0.04 < share < 0.28 for shares in flickering for share in shares)


def test_nobody_is_found_of_whom_too_little_is_in_the_picture() -> None:
    """Of someone far aside there is nothing, by either kind of estimator."""
    rows = standing(30)
    rows[..., 0] += 9
    assert not read(replace(NO_ERRORS, least_joints=4), seen(rows)).any()


def test_outliers_are_far_and_scores_are_medians() -> None:
    """Outliers lie half a torso off; scores seen, hidden and wrong have their medians."""
    rows = standing(6000)
    rows[:, at("left_wrist"), :3] = [0.05, 1.1, -0.3]
    scores = replace(DEFAULT_ERRORS.scores, modesty=0, absent_share=0, joint_spread=0)
    scores = replace(scores, spread_seconds=0.1)
    quiet = replace(scores, wrong=Episodes(0, 1))
    off = read(replace(NO_ERRORS, outlier=ALWAYS, outlier_torsos=0.5), seen(rows))
    off[..., :2] -= seen(rows).keypoints[..., :2]
    given = read(replace(NO_ERRORS, scores=quiet), seen(rows))[..., 3]
    wrong = read(replace(NO_ERRORS, scores=replace(scores, wrong=ALWAYS)), seen(rows))[..., 3]

    assert off[1000:, :, :2].std() == pytest.approx(0.5 * TORSO_PIXELS, rel=0.02)
    assert np.median(given[:, at("right_wrist")]) == pytest.approx(scores.seen.wrist, abs=0.02)
    assert np.median(given[:, at("left_wrist")]) == pytest.approx(scores.hidden, abs=0.08)
    assert np.median(wrong[1000:]) == pytest.approx(scores.wrong_level, abs=0.04)
    assert given.min() >= 0.01

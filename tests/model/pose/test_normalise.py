"""Normalisation: rules of every scheme, and the two schemes of pictures."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.pose.layout import LAYOUTS, Layout
from model.pose.normalise import NORMALISATIONS, Normalisation, dimensions, normalise
from tests.model.pose.bodies import COCO, KINECT, NTU, Keypoints, people_of, pictures

FITTING: dict[Normalisation, Layout] = {
    "none": KINECT,
    "body-2d": COCO,
    "kinect-3d": KINECT,
    "2s-agcn": NTU,
    "published-2d": COCO,
}
SIZE = (640.0, 480.0)

seeds = st.integers(0, 2**32 - 1)


def _example(
    scheme: Normalisation, seed: int, shape: tuple[int, int, int], lost: float
) -> Keypoints:
    layout = FITTING[scheme]
    return pictures(seed, shape, lost) if layout is COCO else people_of(layout, seed, shape, lost)


def _frame(layout: Layout, **places: tuple[float, ...]) -> Keypoints:
    """One frame (1, 1, V, 1, 4) that has only these joints."""
    frame = np.zeros((1, 1, len(layout.joints), 1, 4), np.float32)
    for joint, row in places.items():
        frame[0, 0, layout.joints.index(joint), 0] = row
    return frame


# --- all schemes ------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", NORMALISATIONS)
@settings(max_examples=30)
@given(seed=seeds, lost=st.sampled_from([0.1, 0.5, 0.95]))
def test_nothing_that_is_missing_or_not_a_number_gets_through(
    scheme: Normalisation, seed: int, lost: float
) -> None:
    """A joint with NaN or infinity anywhere in its row is a missing joint, and that is 0."""
    rng = np.random.default_rng(seed)
    clean = _example(scheme, seed, (2, 5, 2), lost)
    struck = rng.random(clean.shape[:-1]) < 0.2
    dirty = clean.copy()
    places = np.flatnonzero(struck) * 4 + rng.integers(0, 4, struck.sum())
    dirty.reshape(-1)[places] = rng.choice([np.nan, np.inf, -np.inf], len(places))
    clean[struck] = 0
    clean[clean[..., 3] == 0, 3] = rng.choice([0, -1])

    clip = normalise(scheme, dirty, FITTING[scheme], SIZE)
    assert clip.dtype == np.float32
    assert clip.shape == (2, 3, 5, len(FITTING[scheme].joints), 2)
    assert np.isfinite(clip).all()
    np.testing.assert_array_equal(clip, normalise(scheme, clean, FITTING[scheme], SIZE))
    if scheme != "2s-agcn":  # Which fills empty frames.
        assert not clip.transpose(0, 2, 3, 4, 1)[clean[..., 3] <= 0].any()


@pytest.mark.parametrize("scheme", NORMALISATIONS)
def test_a_window_does_not_notice_its_batch(scheme: Normalisation) -> None:
    """Bit by bit the same alone and among hostile neighbours; none at all is no error."""
    windows = _example(scheme, 5, (6, 64, 2), 0.1)
    windows[1] = np.nan
    windows[2] = 0
    windows[3, ..., :3] *= 1e6
    windows[4, :, 1:] = 0
    kept = windows.copy()
    together = normalise(scheme, windows, FITTING[scheme], SIZE)
    np.testing.assert_array_equal(windows, kept)
    for window, clip in zip(windows, together, strict=True):
        alone = normalise(scheme, window[None], FITTING[scheme], SIZE)
        np.testing.assert_array_equal(alone[0], clip)
    none = normalise(scheme, windows[:0], FITTING[scheme], SIZE)
    assert none.shape == (0, *together.shape[1:])


@pytest.mark.parametrize(
    ("scheme", "layout", "lacks"),
    [
        ("kinect-3d", "coco17", "pelvis, spine"),
        ("2s-agcn", "coco17", "pelvis, spine"),
        ("kinect-3d", "body25", "spine"),
    ],
)
def test_a_layout_without_the_needed_joints_is_refused(
    scheme: Normalisation, layout: str, lacks: str
) -> None:
    """One sentence names the scheme, the layout and the joints that it lacks."""
    skeleton = LAYOUTS[layout]
    keypoints = np.ones((1, 4, len(skeleton.joints), 1, 4), np.float32)
    with pytest.raises(ValueError, match=rf"'{scheme}' needs .*'{layout}' lacks {lacks}$"):
        normalise(scheme, keypoints, skeleton)


def test_every_scheme_says_what_it_reads() -> None:
    """Picture schemes read 2 dimensions, spatial ones 3, `none` what its layout is recorded in."""
    assert {scheme: dimensions(scheme, KINECT) for scheme in NORMALISATIONS} == {
        "none": 3,
        "body-2d": 2,
        "kinect-3d": 3,
        "2s-agcn": 3,
        "published-2d": 2,
    }
    assert dimensions("none", COCO) == 2


def test_none_is_the_identity_on_what_is_there() -> None:
    """x, y, z of a spatial layout and x, y, score of a picture one, only with the axes moved."""
    people, picture = people_of(KINECT, 3, (2, 4, 2)), pictures(3, (2, 4, 2))
    as_is = normalise("none", people, KINECT)
    np.testing.assert_array_equal(as_is, np.moveaxis(people[..., :3], -1, 1))
    as_is = normalise("none", picture, COCO)
    np.testing.assert_array_equal(as_is, np.moveaxis(picture[..., [0, 1, 3]], -1, 1))


# --- body-2d ----------------------------------------------------------------------------------


def test_body_2d_by_numbers_worked_out_by_hand() -> None:
    """The mid-hip goes to 0, the torso has length 1, the score is the third channel."""
    frame = _frame(
        COCO,
        left_shoulder=(330, 100, 0, 0.9),
        right_shoulder=(270, 100, 0, 0.8),
        left_hip=(320, 300, 0, 0.7),
        right_hip=(280, 300, 0, 0.6),
        left_wrist=(500, 200, 0, 0.5),
    )
    clip = normalise("body-2d", frame, COCO)[0, :, 0, :, 0]
    rows = dict(zip(COCO.joints, clip.T.tolist(), strict=True))
    assert rows["left_shoulder"] == pytest.approx([0.15, -1, 0.9])
    assert rows["right_hip"] == pytest.approx([-0.1, 0, 0.6])
    assert rows["left_wrist"] == pytest.approx([1, -0.5, 0.5])
    assert rows["nose"] == [0, 0, 0]


def test_body_2d_measures_by_the_median_of_its_frames() -> None:
    """Of an even number of frames the mean of the middle two, for place and for size."""
    frames = [
        _frame(
            COCO,
            left_shoulder=(x, -length, 0, 1),
            right_shoulder=(x, -length, 0, 1),
            left_hip=(x, 0, 0, 1),
            right_hip=(x, 0, 0, 1),
        )
        for x, length in ((0, 100), (300, 900), (100, 300), (40, 100))
    ]
    clip = normalise("body-2d", np.concatenate(frames, axis=1), COCO)
    hip, shoulder = COCO.joints.index("left_hip"), COCO.joints.index("left_shoulder")
    np.testing.assert_allclose(clip[0, 0, :, hip, 0], np.array([-70, 230, 30, -30]) / 200)
    np.testing.assert_allclose(clip[0, 1, :, shoulder, 0], -np.array([100, 900, 300, 100]) / 200)


def test_body_2d_of_an_upper_body_hangs_on_the_shoulders() -> None:
    """Without hips the mid-shoulder is the centre, and shoulders are 0.75 of a torso apart."""
    frame = _frame(
        COCO,
        left_shoulder=(350, 200, 0, 1),
        right_shoulder=(290, 200, 0, 1),
        left_hip=(340, 360, 0, 1),
        nose=(320, 120, 0, 1),
    )
    clip = normalise("body-2d", frame, COCO)[0, :2, 0, :, 0]
    rows = dict(zip(COCO.joints, clip.T.tolist(), strict=True))
    assert rows["left_shoulder"] == pytest.approx([30 / 80, 0])
    assert rows["nose"] == pytest.approx([0, -1])
    assert rows["left_hip"] == pytest.approx([20 / 80, 2])


@given(
    seed=seeds,
    shift=st.tuples(st.floats(-2000, 2000), st.floats(-2000, 2000)),
    scale=st.floats(0.1, 10),
    lost=st.sampled_from([0.0, 0.3, 0.8]),
    hidden=st.sampled_from([(), ("hip",), ("hip", "shoulder"), ("left",), ("right_shoulder",)]),
)
def test_body_2d_knows_no_place_and_size_in_thepictures(
    seed: int,
    shift: tuple[float, float],
    scale: float,
    lost: float,
    hidden: tuple[str, ...],
) -> None:
    """Any shift and scale of the picture gives the same clip, whatever part of a body is in it."""
    picture = pictures(seed, (1, 7, 2), lost)
    gone = [v for v, joint in enumerate(COCO.joints) if any(word in joint for word in hidden)]
    picture[:, :, gone] = 0
    moved = picture.copy()
    moved[..., :2] = picture[..., :2] * scale + shift
    here, there = normalise("body-2d", picture, COCO), normalise("body-2d", moved, COCO)
    np.testing.assert_allclose(there, here, atol=2e-3 * max(1, np.abs(here).max()))


@given(seed=seeds)
def test_body_2d_keeps_aspect_and_movement(seed: int) -> None:
    """One shift and one scale for both axes and all frames: distances in space and time stay."""
    picture = pictures(seed, (1, 6, 1))
    clip = normalise("body-2d", picture, COCO)[0, :2].reshape(2, -1)
    pixels = picture[0, :, :, 0, :2].reshape(-1, 2).T
    near, far = np.diff(clip), np.diff(pixels)
    scale = np.linalg.norm(near) / np.linalg.norm(far)
    np.testing.assert_allclose(near, far * scale, atol=1e-4)


@given(seed=seeds)
def test_body_2d_does_not_jump_when_a_joint_is_lost_for_a_moment(seed: int) -> None:
    """A hip that one frame lacks moves the others by no more than its weight in a median."""
    picture = pictures(seed, (1, 31, 1))
    holed = picture.copy()
    holed[0, 15, COCO.joints.index("left_hip"), 0] = 0
    before, after = normalise("body-2d", picture, COCO), normalise("body-2d", holed, COCO)
    wrists = [COCO.joints.index("left_wrist"), COCO.joints.index("right_wrist")]
    np.testing.assert_allclose(after[..., wrists, :], before[..., wrists, :], atol=0.1)


# --- published-2d -----------------------------------------------------------------------------


def test_published_2d_has_the_slips_of_the_published_reader() -> None:
    """Joint 0 over the height, joint 1 over the width, the rest in pixels, no score."""
    picture = pictures(6, (2, 3, 2), lost=0.1)
    expected = np.zeros((2, 3, 3, 17, 2), np.float32)
    for v, divisor in enumerate([480, 640] + [1] * 15):
        for channel in (0, 1):
            present = picture[:, :, v, :, 3] > 0
            pixels = picture[:, :, v, :, channel]
            expected[:, channel, :, v] = np.where(present, pixels / np.float32(divisor), 0)
    np.testing.assert_array_equal(normalise("published-2d", picture, COCO, SIZE), expected)


def test_published_2d_without_a_picture_size_is_refused() -> None:
    """It cannot be computed without, and says so."""
    with pytest.raises(ValueError, match=r"'published-2d' needs the picture's size, got none"):
        normalise("published-2d", pictures(0), COCO)

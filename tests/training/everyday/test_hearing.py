"""Streams through a webcam, through layouts and spoilt: labels follow what is seen."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from model.pose.artifact import ArtifactError
from model.pose.layout import layout_named
from model.pose.mapping import layout_mapping
from model.pose.store import LEFT_OUT, PoseClip, Segment
from tests.training.everyday import made_up
from tests.training.everyday.oracles import always, oracle
from training.everyday.agreement import DROPPING, HEADLESS, LAYOUTS, agreements, seen_through
from training.everyday.body import Floats
from training.everyday.camera import CameraRange
from training.everyday.errors import NO_ERRORS
from training.everyday.hearing import PICTURE_LAYOUT, UNKNOWN, check_labels, pictures
from training.everyday.robustness import CURVES, curve
from training.everyday.sensor import Seen, Sensor
from training.everyday.vocabulary import Vocabulary, read_vocabulary

HEAD = PICTURE_LAYOUT.joints.index("head")


@pytest.fixture(scope="module")
def vocabulary(tmp_path_factory: pytest.TempPathFactory) -> Vocabulary:
    """Of the made-up people."""
    path = tmp_path_factory.mktemp("vocabulary") / "v.toml"
    path.write_text(made_up.VOCABULARY)
    return read_vocabulary(path)


def stream(label: int) -> PoseClip:
    """Three seconds in space; the last of them is of an action kept from training."""
    truth = np.full(90, label, np.int16)
    truth[60:] = LEFT_OUT
    return PoseClip(
        "made/up",
        made_up.motion("wave", 90, 1)[:, None],
        np.arange(90) * 1000 / 30,
        subject=1,
        frame_labels=truth,
        segments=(Segment(label, 0, 60), Segment(8, 60, 90)),
    )


def test_labels_follow_the_picture(vocabulary: Vocabulary) -> None:
    """A mirrored picture shows the mirrored action; what is kept from training is told apart."""
    left, right = (vocabulary.labels.index(f"raise {side} arm") for side in ("left", "right"))
    for share, shown in ((0.0, left), (1.0, right)):
        sensor = Sensor(PICTURE_LAYOUT, CameraRange(mirrored_share=share), errors=NO_ERRORS)
        (seen,) = pictures([stream(left)], sensor, vocabulary)
        assert seen.frame_labels is not None
        assert set(seen.frame_labels[seen.times_ms < 1900]) == {shown}
        assert set(seen.frame_labels[seen.times_ms > 2100]) == {UNKNOWN}
        assert seen.size is not None


def test_each_camera_sees_another_picture_and_again_the_same(vocabulary: Vocabulary) -> None:
    """So every model is shown the same, whatever was evaluated before."""
    sensor = Sensor(PICTURE_LAYOUT)
    first, other = pictures([stream(1)], sensor, vocabulary, cameras=2)
    again, _ = pictures([stream(1)], sensor, vocabulary, cameras=2)
    np.testing.assert_array_equal(first.keypoints, again.keypoints)
    assert first.name != other.name
    assert first.keypoints.shape != other.keypoints.shape


def test_a_model_of_other_classes_is_refused(vocabulary: Vocabulary) -> None:
    """By a sentence, before anything is computed."""
    check_labels(always(0, vocabulary.labels), vocabulary)
    with pytest.raises(ArtifactError, match=r"expected the 8 classes of v\.toml"):
        check_labels(oracle(), vocabulary)


@pytest.mark.parametrize("seed", range(4))
def test_every_layout_gives_the_same_body(seed: int) -> None:
    """Through any layout the body comes back; only the head may be a little off, or unsure."""
    seen = dict(seen_through(stream(1), np.random.default_rng(seed)))
    direct = seen.pop(PICTURE_LAYOUT.name).keypoints[:, 0]
    torso = np.linalg.norm(direct[:, 1, :2] - direct[:, 7, :2], axis=1).max()
    assert set(seen) == set(LAYOUTS)
    for name, clip in seen.items():
        body = layout_mapping(layout_named(name), PICTURE_LAYOUT)(clip.keypoints[:, 0])
        limbs = np.arange(13) != HEAD
        np.testing.assert_array_equal(body[:, limbs], direct[:, limbs])
        there = (direct[:, HEAD, 3] > 0) & (body[:, HEAD, 3] > 0)
        assert there.any() == (name not in HEADLESS)
        apart = np.linalg.norm(body[there, HEAD, :2] - direct[there, HEAD, :2], axis=1)
        assert (apart <= 0.2 * torso).all()
        if name in ("kinect20", "ntu25"):
            np.testing.assert_array_equal(body, direct)


def test_a_hidden_ear_is_missing_or_unsure() -> None:
    """Where one estimator leaves out the ear that the head hides, another is not sure of it."""
    places = {
        name: [layout_named(name).joints.index(f"{side}_ear") for side in ("left", "right")]
        for name in (*DROPPING, "coco17")
    }
    hidden = 0
    for seed in range(12):
        seen = seen_through(stream(1), np.random.default_rng(seed))
        guessed = seen["coco17"].keypoints[:, 0, places["coco17"], 3]
        for name in DROPPING:
            scores = seen[name].keypoints[:, 0, places[name], 3]
            gone = (scores == 0) & (guessed > 0)
            hidden += int(gone.sum())
            assert (gone.sum(axis=1) <= 1).all()
            assert (guessed[gone] <= 0.5).all()
    assert hidden > 0


def test_what_says_one_thing_agrees_through_all_layouts() -> None:
    """100 % each; nothing but what is said counts."""
    assert agreements([stream(1)], always(2)) == dict.fromkeys(LAYOUTS, 100.0)


def test_a_body_has_the_size_that_its_point_of_the_curve_says(vocabulary: Vocabulary) -> None:
    """Also of somebody who walks ten metres: the camera goes along."""
    walking = stream(1)
    walking.keypoints[..., 2] += np.linspace(0, 10, 90, dtype=np.float32)[:, None, None]
    heights: list[float] = []

    class Measured(Sensor):
        def see(
            self, times_ms: NDArray[np.float64], keypoints: Floats, generator: np.random.Generator
        ) -> Seen:
            seen = super().see(times_ms, keypoints, generator)
            feet, head = seen.keypoints[:, -2:, 1].max(axis=1), seen.keypoints[:, HEAD, 1]
            heights.append(100 * float(np.median(feet - head)) / seen.size[1])
            return seen

    for asked in (CURVES["size"][1], CURVES["size"][3]):
        cameras = CameraRange(body_share=(asked.value / 100,) * 2, nearest_m=0.0)
        sensor = Measured(PICTURE_LAYOUT, cameras, errors=NO_ERRORS)
        measured = replace(asked, sensor=sensor)
        list(curve([measured], [walking], always(1, vocabulary.labels), vocabulary))
        assert heights.pop() == pytest.approx(asked.value, rel=0.2)
        list(
            curve(
                [replace(measured, followed=False)],
                [walking],
                always(1, vocabulary.labels),
                vocabulary,
            )
        )
        assert heights.pop() < 0.8 * asked.value


def test_a_curve_has_a_point_for_each_condition(vocabulary: Vocabulary) -> None:
    """Macro-F1 of what says one class, right in two thirds of the frames, stays what it is."""
    conditions = (*CURVES["rate"][:2], *CURVES["arms"], *CURVES["noise"][:1])
    points = list(curve(conditions, [stream(1)], always(1, vocabulary.labels), vocabulary))
    assert [value for value, _ in points] == [10, 15, pytest.approx(600 / 13), 0]
    assert all(0 <= score <= 100 for _, score in points)

"""Training windows: labels at the right positions, windows as serving cuts them, fair draws."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.network.pretrained import Reading
from model.pose.artifact import ArtifactSpec
from model.pose.store import LEFT_OUT, PoseStore, StoreError
from model.pose.window import WindowSpec
from training.dense_recordings import utkinect_recordings
from training.dense_run import specification
from training.online import OnlineRecording
from training.recipes import RECIPES
from training.windows import Sampling, WindowSampler, cut_window

PLAIN = Sampling(speeds=(1.0, 1.0), thinned_share=0.0, cut_share=0.0)


@pytest.fixture
def spec(store: PoseStore) -> ArtifactSpec:
    recipe = replace(RECIPES["dste"], frames=24)
    reading = Reading("joint", "kinect20", "kinect-3d")
    return specification(utkinect_recordings(store), "dste", recipe, reading)


@given(
    steps_ms=st.lists(st.floats(20, 1500), min_size=1, max_size=60),
    rate_hz=st.floats(8, 25),
    seed=st.integers(0, 99),
)
def test_each_position_has_the_label_of_the_nearest_real_frame(
    steps_ms: list[float], rate_hz: float, seed: int
) -> None:
    """Or none where the window shows nobody: in gaps, and before the first frame."""
    times_ms = np.cumsum(steps_ms)
    labels = np.random.default_rng(seed).integers(-1, 4, len(times_ms)).astype(np.int16)
    timing = WindowSpec(frames=16, rate_hz=rate_hz)
    window, found = cut_window(
        times_ms, np.ones((len(times_ms), 1, 2, 4), np.float32), labels, timing
    )

    assert found[-1] == labels[-1]
    for position, label in enumerate(found):
        time_ms = times_ms[-1] - (15 - position) * timing.step_ms
        distances = np.abs(times_ms - time_ms)
        nearest = labels[distances <= distances.min() + 1e-6]
        assert label in nearest if window[position, ..., 3].any() else label == LEFT_OUT


def test_a_plain_window_is_one_that_serving_cuts(store: PoseStore, spec: ArtifactSpec) -> None:
    """Without speed, thinning and cutting, every drawn clip is among those of the live stream.

    A fifth of the joints is lost, and held, in it as there.
    """
    keypoints = np.array(store[0].keypoints)
    keypoints[np.random.default_rng(2).random(keypoints.shape[:3]) < 0.2] = 0
    clip = replace(store[0], keypoints=keypoints)
    served = OnlineRecording(clip, "kinect20", spec)
    drawn = WindowSampler([clip], "kinect20", spec).draw(20, PLAIN, np.random.default_rng(1))
    truth = served.truth[spec.window.warm_samples - 1 :]

    for window, labels in zip(drawn.clips, drawn.labels, strict=True):
        same = np.abs(served.clips - window).max(axis=(1, 2, 3, 4)) < 1e-6
        assert same.sum() == 1
        assert labels[-1] == truth[same][0]


def test_a_window_of_two_is_one_that_serving_cuts(store: PoseStore, spec: ArtifactSpec) -> None:
    """The one who moves most is first; whoever is away or has just come is not in the window.

    Of the second person's frames ten are missing, which is no absence, and later thirty, which is
    one: they begin anew, and are in no window until theirs is warm.
    """
    keypoints = np.repeat(np.array(store[0].keypoints), 2, axis=1)
    keypoints[:, 1, :, 0] += np.linspace(1, 2, len(keypoints))[:, None]
    keypoints[30:40, 1] = keypoints[80:110, 1] = 0
    clip = replace(store[0], keypoints=keypoints)
    two = replace(spec, persons=2)
    served = OnlineRecording(clip, "kinect20", two)
    drawn = WindowSampler([clip], "kinect20", two).draw(80, PLAIN, np.random.default_rng(1))
    pairs = 0

    for window in drawn.clips:
        assert (np.abs(served.clips - window).max(axis=(1, 2, 3, 4)) < 1e-6).sum() == 1
        pairs += bool(window[..., 1].any())
    assert 10 < pairs < 70


def test_windows_end_in_each_action_as_often(store: PoseStore, spec: ArtifactSpec) -> None:
    """Background ends its share of the windows, however common; the actions share the rest."""
    sampler = WindowSampler(list(store), "kinect20", spec)
    drawn = sampler.draw(600, Sampling(background_share=0.7), np.random.default_rng(2))
    shares = np.bincount(drawn.labels[:, -1], minlength=3) / 600

    assert shares == pytest.approx([0.7, 0.15, 0.15], abs=0.06)


def test_a_faster_window_holds_more_of_the_recording(store: PoseStore, spec: ArtifactSpec) -> None:
    """At 1.3 times the speed 24 positions span 1.3 times as long, and end at the same frames."""
    clip = store[0]
    sampler = WindowSampler([clip], "kinect20", spec)
    fast = replace(PLAIN, speeds=(1.3, 1.3), background_share=0.0)
    changes = [
        np.mean([(np.diff(labels) != 0).any() for labels in drawn.labels])
        for drawn in (
            sampler.draw(200, sampling, np.random.default_rng(3))
            for sampling in (replace(PLAIN, background_share=0.0), fast)
        )
    ]
    assert changes[1] > changes[0]


def test_the_same_generator_draws_the_same(store: PoseStore, spec: ArtifactSpec) -> None:
    """Speed, thinning and cutting included: a run that is taken up sees what it would have seen."""
    sampler = WindowSampler(list(store), "kinect20", spec)
    first, second = (sampler.draw(8, Sampling(), np.random.default_rng(4)) for _ in range(2))
    other = sampler.draw(8, Sampling(), np.random.default_rng(5))

    assert np.array_equal(first.clips, second.clips)
    assert np.array_equal(first.labels, second.labels)
    assert not np.array_equal(first.clips, other.clips)


def test_recordings_without_frame_labels_are_refused(store: PoseStore, spec: ArtifactSpec) -> None:
    """One sentence that names the recording."""
    unlabelled = replace(store[0], frame_labels=None)
    with pytest.raises(StoreError, match="s01_e01: expected a label for each frame"):
        WindowSampler([unlabelled], "kinect20", spec)


def test_some_windows_lack_frames_and_some_their_past(store: PoseStore, spec: ArtifactSpec) -> None:
    """As often as asked; none lacks the newest frame, and what is left can be spoken of."""
    sampler, served = (
        WindowSampler([store[0]], "kinect20", spec),
        OnlineRecording(store[0], "kinect20", spec),
    )
    for changed, whole in (
        (replace(PLAIN, thinned_share=0.5, kept_share=0.4), 0.5),
        (replace(PLAIN, cut_share=0.5), 0.5),
    ):
        drawn = sampler.draw(200, changed, np.random.default_rng(6))
        known = [
            (np.abs(served.clips - clip).max(axis=(1, 2, 3, 4)) < 1e-6).any()
            for clip in drawn.clips
        ]
        assert np.mean(known) == pytest.approx(whole, abs=0.12)
        assert (drawn.clips[:, :, -1].any(axis=(1, 2, 3))).all()
        assert (drawn.labels[:, -1] != LEFT_OUT).all()

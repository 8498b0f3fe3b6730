"""The label stream, one rule at a time: windows, people, hops, look-aheads, pairs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.pose.artifact import ArtifactSpec, Provenance
from model.pose.layout import LAYOUTS
from model.pose.mapping import layout_mapping
from model.pose.normalise import normalise
from model.pose.stream import DueWindows, FrameAnswer, LabelStream, motion
from tests.model.pose.spelling import (
    KINECT,
    STEP_MS,
    Keypoints,
    labels_of,
    play,
    pose_of,
    spelled,
    spelling_spec,
)

UTD = LAYOUTS["utd20"]


def test_a_label_is_warming_until_the_window_holds_sixteen_real_samples() -> None:
    """The sixteenth frame is the first that is spoken of, as the newest of its window."""
    spec = spelling_spec()
    frames = [(number * STEP_MS, {0: pose_of(number)}) for number in range(18)]
    answers = play(LabelStream(spec, KINECT), spec, frames)
    assert labels_of(answers) == ["warming"] * 15 + ["0:23"] * 3
    assert dict(answers[0].people)[0].known is False


def test_a_hop_labels_its_frames_from_one_window() -> None:
    """With a hop of 4, four answers at a time, from the last four positions."""
    spec = spelling_spec(hop=4)
    stream = LabelStream(spec, KINECT)
    frames = [(number * STEP_MS, {0: pose_of(number)}) for number in range(24)]
    answers = play(stream, spec, frames, finish=False)
    assert labels_of(answers) == ["warming"] * 12 + ["0:20", "0:21", "0:22", "0:23"] * 3


def test_a_look_ahead_labels_a_frame_from_the_middle_of_its_window() -> None:
    """With 5 frames of look-ahead each is read 5 positions back; the end reads what there is."""
    spec = spelling_spec(lookahead=5)
    frames = [(100.3 + number * STEP_MS, {0: pose_of(number)}) for number in range(30)]
    answers = play(LabelStream(spec, KINECT), spec, frames)
    assert labels_of(answers)[10:] == ["0:18"] * 15 + [f"0:{place}" for place in range(19, 24)]


def test_frames_that_are_not_wanted_still_enter_the_windows() -> None:
    """They are not answered, but warm the window and are in its clip."""
    spec = spelling_spec()
    stream = LabelStream(spec, KINECT)
    for number in range(15):
        stream.push(number * STEP_MS, {0: pose_of(number)}, wanted=False)
        assert stream.due() is None
    assert stream.push(15 * STEP_MS, {0: pose_of(15)})
    due = stream.due()
    assert due is not None
    answers = stream.answers(due, spelled(due, spec))
    assert [answer.time_ms for answer in answers] == [15 * STEP_MS]
    assert labels_of(answers) == ["0:23"]
    np.testing.assert_array_equal(due.clips[0, :, -2, :, 0], pose_of(14)[:, :3].T)


def test_a_hop_counts_the_frames_that_are_to_be_answered() -> None:
    """Of every other frame, with a hop of 4, windows run with each eighth."""
    stream = LabelStream(spelling_spec(hop=4), KINECT)
    runs = []
    for number in range(32):
        stream.push(number * STEP_MS, {0: pose_of(number)}, wanted=number % 2 == 1)
        if (due := stream.due()) is not None:
            runs.append((number, [round(frame.time_ms / STEP_MS) for frame in due.frames]))
    assert runs == [(end, [end - 6, end - 4, end - 2, end]) for end in (7, 15, 23, 31)]


def test_an_empty_picture_is_answered_with_nobody() -> None:
    """`people: []` gets its answer, and no window is run."""
    spec = spelling_spec()
    stream = LabelStream(spec, KINECT)
    stream.push(5.0, {})
    due = stream.due()
    assert due is not None
    assert due.clips.shape == (0, 3, 24, 20, 1)
    assert stream.answers(due, spelled(due, spec)) == [FrameAnswer(5.0, ())]
    assert stream.finish() is None


@pytest.mark.parametrize("pictures", [0, 7], ids=["silence", "empty pictures"])
@pytest.mark.parametrize("away_ms", [1000.0, 1000.5])
def test_a_person_ends_after_a_second_unseen_and_warms_anew(away_ms: float, pictures: int) -> None:
    """For a second they may be out of sight; after it the same id is somebody new."""
    spec = spelling_spec(frames=64)
    frames: list[tuple[float, dict[int, Keypoints]]] = []
    frames += [(number * 30.0, {0: pose_of(number)}) for number in range(41)]
    frames += [(1200 + number * 100.0, {}) for number in range(1, 1 + pictures)]
    frames += [(1200 + away_ms + number * 30.0, {0: pose_of(number)}) for number in range(20)]
    answers = play(LabelStream(spec, KINECT), spec, frames)
    came_back = ["0:63"] * 20 if away_ms <= 1000 else ["warming"] * 15 + ["0:63"] * 5
    assert labels_of(answers[-20:]) == came_back


def test_the_last_frames_of_a_person_who_left_are_not_forgotten() -> None:
    """With a look-ahead beyond the second after which they end, their own window answers."""
    spec = spelling_spec(lookahead=40, frames=64)
    stay = [
        (number * STEP_MS, {0: pose_of(number), 1: pose_of(number + 1)}) for number in range(60)
    ]
    gone = [(number * STEP_MS, {1: pose_of(number)}) for number in range(60, 130)]
    answers = play(LabelStream(spec, KINECT), spec, stay + gone)
    seen = [answer for answer in answers if 0 in dict(answer.people)]
    assert labels_of(seen) == ["0:23"] * 60


def test_keypoints_of_another_layout_are_mapped_before_they_enter() -> None:
    """What the model reads is its own layout, whatever the client's."""
    spec = spelling_spec()
    stream = LabelStream(spec, UTD)
    for number in range(16):
        stream.push(number * STEP_MS, {0: pose_of(number)})
    due = stream.due()
    assert due is not None
    mapped = layout_mapping(UTD, KINECT)(pose_of(15))
    np.testing.assert_array_equal(due.clips[0, :, -1, :, 0], mapped[:, :3].T)


def test_a_model_of_clips_speaks_with_one_voice_for_the_frames_of_its_run() -> None:
    """Logits (N, K) are read whole: all frames of a hop get the row's one answer."""
    spec = spelling_spec(hop=3, task="clip")
    frames = [
        (number * STEP_MS, {4: pose_of(number), 2: pose_of(100 + number)}) for number in range(21)
    ]
    answers = play(LabelStream(spec, KINECT), spec, frames)
    assert labels_of(answers, person=4) == ["warming"] * 15 + ["0:23"] * 6
    assert labels_of(answers, person=2) == ["warming"] * 15 + ["1:23"] * 6


# --- two persons ------------------------------------------------------------------------------


def _moving(swing: float, number: int) -> Keypoints:
    """A person all of whose joints swing to and fro by `swing` metres."""
    pose = pose_of(7)
    pose[:, 0] += swing * np.float32((-1) ** number)
    return pose


def _two_person_run(swings: dict[int, float]) -> tuple[DueWindows, dict[int, str]]:
    """The last run of 20 frames of these people, and what it says of each."""
    spec = spelling_spec(persons=2)
    stream = LabelStream(spec, KINECT)
    for number in range(20):
        people = {person: _moving(swing, number) for person, swing in swings.items()}
        stream.push(number * STEP_MS, people)
        due = stream.due()
    assert due is not None
    (answer,) = stream.answers(due, spelled(due, spec))
    return due, {person: decision.label for person, decision in answer.people}


@given(order=st.permutations([(1, 0.1), (2, 0.5), (3, 0.3), (4, 0.0)]))
def test_a_two_person_model_takes_the_two_who_move_most(order: list[tuple[int, float]]) -> None:
    """Most first, whatever order they came in; both get the label, the others are unwatched."""
    due, said = _two_person_run(dict(order))
    assert due.clips.shape == (1, 3, 24, 20, 2)
    for place, swing in enumerate((0.5, 0.3)):
        expected = _moving(swing, 19)[:, :3].T
        np.testing.assert_array_equal(due.clips[0, :, -1, :, place], expected)
    assert said == {2: "0:23", 3: "0:23", 1: "background", 4: "background"}


def test_a_person_alone_is_paired_with_zeros() -> None:
    """A missing second person is zeros, and the one there is gets the label."""
    due, said = _two_person_run({5: 0.2})
    assert due.clips[0, ..., 0].any()
    assert not due.clips[0, ..., 1].any()
    assert said == {5: "0:23"}


def test_a_person_still_warming_is_not_paired() -> None:
    """Who came just now is warming, and takes no place, however much they move."""
    spec = spelling_spec(persons=2)
    stream = LabelStream(spec, KINECT)
    for number in range(20):
        people = {0: _moving(0.1, number)} | ({1: _moving(9, number)} if number > 9 else {})
        stream.push(number * STEP_MS, people)
        due = stream.due()
    assert due is not None
    assert not due.clips[0, ..., 1].any()
    assert labels_of(stream.answers(due, spelled(due, spec)), person=1) == ["warming"]


def test_motion_is_the_variance_of_what_is_seen() -> None:
    """Summed over joints and axes, over the frames in which each joint is there."""
    window = np.zeros((4, 2, 4), np.float32)
    window[:, 0, 0] = (1, 3, 1, 3)
    window[:, 1, 1] = (5, 5, 99, 11)
    window[..., 3] = 1
    window[2, 1, 3] = 0
    assert motion(window) == pytest.approx(1 + 8)
    assert motion(np.zeros((4, 2, 4), np.float32)) == 0


def test_windows_are_normalised_as_the_model_declares() -> None:
    """A clip is `normalise` of the plain window: the same that training reads."""
    picture = LAYOUTS["coco17"]
    spec = ArtifactSpec(
        name="picture",
        version="1",
        task="frames",
        layout="coco17",
        joints=picture.joints,
        persons=1,
        frames=16,
        rate_hz=30.0,
        hop_frames=1,
        lookahead_frames=0,
        labels=("background", "wave"),
        normalisation="published-2d",
        provenance=Provenance("none", "none", "none"),
    )
    rng = np.random.default_rng(0)
    poses = rng.uniform(1, 400, (16, 17, 4)).astype(np.float32)
    stream = LabelStream(spec, picture, size=(640, 480), top_k=2)
    for number, pose in enumerate(poses):
        stream.push(number * STEP_MS, {0: pose})
        due = stream.due()
    assert due is not None
    clip = normalise("published-2d", poses[None, :, :, None], picture, (640, 480))
    np.testing.assert_array_equal(due.clips, clip)
    logits = np.zeros((1, 16, 2), np.float32)
    ((_, decision),) = stream.answers(due, logits)[0].people
    assert decision.top == (("background", 0.5), ("wave", 0.5))

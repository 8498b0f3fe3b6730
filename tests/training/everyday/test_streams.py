"""Streams: labelled by frame, reproducible, seamless, and alive."""

import time
from collections import Counter
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from model.pose.layout import LAYOUTS
from model.pose.store import LEFT_OUT, DataSet, PoseClip, PoseStore, StoreError
from model.pose.store_writer import PoseStoreWriter
from tests.training.everyday import made_up
from training.everyday import pieces
from training.everyday.bones import bone_lengths
from training.everyday.composer import Composed, Composer
from training.everyday.gestures import SHORTEST_S, gesticulated
from training.everyday.pieces import Manner
from training.everyday.posture import posture
from training.everyday.shelf import Shelf, fill_shelf
from training.everyday.sources import RATE_HZ, Points, motions
from training.everyday.splits import Part, Splits, read_splits
from training.everyday.stream_store import write_streams
from training.everyday.streams import WITH_UNKNOWN, Streams, real_streams
from training.everyday.vocabulary import Vocabulary, read_vocabulary

MANNER = Manner(seconds=60)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The made-up store, vocabulary and splits."""
    folder = tmp_path_factory.mktemp("everyday")
    (folder / "v.toml").write_text(made_up.VOCABULARY)
    (folder / "s.toml").write_text(made_up.SPLITS)
    made_up.write_store(folder / "store")
    return folder


@pytest.fixture(scope="module")
def vocabulary(folder: Path) -> Vocabulary:
    """Of the made-up people."""
    return read_vocabulary(folder / "v.toml")


@pytest.fixture(scope="module")
def splits(folder: Path) -> Splits:
    """Of the made-up people."""
    return read_splits(folder / "s.toml")


@pytest.fixture(scope="module")
def shelf(folder: Path, vocabulary: Vocabulary, splits: Splits) -> Shelf:
    """Subjects 1 to 3, from two cameras."""
    return fill_shelf([PoseStore(folder / "store")], vocabulary, splits, "train")


@pytest.fixture(scope="module")
def composed(shelf: Shelf) -> list[Composed]:
    """Three minutes of each person and camera."""
    composer = Composer(shelf.vocabulary, shelf.idle)
    generator = np.random.default_rng(0)
    return [
        composer.compose(person, MANNER, generator) for person in shelf.people for _ in range(3)
    ]


def test_a_stream_depends_on_seed_and_number_alone(shelf: Shelf) -> None:
    """Another instance, and a worker's share, give the same bytes; other numbers give others."""
    streams = Streams(shelf, MANNER)
    list(islice(streams.endless(7), 2))
    again = Streams(shelf, MANNER).drawn(7, 3)
    other = next(islice(streams.endless(7, first=1, step=2), 1, None))
    assert again.name == other.name
    np.testing.assert_array_equal(again.keypoints, other.keypoints)
    np.testing.assert_array_equal(again.frame_labels, other.frame_labels)
    assert len({len(streams.drawn(7, number)) for number in range(6)}) > 1


def test_streams_are_of_one_person_at_thirty_hertz_with_all_classes(
    shelf: Shelf, vocabulary: Vocabulary
) -> None:
    """Every class that people do comes up, background too, and nothing that is not used."""
    streams = [Streams(shelf, MANNER).drawn(0, number) for number in range(30)]
    shown = Counter[int]()
    for stream in streams:
        assert (stream.subject, stream.view) in {(s, v) for s in (1, 2, 3) for v in (1, 2)}
        assert stream.frame_labels is not None
        np.testing.assert_allclose(np.diff(stream.times_ms), 1000 / 30)
        assert np.isfinite(stream.keypoints).all()
        shown.update(stream.frame_labels.tolist())
    assert set(shown) == {LEFT_OUT, *range(len(vocabulary.labels))}
    assert shown[0] > 0.3 * shown.total()
    assert shown[LEFT_OUT] < 0.05 * shown.total()


def test_every_frame_keeps_its_bones_and_no_joint_jumps(composed: list[Composed]) -> None:
    """Rigid people stay rigid within 3 % in transitions and idle, and their joints never leap."""
    inner = [joint for joint in range(20) if joint != LAYOUTS["kinect20"].root]
    for stream in composed:
        lengths = bone_lengths(stream.points[..., :3])[:, inner]
        middle = np.median(lengths, axis=0)
        assert (np.abs(lengths - middle) < 0.03 * middle + 0.005).all()
        speeds = np.linalg.norm(np.diff(stream.points[..., :3], axis=0), axis=-1) * 30
        assert speeds.max() < 9


def test_no_pose_is_ever_frozen(composed: list[Composed]) -> None:
    """In idle as everywhere each frame differs from the one before."""
    for stream in composed:
        steps = np.abs(np.diff(stream.points[..., :3], axis=0)).max(axis=(1, 2))
        assert (steps > 1e-5).mean() > 0.99


def test_seams_lie_within_background_as_often_as_elsewhere(composed: list[Composed]) -> None:
    """A seam is no cue: over a quarter join background to background, and all are background.

    But for those after lying down, which nobody can name.
    """
    sides, names = Counter[str](), set()
    for stream in composed:
        for start, stop in stream.seams.tolist():
            names |= set(stream.labels[start:stop].tolist())
            before, after = stream.labels[start - 1] > 0, stream.labels[stop] > 0
            sides["inner" if not before and not after else "edge"] += 1
            assert 9 <= stop - start <= 24
    assert names <= {0, LEFT_OUT}
    assert sides["inner"] > 0.25 * sides.total()


def test_nobody_stands_up_under_another_name(composed: list[Composed]) -> None:
    """From sitting only standing up follows, or sitting on: else the frames are left out."""
    pelvis = LAYOUTS["kinect20"].joints.index("pelvis")
    for stream in composed:
        for start, stop in stream.seams.tolist():
            if stream.labels[start] == 0:
                rise = np.ptp(stream.points[start:stop, pelvis, 1])
                assert rise < 0.15


def test_hands_gesture_where_people_learn_from_it_alone(
    folder: Path,
    vocabulary: Vocabulary,
    splits: Splits,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In upright idle spans that are long enough; who chooses and who tests never does."""
    seen: list[Points] = []

    def noted(points: Points, generator: np.random.Generator) -> Points:
        seen.append(points)
        return gesticulated(points, generator)

    monkeypatch.setattr(pieces, "gesticulated", noted)
    stores = [PoseStore(folder / "store")]
    others: tuple[Part, ...] = ("choose", "test")
    for part in others:
        write_streams(stores, vocabulary, splits, part, tmp_path / part, 0.05, seed=1)
    assert not seen
    write_streams(stores, vocabulary, splits, "train", tmp_path / "train", 0.05, seed=1)
    assert len(seen) > 3
    assert all(posture(points[0])[1] > 0.7 for points in seen)
    assert min(len(points) for points in seen) >= SHORTEST_S * RATE_HZ


def test_segments_are_the_runs_of_labels_and_the_unknown_behind_them(
    shelf: Shelf, vocabulary: Vocabulary
) -> None:
    """An unknown action is no class: its frames are left out, its segment has the next number."""
    unknown = len(vocabulary.labels)
    found = Counter[int]()
    for stream in Streams(shelf, WITH_UNKNOWN).fixed(0, minutes=6):
        assert stream.frame_labels is not None
        for segment in stream.segments:
            frames = stream.frame_labels[segment.start : segment.stop]
            assert set(frames.tolist()) == {LEFT_OUT if segment.label == unknown else segment.label}
            found[segment.label] += 1
    assert found[unknown] > 10
    plain = [segment.label for s in Streams(shelf).fixed(0, 4) for segment in s.segments]
    assert unknown not in plain


def test_a_mirrored_stream_is_the_mirror_image_with_its_own_labels(shelf: Shelf) -> None:
    """Left and right change places in joints and in labels, and nothing else changes."""
    composer, person = Composer(shelf.vocabulary, shelf.idle), shelf.people[0]
    plain, mirrored = (
        composer.compose(person, MANNER, np.random.default_rng(5), mirrored=flag, favoured=2)
        for flag in (False, True)
    )
    layout, labels = LAYOUTS["kinect20"], shelf.vocabulary.labels
    left, right = (layout.joints.index(f"{side}_wrist") for side in ("left", "right"))
    np.testing.assert_array_equal(
        mirrored.points[:, left, :3], plain.points[:, right, :3] * np.array([-1, 1, 1], np.float32)
    )
    raised = {side: labels.index(f"raise {side} arm") for side in ("left", "right")}
    assert (plain.labels == raised["left"]).any()
    np.testing.assert_array_equal(
        plain.labels == raised["left"], mirrored.labels == raised["right"]
    )


def test_the_fixed_list_is_as_long_as_asked_and_hears_everybody(shelf: Shelf) -> None:
    """All people and cameras take turns, once plain and once mirrored."""
    streams = list(Streams(shelf, Manner(seconds=10)).fixed(0, minutes=2.5))
    minutes = sum(map(len, streams)) / 1800
    assert 2.5 <= minutes < 2.8
    assert {(stream.subject, stream.view) for stream in streams} == {
        (person, view) for person in (1, 2, 3) for view in (1, 2)
    }
    assert {stream.name.endswith("m") for stream in streams} == {False, True}


def test_composing_is_far_faster_than_real_time(shelf: Shelf) -> None:
    """200 times on one core; measured in CPU time, so that a busy machine is no failure."""
    streams = Streams(shelf, MANNER)
    began = time.process_time()
    seconds = sum(len(streams.drawn(1, number)) for number in range(10)) / 30
    assert seconds / (time.process_time() - began) > 200


def test_rates_are_brought_to_one_and_silences_part_motions() -> None:
    """15 uneven frames a second, with a silence of two seconds, become two motions of 30."""
    still = made_up.motion("walk", 90, 0)[::2]
    times_ms = np.cumsum(np.where(np.arange(45) % 2, 50.0, 83.4))
    times_ms[20:] += 2000
    clip = PoseClip("clip", still[:, None], times_ms, subject=1, label=0)
    data_set = DataSet("hdm05", "kinect20", 15.0, ("walk",), "made up")
    first, second = motions(clip, data_set)
    assert len(first.points) == pytest.approx(30 * (times_ms[19] - times_ms[0]) / 1000, abs=1)
    assert len(second.points) == pytest.approx(30 * (times_ms[44] - times_ms[20]) / 1000, abs=1)
    assert first.frames[-1] < 20 <= second.frames[0]
    with pytest.raises(StoreError, match=r"expected a data set of the everyday model .* 'ntu60'"):
        list(motions(clip, DataSet("ntu60", "kinect20", 15.0, ("walk",), "made up")))


def test_whoever_goes_somewhere_unlabelled_is_neither_background_nor_walk(
    tmp_path: Path, vocabulary: Vocabulary, splits: Splits
) -> None:
    """Half of a recording stands, half goes at 0.8 m/s: of its background the first half is left.

    A walk that its owners labelled stays a walk.
    """
    rows = made_up.motion("nod", 120, 1)[:, None].copy()
    rows[60:, 0, :, 0] += np.linspace(0, 0.8 * 2, 60, dtype=np.float32)[:, None]
    times_ms = np.arange(120) * 1000 / 30
    walk, unlabelled = made_up.LABELS.index("walk"), made_up.LABELS.index("nod")
    labels = np.full(120, unlabelled, np.int16)
    labels[100:] = walk
    store = PoseStoreWriter(
        tmp_path / "store", DataSet("hdm05", "kinect20", 30.0, made_up.LABELS, "made up")
    )
    with store as writer:
        for subject in (3, 4, 5):
            writer.append(PoseClip(f"s{subject}", rows, times_ms, subject, frame_labels=labels))
    (real,) = real_streams(PoseStore(tmp_path / "store"), vocabulary, splits, "test")
    assert real.frame_labels is not None
    assert (real.frame_labels[:50] == 0).all()
    assert (real.frame_labels[70:100] == LEFT_OUT).all()
    assert (real.frame_labels[100:] == vocabulary.labels.index("walk")).all()


def test_real_recordings_keep_their_clock_and_take_our_labels(
    tmp_path: Path, vocabulary: Vocabulary, splits: Splits
) -> None:
    """What is not used is left out; background stays; the times are the recording's own."""
    labels = np.array([LEFT_OUT, 0, 2, 5, 6, 8] * 5, np.int16)
    times_ms = np.cumsum(np.full(30, 70.0))
    store = PoseStoreWriter(
        tmp_path / "store", DataSet("hdm05", "kinect20", 15.0, made_up.LABELS, "made up")
    )
    with store as writer:
        for subject in (3, 4, 5):
            rows = made_up.motion("nod", 60, 1)[::2, None]
            writer.append(PoseClip(f"s{subject}", rows, times_ms, subject, frame_labels=labels))
    (real,) = real_streams(PoseStore(tmp_path / "store"), vocabulary, splits, "test")
    words = ["wave", "sit down", "background"]
    expected = [LEFT_OUT, *(vocabulary.labels.index(word) for word in words), LEFT_OUT, LEFT_OUT]
    assert real.name == "hdm05/s5"
    np.testing.assert_array_equal(real.times_ms, times_ms)
    np.testing.assert_array_equal(real.frame_labels, np.array(expected * 5))

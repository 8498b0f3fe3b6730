"""PKU-MMD: recordings, their labelled segments, the split files, and what is broken in each."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.pose.store import UNKNOWN_SUBJECT, Segment
from tests.training.published_forms import moving, pku_files
from training.readers.pku_mmd import PKU1, PKU2, PKUMMDReader, label_frames
from training.readers.pku_mmd_files import PKULabel
from training.readers.reader import ReadingError

LABELS = "8,2,5,2\r\n51,10,14,1\r\n"


@pytest.fixture
def phase_1(tmp_path: Path) -> Path:
    """Two cameras of one recording of 20 frames, with two labelled actions."""
    return pku_files(
        tmp_path / "pku",
        {"0002-L": (20, LABELS), "0002-M": (20, LABELS)},
        training=["0002-M", "0003-M"],
        testing=["0002-L"],
    )


def _refusal(reader: PKUMMDReader) -> str:
    with pytest.raises(ReadingError) as caught:
        _read_all(reader)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def _read_all(reader: PKUMMDReader) -> None:
    for path in reader.files():
        reader.read(path)


def test_a_recording_has_a_label_a_frame_and_its_segments(phase_1: Path) -> None:
    """Frames count from 0 and a segment ends before its last number; 0 is background."""
    reader = PKUMMDReader(phase_1, PKU1)
    left, middle = (reader.read(path) for path in reader.files())

    assert (left.name, left.view, left.subject) == ("0002-L", 1, UNKNOWN_SUBJECT)
    assert (middle.view, middle.splits) == (2, ("xsub_train", "xview_train"))
    assert left.splits == ("xsub_test", "xview_test")
    assert left.segments == (Segment(8, 2, 5), Segment(51, 10, 14))
    assert left.frame_labels is not None
    assert left.frame_labels.tolist() == [0] * 2 + [8] * 3 + [0] * 5 + [51] * 4 + [0] * 6
    assert reader.data_set.labels[8] == "drink water"
    assert len(reader.data_set.labels) == 52
    np.testing.assert_allclose(left.keypoints[:, 0, :, :3], moving(20, 0.4), atol=1e-6)


def test_a_frame_without_a_second_person_leaves_that_place_empty(phase_1: Path) -> None:
    """The second 75 numbers are zeros where there is nobody, and then only there."""
    path = phase_1 / "skeleton" / "0002-L.txt"
    rows = np.loadtxt(path)
    rows[7, 75:] = rows[7, :75] + 1.0
    rows[9, :] = 0
    rows[11, 3] = np.nan
    np.savetxt(path, rows)
    reader = PKUMMDReader(phase_1, PKU1)
    score = reader.read(reader.files()[0]).keypoints[..., 3]

    assert np.flatnonzero(score[:, 1].any(axis=1)).tolist() == [7]
    assert np.flatnonzero(~score[:, 0].any(axis=1)).tolist() == [9]
    assert (score[11, 0, 1], score[11, 0, 2]) == (0, 1)


def test_segments_are_clips_of_their_own(phase_1: Path) -> None:
    """Each labelled segment of each recording, cut out, named by its recording and its line."""
    reader = PKUMMDReader(phase_1, PKU1, as_segments=True)
    clips = [reader.read(path) for path in reader.files()]

    assert [clip.name for clip in clips] == [
        "0002-L_000",
        "0002-L_001",
        "0002-M_000",
        "0002-M_001",
    ]
    assert [(len(clip), clip.label) for clip in clips[:2]] == [(3, 7), (4, 50)]
    assert [clip.splits for clip in clips[1:3]] == [
        ("xsub_test", "xview_test"),
        ("xsub_train", "xview_train"),
    ]
    assert reader.data_set.labels[7] == "drink water"
    assert clips[0].times_ms[0] == 0
    np.testing.assert_allclose(clips[1].keypoints[:, 0, :, :3], moving(20, 0.4)[10:14], atol=1e-6)


def test_phase_2_counts_its_performers(tmp_path: Path) -> None:
    """``A01N13-R`` is performer 13 by camera 3; a name of the other phase is refused."""
    recordings = {"A01N13-R": (9, "3,0,4,1")}
    directory = pku_files(tmp_path / "pku", recordings, ["A01N13-R"], ["A01N01-L"])
    reader = PKUMMDReader(directory, PKU2)
    clip = reader.read(reader.files()[0])

    assert (clip.subject, clip.view) == (13, 3)
    assert "expected a name like 0002-L.txt of pku1" in _refusal(PKUMMDReader(directory, PKU1))


@given(
    spans=st.lists(
        st.tuples(st.integers(1, 51), st.integers(0, 29), st.integers(1, 30)), max_size=8
    )
)
def test_where_segments_overlap_the_later_start_wins(spans: list[tuple[int, int, int]]) -> None:
    """Each frame has the label of the latest-starting segment over it, or background."""
    segments = tuple(Segment(k, start, start + n) for k, start, n in spans if start + n <= 30)
    labels = label_frames(segments, 30)

    for t in range(30):
        over = [s for s in segments if s.start <= t < s.stop]
        latest = {s.label for s in over if s.start == max(o.start for o in over)} or {0}
        assert labels[t] in latest


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [(3, 8, (3, 8)), (8, 3, (3, 8)), (15, 40, (15, 20)), (0, 20, (0, 20))],
)
def test_two_oddities_of_the_published_labels_are_read_as_meant(
    first: int, last: int, expected: tuple[int, int]
) -> None:
    """A start after its end is turned round; an end past the recording is the recording's end."""
    segment = PKULabel("here", 1, first, last).segment(20)

    assert (segment.start, segment.stop) == expected


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("8,2,5,2\n8,20,25,2\n", "line 2: expected a segment within the recording's 20 frames"),
        ("8,-4,5,2\n", "line 1: expected a segment within the recording's 20 frames, got -4 to 5"),
        ("8,5,5,2\n", "line 1: expected a segment within the recording's 20 frames, got 5 to 5"),
        ("52,2,5,2\n", "line 1: expected a class of 1 to 51, got 52"),
        ("0,2,5,2\n", "line 1: expected a class of 1 to 51, got 0"),
        ("8,2,5\n", "line 1: expected class,start,end,confidence in whole numbers, got '8,2,5'"),
        ("8,2,5,2\nhop,7,9,1\n", "line 2: expected class,start,end,confidence in whole"),
        (f"{'8' * 5000},2,5,2\n", "line 1: expected class,start,end,confidence in whole numbers"),
        (f"8,2,{'9' * 400}.0,2\n", "line 1: expected class,start,end,confidence in whole"),
        ("8,2.5,5,2\n", "line 1: expected class,start,end,confidence in whole numbers"),
        ("", "expected at least one line class,start,end,confidence"),
    ],
)
def test_a_broken_label_is_named_by_its_line(phase_1: Path, text: str, sentence: str) -> None:
    """Outside of the recording, of no class, half a line: the label file and its line."""
    (phase_1 / "label" / "0002-L.txt").write_text(text)

    for as_segments in (False, True):
        message = _refusal(PKUMMDReader(phase_1, PKU1, as_segments))
        assert message.startswith("0002-L.txt")
        assert sentence in message


def test_a_broken_label_costs_only_its_own_segment(phase_1: Path) -> None:
    """Of a recording with one label outside of it, the other segments are still read."""
    (phase_1 / "label" / "0002-L.txt").write_text("8,2,5,2\n9,25,29,1\n10,8,12,2\n")
    reader = PKUMMDReader(phase_1, PKU1, as_segments=True)
    first, second, third, *_ = reader.files()

    assert (reader.read(first).label, reader.read(third).label) == (7, 9)
    with pytest.raises(ReadingError, match=r"0002-L\.txt, line 2"):
        reader.read(second)


def _rewrite(path: Path, change: Callable[[list[str]], list[str]]) -> None:
    path.write_text("\n".join(change(path.read_text().splitlines())))


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (
            lambda d: _rewrite(d / "skeleton/0002-L.txt", lambda ls: [*ls[:6], ls[6][:400]]),
            "0002-L.txt, line 7: expected 150 numbers, got",
        ),
        (
            lambda d: _rewrite(d / "skeleton/0002-L.txt", lambda ls: [ls[0] + " 0 0 0", *ls[1:]]),
            "0002-L.txt, line 1: expected 150 numbers, got 153",
        ),
        (
            lambda d: _rewrite(d / "skeleton/0002-L.txt", lambda ls: [ls[0], "a" + ls[1], *ls[2:]]),
            "0002-L.txt, line 2: expected numbers only",
        ),
        (
            lambda d: _rewrite(d / "skeleton/0002-L.txt", lambda ls: ls[:3]),
            "0002-L.txt, line 2: expected a segment within the recording's 3 frames, got 10 to 14",
        ),
        (lambda d: (d / "skeleton/0002-L.txt").write_text(""), "expected at least one frame"),
        (
            lambda d: np.savetxt(d / "skeleton/0002-L.txt", np.zeros((20, 150))),
            "0002-L.txt: expected a body in some frame, got none",
        ),
        (
            lambda d: (d / "label/0002-L.txt").unlink(),
            "0002-L.txt: expected its labels in a folder",
        ),
        (
            lambda d: (d / "cross_view.txt").unlink(),
            "one split file cross?view*.txt of xview there",
        ),
        (
            lambda d: (d / "cross_view.txt").write_text("Training videos:\n0002-L\n"),
            "cross_view.txt: expected 'Training videos:' and 'Validation videos:', each followed "
            "by names, got 1 and 0 names",
        ),
        (
            lambda d: (d / "cross_view.txt").write_text(
                "Training videos:\n0002-L\nValidation videos:\n0002-M, 0002-L\n"
            ),
            "cross_view.txt: expected 0002-L in one of the lists, got it in both",
        ),
    ],
)
def test_a_broken_recording_or_split_is_named(
    phase_1: Path, damage: Callable[[Path], object], sentence: str
) -> None:
    """A line cut short, a recording shorter than its labels, a split that is none."""
    damage(phase_1)

    assert sentence in _refusal(PKUMMDReader(phase_1, PKU1))


def test_videos_beside_the_skeletons_are_passed_over(phase_1: Path) -> None:
    """The owners' folders hold pictures of the same names."""
    (phase_1 / "RGB_VIDEO").mkdir()
    (phase_1 / "RGB_VIDEO" / "0002-L.avi").write_bytes(b"RIFF")

    assert len(PKUMMDReader(phase_1, PKU1).files()) == 2


def test_a_directory_without_recordings_is_refused(tmp_path: Path) -> None:
    """What the phase's recordings are called is said."""
    assert "expected recordings like A01N01-L.txt" in _refusal(PKUMMDReader(tmp_path, PKU2))

"""The readers on files made here: odd but right ones are read, broken ones named in a sentence."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io

from model.pose.layout import LAYOUTS
from training.readers.nw_ucla import NWUCLAReader
from training.readers.reader import Reader, ReadingError, keypoints_from_xyz
from training.readers.utd_mhad import UTDMHADReader
from training.readers.utkinect import UTKinectReader
from training.readers.utkinect_labels import Span, label_frames

WORDS = ("walk", "sitDown", "standUp", "pickUp", "carry")
LATER_WORDS = ("throw", "push", "pull", "waveHands", "clapHands")


def _row(number: int | str, joint: float = 0.5) -> str:
    return " ".join([str(number), *[str(joint)] * 60])


def _label_lines() -> list[str]:
    words = (*WORDS, *LATER_WORDS)
    return ["s01_e01", *(f"{word}: {100 * i + 10} {100 * i + 50} " for i, word in enumerate(words))]


def _utkinect(directory: Path, rows: list[str], labels: list[str] | None = None) -> UTKinectReader:
    (directory / "joints_s01_e01.txt").write_text("\n".join(rows) + "\n")
    (directory / "actionLabel.txt").write_text("\n".join(labels or _label_lines()) + "\n")
    return UTKinectReader(directory)


def _nw_ucla(directory: Path, **changes: Any) -> NWUCLAReader:
    content = {
        "file_name": "a08_s01_e00_v02",
        "skeletons": [[[0.1, 0.2, 0.3]] * 20] * 2,
        "label": 7,
    } | changes
    (directory / "a08_s01_e00_v02.json").write_text(json.dumps(content))
    return NWUCLAReader(directory)


def _utd_mhad(directory: Path, **arrays: Any) -> UTDMHADReader:
    scipy.io.savemat(directory / "a2_s3_t4_skeleton.mat", arrays)
    return UTDMHADReader(directory)


def _refusal(reader: Reader) -> str:
    (path,) = reader.files()
    with pytest.raises(ReadingError) as caught:
        reader.read(path)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_of_rows_with_the_same_number_the_last_counts(tmp_path: Path) -> None:
    """A frame number is one frame: the last row's joints, at number/60 s."""
    reader = _utkinect(tmp_path, [_row(6, 0.1), _row(8, 0.2), _row(8, 0.3), "", _row(12, 0.4)])
    clip = reader.read(reader.files()[0])

    assert clip.frame_numbers is not None
    assert clip.frame_numbers.tolist() == [6, 8, 12]
    assert clip.times_ms == pytest.approx([100.0, 400 / 3, 200.0])
    assert clip.keypoints[:, 0, 7, 0] == pytest.approx([0.1, 0.3, 0.4])
    assert clip.keypoints.shape == (3, 1, 20, 4)


def test_spans_include_both_ends_and_the_later_start_wins() -> None:
    """Where spans overlap the one that starts later wins, in whatever order they are listed."""
    numbers = np.array([8, 10, 18, 20, 30, 40, 50, 52])
    early, late = Span(1, (10, 50)), Span(2, (20, 40))

    for spans in ([early, late], [late, early]):
        assert label_frames(numbers, spans).tolist() == [0, 1, 1, 2, 2, 2, 1, 0]


def test_an_unplaced_action_leaves_out_its_gap_and_no_labelled_frame() -> None:
    """NaN leaves out the unlabelled rows strictly between its neighbours' spans."""
    numbers = np.arange(0, 100, 10)
    spans = [Span(1, (10, 30)), Span(2, None), Span(3, (60, 70)), Span(4, (80, 80))]

    assert label_frames(numbers, spans).tolist() == [0, 1, 1, 1, -1, -1, 3, 3, 4, 0]


def test_a_joint_that_was_not_seen_is_zeros_with_score_zero() -> None:
    """NaN, infinity (also in float32 only) and exact zeros are missing; all else has score 1."""
    xyz = np.full((1, 5, 3), 0.5)
    xyz[0, 0, 1], xyz[0, 1, 2], xyz[0, 2, 0], xyz[0, 3] = np.nan, np.inf, 1e300, 0.0
    keypoints = keypoints_from_xyz(xyz)

    assert keypoints.dtype == np.float32
    assert keypoints[0, 0].tolist() == [[0.0] * 4] * 4 + [[0.5, 0.5, 0.5, 1.0]]


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([_row(2), _row(4)[:-4]], "joints_s01_e01.txt, line 2: expected 61 numbers, got 60"),
        ([_row(2), "", _row(4) + " 1"], "joints_s01_e01.txt, line 3: expected 61 numbers, got 62"),
        ([_row(2), _row(4).replace("0.5", "left", 1)], "joints_s01_e01.txt, line 2: .*'left'"),
        ([_row("2.5")], "joints_s01_e01.txt, line 1: .*'2.5'"),
        ([_row(4), _row(2)], "joints_s01_e01.txt, line 2: expected a frame number of 4 or later"),
        ([_row(-2)], "joints_s01_e01.txt, line 1: expected a frame number of 0 or later, got -2"),
        ([_row(2), _row("9" * 22)], "joints_s01_e01.txt, line 2: .* below 1000000000, got 9999"),
        ([], "joints_s01_e01.txt: expected at least one row"),
    ],
)
def test_a_broken_row_is_named_by_its_line(tmp_path: Path, rows: list[str], sentence: str) -> None:
    """A truncated row, text for a number or a number that goes back: file, line and both sides."""
    assert re.match(sentence, _refusal(_utkinect(tmp_path, rows)))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda lines: [*lines[:3], "standUp: 10", *lines[4:]], "line 4: .*'standUp: 10'"),
        (lambda lines: [*lines[:3], "jump: 10 20", *lines[4:]], "line 4: .*'jump: 10 20'"),
        (lambda lines: [*lines[:3], "standUp: 20 10", *lines[4:]], "line 4: .*20 or later, got 10"),
        (lambda lines: [*lines[:3], f"standUp: 1 {'2' * 5000}", *lines[4:]], "line 4: .*'standUp:"),
        (lambda lines: [*lines, "walk: 1 2"], "line 12: .*got walk again"),
        (lambda lines: lines[:-2], "expected all ten actions of s01_e01, lacks wave hands, clap"),
        (lambda lines: lines[1:], "expected s01_e01 once, got it 0 times"),
        (lambda lines: lines * 2, "expected s01_e01 once, got it 2 times"),
    ],
)
def test_a_wrong_label_line_is_named(
    tmp_path: Path, change: Callable[[list[str]], list[str]], sentence: str
) -> None:
    """Half a span, an unknown action, one listed twice or not at all: the label file is named."""
    message = _refusal(_utkinect(tmp_path, [_row(2)], change(_label_lines())))

    assert message.startswith("actionLabel.txt")
    assert re.search(sentence, message)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"label": 8}, "label 7, got a08_s01_e00_v02 and 8"),
        ({"file_name": "a08_s01_e00_v01"}, "expected file_name a08_s01_e00_v02"),
        ({"skeletons": []}, "expected at least one frame, got none"),
        ({"skeletons": [[[0.1] * 3] * 19]}, "skeletons[0]: expected 20 joints, got 19"),
        ({"skeletons": [[[0.1] * 3] * 19 + [[1.0]]]}, "skeletons[0][19]: expected x, y, z, got 1"),
        ({"skeletons": [[["left"] * 3] * 20]}, "Expected `float`, got `str`"),
        ({"skeletons": [[[float("nan")] * 3] * 20]}, "expected a clip in JSON"),
    ],
)
def test_a_broken_nw_ucla_file_is_named(
    tmp_path: Path, changes: dict[str, Any], sentence: str
) -> None:
    """A label or name that disagrees, too few joints, text for a number: file and key."""
    message = _refusal(_nw_ucla(tmp_path, **changes))

    assert message.startswith("a08_s01_e00_v02.json")
    assert sentence in message


def test_nw_ucla_counts_its_classes_in_the_order_of_its_actions(tmp_path: Path) -> None:
    """a08 is the seventh action: label 6, view and subject from the name, frames 1/30 s apart."""
    reader = _nw_ucla(tmp_path)
    clip = reader.read(reader.files()[0])

    assert (clip.label, clip.subject, clip.view) == (6, 1, 2)
    assert reader.data_set.labels[6] == "donning"
    assert clip.times_ms == pytest.approx([0.0, 1000 / 30])


def test_utd_mhad_turns_joints_axes_frames_into_frames_joints_axes(tmp_path: Path) -> None:
    """``d_skel (20, 3, T)`` becomes ``(T, 1, 20, 4)``, value for value."""
    joints = np.arange(1.0, 20 * 3 * 5 + 1).reshape(20, 3, 5)
    reader = _utd_mhad(tmp_path, d_skel=joints)
    clip = reader.read(reader.files()[0])

    assert (clip.name, clip.label, clip.subject) == ("a2_s3_t4", 1, 3)
    assert clip.keypoints[4, 0, 19, :3].tolist() == joints[19, :, 4].tolist()


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        ({"other": np.zeros((20, 3, 5))}, "expected an array d_skel of real numbers"),
        ({"d_skel": "text"}, "expected an array d_skel of real numbers"),
        ({"d_skel": np.zeros((25, 3, 5))}, "expected d_skel (20, 3, T), got (25, 3, 5)"),
        ({"d_skel": np.zeros((20, 3))}, "expected d_skel (20, 3, T), got (20, 3)"),
    ],
)
def test_a_utd_mhad_file_of_another_shape_is_named(
    tmp_path: Path, arrays: dict[str, Any], sentence: str
) -> None:
    """Without ``d_skel``, or with one of another kind or shape, the file is refused by name."""
    message = _refusal(_utd_mhad(tmp_path, **arrays))

    assert message.startswith("a2_s3_t4_skeleton.mat")
    assert sentence in message


@pytest.mark.parametrize("compressed", [False, True])
def test_a_truncated_utd_mhad_file_is_one_sentence_wherever_it_ends(
    tmp_path: Path, compressed: bool
) -> None:
    """What the MATLAB parser raises depends on where the bytes end; the reader raises one error."""
    path = tmp_path / "a2_s3_t4_skeleton.mat"
    scipy.io.savemat(path, {"d_skel": np.ones((20, 3, 9))}, do_compression=compressed)
    content = path.read_bytes()
    for length in range(0, len(content), max(1, len(content) // 200)):
        path.write_bytes(content[:length])
        assert _refusal(UTDMHADReader(tmp_path)).startswith("a2_s3_t4_skeleton.mat")


def test_bytes_that_are_no_text_are_refused_in_a_sentence(tmp_path: Path) -> None:
    """A byte that is no UTF-8, wherever it stands in a file of JSON."""
    reader = _nw_ucla(tmp_path)
    (path,) = reader.files()
    content = path.read_bytes()
    for place in (3, len(content) // 2, len(content) - 2):
        path.write_bytes(content[:place] + b"\xff" + content[place + 1 :])
        assert _refusal(reader).startswith(f"{path.name}: expected a clip in JSON, but")


def test_a_clip_has_the_joints_of_the_layout_that_its_reader_names(tmp_path: Path) -> None:
    """The layout's name is one that the project knows, with as many joints as a clip holds."""
    readers: list[Reader] = [
        _utkinect(tmp_path, [_row(2)]),
        _nw_ucla(tmp_path),
        _utd_mhad(tmp_path, d_skel=np.ones((20, 3, 5))),
    ]
    for reader in readers:
        clip = reader.read(reader.files()[0])
        assert clip.keypoints.shape[2] == len(LAYOUTS[reader.data_set.layout].joints)


@pytest.mark.parametrize("reader", [UTKinectReader, NWUCLAReader, UTDMHADReader])
def test_a_directory_without_files_says_what_was_looked_for(
    tmp_path: Path, reader: Callable[[Path], Reader]
) -> None:
    """An empty or absent directory names the pattern that was expected in it."""
    for directory in (tmp_path, tmp_path / "absent"):
        with pytest.raises(ReadingError, match=r"expected files .*\*\.\w+ there, got none"):
            reader(directory).files()

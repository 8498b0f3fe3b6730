"""NTU RGB+D in the forms of 2s-AGCN and pyskl: what is taken from them, and what is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.training.published_forms import agcn_files, moving, pyskl_annotation, write_pickle
from training.__main__ import main
from training.readers.ntu_agcn import NTUAGCNReader
from training.readers.ntu_names import NTU60
from training.readers.ntu_pyskl import NTUPysklReader
from training.readers.reader import Reader, ReadingError

FIRST, SECOND = "S001C002P003R002A013", "S002C001P001R001A060"


def _sentence(call: Callable[[], Any]) -> str:
    with pytest.raises(ReadingError) as caught:
        call()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def _first_refused(reader: Reader) -> str:
    return _sentence(lambda: reader.read(reader.files()[0]))


def _pyskl(directory: Path, *annotations: Any, split: Any = None) -> NTUPysklReader:
    split = {"xsub_train": [SECOND], "xsub_val": [FIRST], "xview_train": [FIRST]} | (split or {})
    content = {"split": split, "annotations": list(annotations)}
    write_pickle(directory / "ntu60_hrnet.pkl", content)
    return NTUPysklReader(directory, NTU60)


def test_an_agcn_clip_is_its_part_of_the_array_without_the_padding(tmp_path: Path) -> None:
    """Each clip up to its last body; a joint in the origin was seen there, as data is centred."""
    data = agcn_files(tmp_path, "train", [FIRST, SECOND])
    agcn_files(tmp_path, "val", ["S003C003P002R001A001"])
    reader = NTUAGCNReader(tmp_path, NTU60)
    clips = [reader.read(path) for path in reader.files()]

    assert [clip.name for clip in clips] == [FIRST, SECOND, "S003C003P002R001A001"]
    assert [len(clip) for clip in clips] == [12, 11, 12]
    assert [clip.label for clip in clips] == [12, 59, 0]
    assert [clip.splits for clip in clips] == [
        ("xsub_test", "xview_train"),
        ("xsub_train", "xview_test"),
        ("xsub_train", "xview_train"),
    ]
    for index, clip in enumerate(clips[:2]):
        written = data[index, :, : len(clip)].transpose(1, 3, 2, 0)
        np.testing.assert_array_equal(clip.keypoints[..., :3], written)
        assert (clip.keypoints[:, 0, :, 3] == 1).all()
        assert (clip.keypoints[:, 1] == 0).all()


def test_an_agcn_clip_keeps_its_second_person_and_loses_what_is_not_finite(tmp_path: Path) -> None:
    """The second body of the array is the clip's second; NaN is a joint that is missing."""
    data = agcn_files(tmp_path, "train", [FIRST])
    data[0, :, 3:9, :, 1] = moving(6, 0.2, 9).transpose(2, 0, 1)
    data[0, 1, 4, 7, 1] = np.nan
    np.save(tmp_path / "train_data_joint.npy", data)
    reader = NTUAGCNReader(tmp_path, NTU60)
    keypoints = reader.read(reader.files()[0]).keypoints

    assert (keypoints[..., 1, :, 3] > 0).sum() == 6 * 25 - 1
    assert keypoints[4, 1, 7].tolist() == [0, 0, 0, 0]


def _header_byte(path: Path, old: bytes, new: bytes) -> None:
    path.write_bytes(path.read_bytes().replace(old, new, 1))


def _two_of_a_name(directory: Path) -> None:
    np.save(directory / "train_data_joint.npy", np.zeros((2, 3, 9, 25, 2)))
    _labels(directory, ([f"a/{FIRST}", f"b/{FIRST}"], [12, 12]))


def _labels(directory: Path, content: object) -> None:
    write_pickle(directory / "train_label.pkl", content)


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda d: (d / "train_data_joint.npy").unlink(), "expected train_data_joint.npy or val_"),
        (lambda d: (d / "train_label.pkl").unlink(), "train_label.pkl: expected a whole pickle"),
        (
            lambda d: (d / "train_data_joint.npy").write_bytes(b"\x93NUMPY"),
            "train_data_joint.npy: expected an array, but",
        ),
        (
            lambda d: _header_byte(d / "train_data_joint.npy", b"'", b"("),
            "train_data_joint.npy: expected an array, but",
        ),
        (
            lambda d: np.save(d / "train_data_joint.npy", np.array([{}], dtype=object)),
            "train_data_joint.npy: expected an array, but",
        ),
        (
            lambda d: np.save(d / "train_data_joint.npy", np.zeros((1, 3, 9, 17, 2))),
            "expected real numbers (N, 3, T, 25, 2), got float64 (1, 3, 9, 17, 2)",
        ),
        (lambda d: _labels(d, ([FIRST], [12, 3])), "expected 1 names and labels, one a clip of"),
        (lambda d: _labels(d, {"names": [FIRST]}), "train_label.pkl: expected a pair of names"),
        (
            _two_of_a_name,
            f"train_label.pkl: expected each name once, got {FIRST} again",
        ),
        (lambda d: _labels(d, ([FIRST], ["12"])), "expected texts as names and integers as labels"),
        (lambda d: _labels(d, ([FIRST], [3])), f"[0] ({FIRST}): expected label 12, as its name"),
        (lambda d: _labels(d, (["walking"], [3])), "expected a name like S001C001P001R001A001"),
        (
            lambda d: np.save(d / "train_data_joint.npy", np.zeros((1, 3, 9, 25, 2))),
            f"[0] ({FIRST}): expected a body in some frame, got none",
        ),
    ],
)
def test_a_broken_agcn_directory_is_named(
    tmp_path: Path, damage: Callable[[Path], object], sentence: str
) -> None:
    """A missing, cut or foreign array, labels that do not fit it: file, and place in it."""
    agcn_files(tmp_path, "train", [FIRST])
    damage(tmp_path)

    assert sentence in _first_refused(NTUAGCNReader(tmp_path, NTU60))


def test_an_array_of_no_clips_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence, and no store."""
    np.save(tmp_path / "train_data_joint.npy", np.zeros((0, 3, 9, 25, 2)))
    _labels(tmp_path, ([], []))
    place = ["--from", str(tmp_path), "--out", str(tmp_path / "store")]
    assert main(["prepare", "ntu60_agcn", *place]) == 2
    assert capsys.readouterr().err == (
        "prepare: expected clips of ntu60_agcn, its files hold none\n"
    )
    assert not (tmp_path / "store").exists()


def test_a_pyskl_clip_is_pixels_scores_and_the_splits_of_the_pickle(tmp_path: Path) -> None:
    """x, y, 0, score in picture axes; size is width and height; ``val`` is ``test`` here."""
    first, second = pyskl_annotation(FIRST), pyskl_annotation(SECOND, bodies=2, frames=7)
    first["keypoint_score"][0, 2, 9] = 0
    reader = _pyskl(tmp_path, first, second)
    clips = [reader.read(path) for path in reader.files()]

    assert [clip.name for clip in clips] == [FIRST, SECOND]
    assert [clip.splits for clip in clips] == [("xsub_test", "xview_train"), ("xsub_train",)]
    assert (clips[0].size, clips[0].label, clips[0].subject) == ((1920, 1080), 12, 3)
    assert clips[0].keypoints.shape == (5, 2, 17, 4)
    assert clips[0].keypoints[2, 0, 9].tolist() == [0, 0, 0, 0]
    np.testing.assert_array_equal(clips[0].keypoints[0, 0, :, :2], first["keypoint"][0, 0])
    assert clips[0].keypoints[0, 0, :, 3] == pytest.approx(0.9, abs=1e-3)
    assert (clips[1].keypoints[..., 3] > 0).all()
    assert (clips[0].keypoints[..., 2] == 0).all()


def test_of_three_people_in_a_picture_the_two_that_move_most_are_taken(tmp_path: Path) -> None:
    """What a detector found beside the two actors does not take their place."""
    keypoint = np.stack(
        [
            400 + 100 * moving(6, reach, seed, joints=17, dimensions=2)
            for seed, reach in enumerate((0.01, 0.2, 0.6))
        ]
    )
    annotation = pyskl_annotation(FIRST, bodies=3, frames=6, keypoint=keypoint)
    reader = _pyskl(tmp_path, annotation)
    keypoints = reader.read(reader.files()[0]).keypoints

    np.testing.assert_allclose(keypoints[:, 0, :, :2], keypoint[2], rtol=1e-6)
    np.testing.assert_allclose(keypoints[:, 1, :, :2], keypoint[1], rtol=1e-6)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"label": 3}, "annotations[0].label: expected 12, got 3"),
        ({"label": np.array([12, 12])}, "annotations[0].label: expected 12, got int64 (2,)"),
        ({"frame_dir": "v_Walking_g01"}, "annotations[0].frame_dir: expected a name like S001C001"),
        ({"frame_dir": None}, "annotations[0].frame_dir: expected a name like S001C001"),
        ({"img_shape": None}, "annotations[0].img_shape: expected (height, width) in pixels"),
        ({"img_shape": (0, 1920)}, "annotations[0].img_shape: expected (height, width) in pixels"),
        ({"total_frames": 6}, "annotations[0].total_frames: expected 5, got 6"),
        ({"keypoint": None}, "annotations[0].keypoint: expected an array (M, T, 17, 2), got none"),
        (
            {"keypoint": np.zeros((1, 5, 25, 3))},
            "annotations[0].keypoint: expected an array (M, T, 17, 2), got float64 (1, 5, 25, 3)",
        ),
        (
            {"keypoint_score": np.ones((1, 4, 17))},
            "annotations[0].keypoint_score: expected an array (1, 5, 17), got float64 (1, 4, 17)",
        ),
        ({"keypoint_score": np.zeros((1, 5, 17))}, "keypoint_score: expected a joint in some"),
        ({"keypoint": np.full((1, 5, 17, 2), np.nan)}, "keypoint: expected a joint in some frame"),
        ({"keypoint_score": np.full((1, 5, 17), np.nan)}, "keypoint_score: expected a joint in"),
    ],
)
def test_a_broken_annotation_is_named_by_its_key(
    tmp_path: Path, changes: dict[str, Any], sentence: str
) -> None:
    """Wrong counts, shapes and labels: the place in the pickle, what was expected, what came."""
    message = _first_refused(_pyskl(tmp_path, pyskl_annotation(FIRST, **changes)))

    assert message.startswith("ntu60_hrnet.pkl, annotations[0]")
    assert sentence in message


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ([], "ntu60_hrnet.pkl: expected a dict of split and annotations"),
        ({"split": {}}, "ntu60_hrnet.pkl: expected a dict of split and annotations"),
        ({"split": {}, "annotations": []}, "ntu60_hrnet.pkl, annotations: expected a list of"),
        ({"split": {"xsub_train": FIRST}, "annotations": [{}]}, "split: expected lists of names"),
        ({"split": {}, "annotations": [7]}, "annotations[0]: expected a dict, got int"),
    ],
)
def test_a_pickle_of_another_form_is_refused(
    tmp_path: Path, content: object, sentence: str
) -> None:
    """A pickle that holds something else says so before any clip is read."""
    write_pickle(tmp_path / "ntu60_hrnet.pkl", content)

    assert sentence in _first_refused(NTUPysklReader(tmp_path, NTU60))


def test_the_pickle_is_asked_for_by_its_names(tmp_path: Path) -> None:
    """A directory holds exactly one of the published pickles; a file stands for itself."""
    assert "expected one of ntu60_hrnet.pkl and ntu60_2d.pkl there, got 0" in _sentence(
        NTUPysklReader(tmp_path, NTU60).files
    )
    _pyskl(tmp_path, pyskl_annotation(FIRST))
    (tmp_path / "ntu60_hrnet.pkl").rename(tmp_path / "mine.pkl")
    reader = NTUPysklReader(tmp_path / "mine.pkl", NTU60)
    assert reader.read(reader.files()[0]).name == FIRST

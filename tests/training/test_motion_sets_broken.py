"""MSR-Action3D and the motion capture bundles on files made here: each broken one in a sentence."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from training.readers.bandai_namco import BandaiNamcoReader
from training.readers.hdm05 import HDM05Reader
from training.readers.msr_action3d import MSRAction3DReader
from training.readers.reader import Reader, ReadingError

FILE = "a03_s02_e01_skeleton3D.txt"


def _refusal(reader: Reader) -> str:
    with pytest.raises(ReadingError) as caught:
        _read_all(reader)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def _read_all(reader: Reader) -> None:
    for path in reader.files():
        reader.read(path)


def _msr(directory: Path, lines: list[str], name: str = FILE) -> MSRAction3DReader:
    (directory / name).write_text("\n".join(lines) + "\n")
    return MSRAction3DReader(directory)


def test_a_joint_of_confidence_zero_was_placed_all_the_same(tmp_path: Path) -> None:
    """The confidence column says nothing: whole joints have 0 throughout. Zeros are missing."""
    lines = [f"0.1 0.2 2.{k:02} 0.0" for k in range(20)] * 2
    lines[23] = "0 0 0 1.0"
    reader = _msr(tmp_path, lines)
    clip = reader.read(reader.files()[0])

    assert clip.keypoints[0, 0, :, 3].tolist() == [1] * 20
    assert clip.keypoints[1, 0, 3].tolist() == [0, 0, 0, 0]
    assert (clip.name, clip.label, clip.splits) == ("a03_s02_e01", 2, ("xsub_test",))
    assert clip.times_ms == pytest.approx([0, 1000 / 15])


@pytest.mark.parametrize(
    ("lines", "name", "sentence"),
    [
        (["1 2 3 1"] * 19, FILE, f"{FILE}: expected 20 lines a frame, got 19 lines"),
        ([], FILE, f"{FILE}: expected 20 lines a frame, got 0 lines"),
        (["1 2 3 1"] * 19 + ["1 2 3"], FILE, f"{FILE}, line 20: expected 4 numbers, got 3"),
        (["1 2 3 1"] * 19 + ["1 2 z 1"], FILE, f"{FILE}, line 20: expected numbers only"),
        (["0 0 0 0"] * 20, FILE, f"{FILE}: expected a joint in some frame, got none"),
        (["1 2 3 1"] * 20, "a21_s01_e01_skeleton3D.txt", "expected a name like a01_s01_e01_skel"),
    ],
)
def test_a_broken_msr_file_is_named(
    tmp_path: Path, lines: list[str], name: str, sentence: str
) -> None:
    """Half a frame, half a line, text, zeros only, an action beyond the twentieth."""
    assert sentence in _refusal(_msr(tmp_path, lines, name))


def _bundle(directory: Path, joints: int, clips: list[str], **changes: Any) -> None:
    arrays: dict[str, Any] = {
        "positions": np.ones((4 * len(clips), joints, 3), dtype=np.float16),
        "offsets": np.arange(len(clips) + 1) * 4,
        "clip": np.array(clips),
        "joint": np.array([f"joint{k}" for k in range(joints)]),
    } | changes
    given: dict[str, Any] = {key: array for key, array in arrays.items() if array is not None}
    np.savez(directory / "positions_30fps.npz", **given)


def test_a_bundle_s_origin_is_a_place_and_nan_is_none(tmp_path: Path) -> None:
    """Motion capture sees every joint, wherever it lies; what is not finite is missing."""
    positions = np.ones((8, 22, 3))
    positions[1, 0] = 0
    positions[5, 3, 2] = np.nan
    _bundle(
        tmp_path, 22, ["dataset-1_bow_active_001", "dataset-2_run_old_002"], positions=positions
    )
    reader = BandaiNamcoReader(tmp_path)
    first, second = (reader.read(path) for path in reader.files())

    assert first.keypoints[1, 0, 0].tolist() == [0, 0, 0, 1]
    assert second.keypoints[1, 0, 3].tolist() == [0, 0, 0, 0]
    assert [reader.data_set.labels[clip.label or 0] for clip in (first, second)] == ["bow", "run"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"offsets": np.array([0, 4])}, "offsets: expected 3 integers, one more than clips, got"),
        ({"offsets": np.array([0, 4, 9])}, "offsets: expected them to increase from 0 to 8"),
        ({"offsets": np.array([0, 0, 8])}, "offsets: expected them to increase from 0 to 8"),
        ({"offsets": np.array([0.0, 4, 8])}, "offsets: expected 3 integers"),
        ({"positions": np.ones((8, 22, 3))}, "positions: expected real numbers (N, 31, 3), got"),
        ({"joint": np.array(["root"])}, "joint: expected 31 names, got (1,)"),
        ({"clip": None}, "expected arrays positions, offsets, clip, joint, but"),
        ({"clip": np.array(["bk_sneak2StepsLStart_001"] * 2)}, "clip: expected each name once"),
        ({"clip": np.array([{}, {}], dtype=object)}, "expected NumPy's .npz, but"),
        (
            {"clip": np.array(["bk_dance_001", "xx_squat1Reps_001"])},
            "expected a name like bk_squat",
        ),
        ({"positions": np.full((8, 31, 3), np.nan)}, "expected finite positions, got none"),
    ],
)
def test_a_broken_bundle_is_named_by_its_array(
    tmp_path: Path, changes: dict[str, Any], sentence: str
) -> None:
    """Wrong counts and shapes, objects in place of numbers, names that say nothing."""
    _bundle(tmp_path, 31, ["bk_squat1Reps_001", "tr_lieDownFloor_002"], **changes)
    message = _refusal(HDM05Reader(tmp_path))

    assert "positions_30fps.npz" in message
    assert sentence in message


def _single_array(path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, np.zeros(3))


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b"PK\x03\x04"),
        lambda path: path.write_bytes(path.read_bytes()[:-300]),
        _single_array,
    ],
)
def test_a_file_that_is_no_bundle_is_one_sentence(
    tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    """Missing, cut short, or another kind of array file."""
    _bundle(tmp_path, 31, ["bk_squat1Reps_001"])
    damage(tmp_path / "positions_30fps.npz")

    assert "expected NumPy's .npz, but" in _refusal(HDM05Reader(tmp_path))

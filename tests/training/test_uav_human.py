"""UAV-Human: NTU's text with COCO's joints in a picture, two people, two splits."""

from pathlib import Path

import numpy as np
import pytest

from tests.training.published_forms import Body, moving, skeleton_text
from training.readers.reader import ReadingError
from training.readers.uav_human import TESTING_SUBJECTS, UAVHumanReader

NAME = "P001S00G10B10H10UC022000LC021000A154R0_08241716"


def _write(directory: Path, frames: list[dict[str, Body]], name: str = NAME) -> UAVHumanReader:
    (directory / f"{name}.txt").write_text(skeleton_text(frames))
    return UAVHumanReader(directory)


def test_a_clip_is_pixels_of_two_people_of_one_number(tmp_path: Path) -> None:
    """The files call everybody 000: people are told apart by their place in the frame."""
    first, second = (
        300 + 100 * moving(6, reach, seed, joints=17, dimensions=2)
        for seed, reach in ((1, 0.6), (2, 0.2))
    )
    reader = _write(tmp_path, [{"000": second[t], "000#2": first[t]} for t in range(6)])
    clip = reader.read(reader.files()[0])

    assert clip.keypoints.shape == (6, 2, 17, 4)
    np.testing.assert_allclose(clip.keypoints[:, 0, :, :2], first, rtol=1e-5)
    np.testing.assert_allclose(clip.keypoints[:, 1, :, :2], second, rtol=1e-5)
    assert (clip.keypoints[..., 2:] == [0, 1]).all()
    assert (clip.subject, clip.setup, clip.label) == (1, 0, 154)
    assert clip.splits == ("xsub1_test", "xsub2_test")


def test_the_splits_are_those_of_the_owners_readme() -> None:
    """Both train on 89 of 119 subjects; the lists differ."""
    training = {
        name: sorted(set(range(119)) - testing) for name, testing in TESTING_SUBJECTS.items()
    }
    assert [len(subjects) for subjects in training.values()] == [89, 89]
    assert training["xsub1"][:6] == [0, 2, 5, 6, 7, 8]
    assert training["xsub2"][:6] == [0, 3, 4, 5, 6, 8]
    assert [sum(subjects) for subjects in training.values()] == [5_005, 5_604]


@pytest.mark.parametrize(
    "name", [NAME.replace("A154", "A155"), NAME.replace("P001", "P119"), "P001_walking"]
)
def test_a_name_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    """Beyond 155 actions or 119 subjects there is nothing."""
    pose = moving(1, 0.1, joints=17, dimensions=2)[0]
    reader = _write(tmp_path, [{"000": pose}], name)
    with pytest.raises(ReadingError, match=r"expected a name like P000S00.*P below 119"):
        reader.read(reader.files()[0])


def test_a_body_of_another_skeleton_is_refused(tmp_path: Path) -> None:
    """NTU's 25 joints under this name are not UAV-Human."""
    reader = _write(tmp_path, [{"000": moving(1, 0.1)[0]}])
    with pytest.raises(ReadingError, match="line 4: expected 17 joints, got 25"):
        reader.read(reader.files()[0])


def test_a_clip_whose_joints_are_all_in_the_corner_is_refused(tmp_path: Path) -> None:
    """The pose estimator wrote zeros where it found nobody."""
    reader = _write(tmp_path, [{"000": np.zeros((17, 2))}])
    with pytest.raises(ReadingError, match="expected a joint in some frame, got none"):
        reader.read(reader.files()[0])

"""MSR-Action3D, HDM05 and Bandai-Namco as they are at hand: counts, joint order, splits."""

from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from model.pose.layout import layout_named
from model.pose.store import PoseClip
from training.readers.bandai_namco import BandaiNamcoReader
from training.readers.hdm05 import HDM05Reader
from training.readers.msr_action3d import MSRAction3DReader
from training.readers.reader import Reader, ReadingError

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"no raw data sets at {DATA}")

READERS: dict[str, Reader] = {
    "msr_action3d": MSRAction3DReader(DATA / "msr_action3d"),
    "hdm05": HDM05Reader(DATA / "hdm05"),
    "bandai_namco": BandaiNamcoReader(DATA / "bandai_namco"),
}


def _clips(reader: Reader, every: int = 1) -> list[PoseClip]:
    return [reader.read(path) for path in reader.files()[::every]]


def test_msr_action3d_is_its_published_clips_and_splits() -> None:
    """567 clips, one of zeros only; of the owners' 557, odd subjects train and even ones test."""
    reader = READERS["msr_action3d"]
    files = reader.files()
    clips = [reader.read(path) for path in files if path.name != "a13_s09_e02_skeleton3D.txt"]
    with pytest.raises(ReadingError, match=r"a13_s09_e02.* expected a joint in some frame"):
        _clips(reader)
    counts = Counter(split for clip in clips for split in clip.splits)

    assert (len(files), sum(len(clip) for clip in clips)) == (567, 23_440)
    assert {clip.label for clip in clips} == set(range(20))
    assert {clip.subject for clip in clips} == set(range(1, 11))
    assert counts["xsub557_train"] + counts["xsub557_test"] == 557
    assert all(("xsub_train" in clip.splits) == bool(clip.subject % 2) for clip in clips)


def test_hdm05_is_eleven_actions_of_five_actors() -> None:
    """287 clips, 17,878 frames; three actors train, two test."""
    clips = _clips(READERS["hdm05"])
    by_split = {
        split: {c.subject for c in clips if split in c.splits}
        for split in ("xsub_train", "xsub_test")
    }

    assert (len(clips), sum(len(clip) for clip in clips)) == (287, 17_878)
    assert {clip.label for clip in clips} == set(range(11))
    assert by_split == {"xsub_train": {1, 2, 3}, "xsub_test": {4, 5}}


def test_bandai_namco_is_its_24_contents() -> None:
    """3,076 clips of 3.9 hours, mostly walking, turning, running, waving and raising hands."""
    clips = _clips(READERS["bandai_namco"])
    counts = Counter(clip.label for clip in clips)

    assert (len(clips), sum(len(clip) for clip in clips)) == (3_076, 416_845)
    assert counts.keys() == set(range(24))
    assert sum(counts[label] for label in range(14)) == 3_007


@pytest.mark.parametrize("name", READERS)
def test_joints_stand_in_the_order_of_the_layout(name: str) -> None:
    """Ankles lie below knees, knees below hips, hips below shoulders, shoulders below the head."""
    reader = READERS[name]
    layout = layout_named(reader.data_set.layout)
    files = [path for path in reader.files()[::5] if "lieDown" not in path.name]
    keypoints = np.concatenate([reader.read(path).keypoints[:, 0] for path in files])
    head = "head_base" if name == "bandai_namco" else "head"
    chain = ["{}_ankle", "{}_knee", "{}_hip", "{}_shoulder", head]
    for side in ("left", "right"):
        joints = [layout.joints.index(joint.format(side)) for joint in chain]
        for lower, upper in pairwise(joints):
            assert np.mean(keypoints[:, lower, 1] <= keypoints[:, upper, 1]) > 0.9


@pytest.mark.parametrize("name", READERS)
def test_limbs_are_as_long_as_a_person_s(name: str) -> None:
    """The unit is the metre: thighs of 30 to 60 cm, and each person's is steady."""
    reader = READERS[name]
    layout = layout_named(reader.data_set.layout)
    hip, knee = (layout.joints.index(f"left_{joint}") for joint in ("hip", "knee"))
    for clip in _clips(reader, every=29):
        known = (clip.keypoints[:, 0, [hip, knee], 3] > 0).all(axis=1)
        thigh = clip.keypoints[known, 0, hip, :3] - clip.keypoints[known, 0, knee, :3]
        assert 0.25 < np.median(np.linalg.norm(thigh, axis=1)) < 0.65

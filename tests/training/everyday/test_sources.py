"""Sources: all data sets come out as one kind of body."""

from pathlib import Path

import numpy as np
import pytest

from model.pose.layout import layout_named
from model.pose.store import DataSet, PoseClip
from tests.training.conftest import STANDING
from training.everyday.sources import HEAD, HEAD_TORSOS, PELVIS, THORAX, levelled
from training.prepare import READERS

DATA = Path(__file__).resolve().parents[3].parent / "shared" / "data"
BANDAI = layout_named("bandai22")


def test_a_body_that_ends_at_the_base_of_the_head_gets_one() -> None:
    """On the line of its neck, at a head's distance; where the neck is not seen there is none."""
    kinect = layout_named("kinect20").joints
    rows = np.zeros((3, 1, 22, 4), np.float32)
    rows[..., 3] = 1
    for joint, name in enumerate(BANDAI.joints):
        if name in kinect:
            rows[:, 0, joint, :3] = STANDING[kinect.index(name)]
    base, thorax = BANDAI.joints.index("head_base"), BANDAI.joints.index("thorax")
    neck = np.array([0.0, 0.06, 0.08], np.float32)
    rows[:, 0, base, :3] = rows[:, 0, thorax, :3] + neck
    rows[2, 0, base] = 0
    clip = PoseClip("dataset-1_bow_calm_001", rows, np.arange(3) * 1000 / 30, subject=1)
    body = levelled(clip, DataSet("bandai_namco", "bandai22", 30.0, ("bow",), "none"))

    torso = np.linalg.norm(body[0, THORAX, :3] - body[0, PELVIS, :3])
    expected = body[0, THORAX, :3] + HEAD_TORSOS * torso * neck / 0.1
    np.testing.assert_allclose(body[:2, HEAD, :3], np.stack([expected] * 2), atol=1e-6)
    assert (body[:2, HEAD, 3] == 1).all()
    assert not body[2, HEAD].any()


@pytest.mark.parametrize("name", ["nw_ucla", "utd_mhad", "utkinect"])
def test_recorded_heads_are_as_far_off(name: str) -> None:
    """By the median of a few people, whatever they do."""
    if not (DATA / name).is_dir():
        pytest.skip("the recordings are not here")
    reader = READERS[name](DATA / name)
    shares = []
    for file in reader.files()[::10][:20]:
        rows = levelled(reader.read(file), reader.data_set)
        rows = rows[(rows[:, [PELVIS, THORAX, HEAD], 3] > 0).all(axis=1), :, :3]
        torso, neck = rows[:, THORAX] - rows[:, PELVIS], rows[:, HEAD] - rows[:, THORAX]
        shares += (np.linalg.norm(neck, axis=1) / np.linalg.norm(torso, axis=1)).tolist()
    assert np.median(shares) == pytest.approx(HEAD_TORSOS, abs=0.03)

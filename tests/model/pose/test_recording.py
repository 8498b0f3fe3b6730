"""Recordings: what each message holds, and that its decimals are the store's float32."""

import json
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from model.pose.recording import shortest_decimals, write_recording
from model.pose.store import PoseClip


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1))
def test_decimals_read_back_as_the_same_float32(values: list[float]) -> None:
    """Any finite float32 survives being written as JSON text and read as float64, then float32."""
    array = np.array(values, dtype=np.float32)
    text = json.dumps(shortest_decimals(array).tolist())

    np.testing.assert_array_equal(np.array(json.loads(text)).astype(np.float32), array)


def test_decimals_are_short() -> None:
    """What came as 0.1 is written as 0.1, not as the float64 next to it."""
    assert (
        json.dumps(shortest_decimals(np.array([0.1, -1.25], np.float32)).tolist()) == "[0.1, -1.25]"
    )


def test_a_person_without_joints_is_left_out_of_the_message(tmp_path: Path) -> None:
    """Persons keep their number; an empty picture is ``people: []``; a lost joint stays a row."""
    keypoints = np.zeros((3, 2, 2, 4), np.float32)
    keypoints[0, 1, 0] = (1, 2, 3, 1)
    keypoints[2] = 1
    clip = PoseClip("clip", keypoints, np.array([0.0, 33.5, 70.0]), subject=1)
    write_recording(tmp_path / "deep" / "clip.jsonl", clip, "kinect20")
    lines = (tmp_path / "deep" / "clip.jsonl").read_text().splitlines()
    poses = [json.loads(line) for line in lines[1:]]

    assert [pose["t_ms"] for pose in poses] == [0.0, 33.5, 70.0]
    assert [[person["id"] for person in pose["people"]] for pose in poses] == [[2], [], [1, 2]]
    assert poses[0]["people"][0]["keypoints"] == [[1, 2, 3, 1], [0, 0, 0, 0]]

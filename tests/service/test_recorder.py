"""The recorder: what a session sent, as a file that a client plays."""

import logging
import os
from pathlib import Path

import msgspec
import numpy as np
import pytest

from service.protocol import Hello, Options, PersonPose, Pose
from service.recorder import Recorder, check_directory
from service.recording_body import read_recording
from tests.service.artifacts import KINECT
from tests.service.bodies import body

HELLO = Hello(
    1, "kinect20", "metres", token="secret", resume="r", options=Options(drop="never", top_k=2)
)


def pose(number: int, as_bytes: bool = False) -> Pose:
    rows = body(KINECT, left=number / 100)
    keypoints = rows.astype("<f4").tobytes() if as_bytes else rows.tolist()
    return Pose(number * 40.0, [PersonPose(keypoints, 3)])


async def test_a_recording_is_what_was_sent_without_the_tokens(tmp_path: Path) -> None:
    """Hello and poses, a line each; keypoints that came as bytes are the same float32 as rows."""
    async with Recorder(tmp_path / "new", "a/../b1", HELLO) as recorder:
        for number in range(5):
            await recorder.take(pose(number, as_bytes=number % 2 == 0))
    assert recorder.path == tmp_path / "new" / "a____b1.jsonl"
    content = recorder.path.read_bytes()
    assert b"secret" not in content
    hello, poses = read_recording(content, "application/jsonl", 1 << 20)
    assert hello == msgspec.structs.replace(HELLO, token=None, resume=None)
    for number, played in enumerate(poses):
        assert played.t_ms == number * 40.0
        (person,) = played.people
        assert person.id == 3
        rows = np.array(person.keypoints, np.float32)
        np.testing.assert_array_equal(rows, body(KINECT, left=number / 100))


async def test_a_recording_ends_at_its_limit_with_a_whole_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What does not fit is not begun; the log says it once and the session goes on."""
    with caplog.at_level(logging.WARNING):
        async with Recorder(tmp_path, "s", HELLO, most_bytes=4000) as recorder:
            for number in range(50):
                await recorder.take(pose(number))
    content = recorder.path.read_bytes()
    assert 2000 < len(content) <= 4000
    assert len(list(read_recording(content, "application/jsonl", 1 << 20).poses)) >= 2
    assert [record.getMessage() for record in caplog.records] == [
        "session s: its recording ends, 4000 bytes are the most"
    ]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
async def test_a_full_disk_ends_the_recording_and_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is raised; the log names the session and the reason, once."""
    (tmp_path / "s.jsonl").symlink_to("/dev/full")
    with caplog.at_level(logging.WARNING):
        async with Recorder(tmp_path, "s", HELLO) as recorder:
            for number in range(300):
                await recorder.take(pose(number))
    assert [record.getMessage() for record in caplog.records] == [
        "session s: its recording ends: [Errno 28] No space left on device"
    ]


def test_where_nothing_can_be_recorded_is_said_at_the_start(tmp_path: Path) -> None:
    """A directory is made, and left empty; a file in its place, or above it, is named."""
    check_directory(tmp_path / "new" / "recordings")
    assert list((tmp_path / "new" / "recordings").iterdir()) == []
    (tmp_path / "file").touch()
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(ValueError, match=f"^{place}: no sessions can be recorded there: "):
            check_directory(place)

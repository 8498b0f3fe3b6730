"""`python -m service poses`: a video becomes the recording that the service would have made."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from posewire_client import Recording
from service.__main__ import main
from service.image import Picture
from service.pose_model import DEFAULT_POSE_MODEL
from service.poses import record_video
from service.video import Video

cv2: Any = pytest.importorskip("cv2", reason="OpenCV is not installed")

MODEL = Path(os.environ.get("POSEWIRE_POSE_MODEL") or DEFAULT_POSE_MODEL)
VIDEOS = Path(__file__).resolve().parents[3] / "shared" / "data" / "videos"
FRAMES, RATE_HZ, SIZE = 20, 10, (64, 48)


class BrightSpots:
    """Takes every bright spot for a person, whose joints all stand in its middle."""

    def estimate(self, picture: Picture, t_ms: float) -> list[NDArray[np.float32]]:
        _, _, _, middles = cv2.connectedComponentsWithStats((picture[..., 0] > 128).astype("u1"))
        offsets = np.linspace(-4, 4, 33)
        return [
            np.stack([x + offsets, y + 0 * offsets, np.ones(33)], 1).astype(np.float32)
            for x, y in middles[:0:-1]
        ]

    def close(self) -> None:
        """Holds nothing."""


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """Two spots: one stands, one comes in after five frames and moves to the right."""
    path = tmp_path / "spots.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), RATE_HZ, SIZE)
    for frame in range(FRAMES):
        picture = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
        cv2.circle(picture, (15, 35), 3, (255, 255, 255), -1)
        if frame >= 5:
            cv2.circle(picture, (10 + frame, 10), 3, (255, 255, 255), -1)
        writer.write(picture)
    writer.release()
    return path


def test_a_recording_has_the_videos_times_and_steady_ids(video: Path, tmp_path: Path) -> None:
    """The client's own reader plays it: pixels of the size, each frame's time, people tracked."""
    place = tmp_path / "new" / "spots.jsonl"
    done = record_video(video, place, BrightSpots)
    assert (done.frames, done.frames_with_people, done.people) == (FRAMES, FRAMES, 2)
    recording = Recording.open(place)
    hello = recording.hello
    assert (hello.layout, hello.coordinates, hello.size) == ("blazepose33", "pixels", SIZE)
    poses = list(recording)
    assert [pose.t_ms for pose in poses] == [100.0 * frame for frame in range(FRAMES)]
    for frame, pose in enumerate(poses):
        standing = {person.id: person.keypoints for person in pose.people}
        assert sorted(person.id or 0 for person in pose.people) == [0, 1][: 1 + (frame >= 5)]
        np.testing.assert_allclose(np.mean(standing[0], axis=0), [15, 35, 1], atol=0.5)
        if frame >= 5:
            np.testing.assert_allclose(np.mean(standing[1], axis=0), [10 + frame, 10, 1], atol=0.5)
    assert [one.name for one in place.parent.iterdir()] == ["spots.jsonl"]


def test_bad_videos_and_options_get_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No file, no video, a crowd too large, one name twice: exit 2, a line, nothing written."""
    text = tmp_path / "text.mp4"
    text.write_text("not a video")
    out = tmp_path / "out"
    for sentence, path in ((f"there is no video {out}", out), ("is not a video that can", text)):
        with pytest.raises(ValueError, match=sentence):
            record_video(path, out / "x.jsonl", BrightSpots)
    assert not out.exists()
    monkeypatch.setenv("POSEWIRE_POSE_MODEL", str(tmp_path / "none.task"))
    for arguments, sentence in (
        ((text, "--people", 17), "--people is from 1 to 16, got 17"),
        ((text, text), "two videos of one name"),
        ((text,), "none.task cannot be read"),
    ):
        assert main(["poses", *map(str, arguments), "--out", str(out)]) == 2
        said = capsys.readouterr().err
        assert sentence in said
        assert said.count("\n") == 1


@pytest.mark.skipif(
    not (MODEL.is_file() and VIDEOS.is_dir()), reason="there is no pose model, or no videos"
)
def test_a_person_who_walks_is_found_and_stays_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a real video of one person they are in nearly every frame, upright, with one id."""
    monkeypatch.setenv("POSEWIRE_POSE_MODEL", str(MODEL))
    video = VIDEOS / "upfall_activity9_trial2_cam1.mp4"
    assert main(["poses", str(video), "--out", str(tmp_path), "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out.splitlines()[-1])["videos"]
    with Video(video) as opened:
        assert told["frames"] == sum(1 for _ in opened)
    assert told["people"] == 1
    assert told["frames_with_people"] > 0.95 * told["frames"]
    poses = list(Recording.open(told["recording"]))
    nose, ankle = (
        np.median([pose.people[0].keypoints[joint][1] for pose in poses if pose.people])
        for joint in (0, 27)
    )
    assert 0 < nose < ankle - 100 < 480

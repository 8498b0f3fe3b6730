"""What is measured of the page: films, and how late a change is painted."""

from itertools import groupby
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest
from playwright.sync_api import expect

from benchmarks.browser import CHROMIUM, running_browser
from benchmarks.film import Scene, write_film
from benchmarks.page import Change, delays_ms, model_changes
from benchmarks.page_visit import SentFrame, Visit, first_picture_s
from model.pose.artifact_session import ArtifactSession
from tests.service.artifacts import COCO, write

HZ = 30
SIZE = (32, 24)
HEADER = b"YUV4MPEG2 W32 H24 F20:1 Ip A1:1 C420\n"


def video(path: Path, brightness: list[int]) -> Path:
    """A video of plain pictures, ten a second."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, SIZE)
    for value in brightness:
        writer.write(np.full((SIZE[1], SIZE[0], 3), value, np.uint8))
    writer.release()
    return path


def test_a_film_is_its_scenes_at_their_own_pace(tmp_path: Path) -> None:
    """Twenty frames a second show each of ten pictures twice; a scene ends where its video does."""
    long, short = video(tmp_path / "a.avi", [50] * 5 + [200] * 5), video(tmp_path / "b.avi", [100])
    scenes = [Scene(long, 0.4, start_s=0.3), Scene(short, 9)]
    film = write_film(scenes, tmp_path / "film.y4m", rate_hz=20, size=SIZE)
    content = film.read_bytes()
    assert content.startswith(HEADER)
    frames = content.removeprefix(HEADER).split(b"FRAME\n")[1:]
    assert {len(frame) for frame in frames} == {SIZE[0] * SIZE[1] * 3 // 2}
    dark = [frame[0] < 120 for frame in frames]
    assert dark == [True] * 4 + [False] * 4 + [True] * 2


@pytest.mark.parametrize("rate_hz", [10, 30])
def test_each_picture_of_a_film_is_that_of_its_moment(rate_hz: int, tmp_path: Path) -> None:
    """No moment falls into the picture before it by rounding: each comes as often as the others."""
    scene = Scene(video(tmp_path / "a.avi", [5 * place for place in range(50)]), 4, start_s=0.7)
    film = write_film([scene], tmp_path / "film.y4m", rate_hz, SIZE)
    frames = film.read_bytes().split(b"FRAME\n")[1:]
    assert [len(list(same)) for _, same in groupby(frames)] == [rate_hz // 10] * 40


def test_a_file_that_is_no_video_is_a_sentence(tmp_path: Path) -> None:
    """It names the file."""
    junk = tmp_path / "junk.mp4"
    junk.write_bytes(b"no video")
    with pytest.raises(ValueError, match=r"junk\.mp4: expected a video"):
        write_film([Scene(junk, 1)], tmp_path / "film.y4m")


def test_a_delay_is_from_the_change_until_it_is_painted() -> None:
    """What stood there already, was painted too late, or never, tells no delay."""
    shown = [(0.0, "Wave"), (1200.0, "Clap"), (2000.0, "Wave"), (9000.0, "Kick")]
    changes = [
        Change(500, "Wave"),
        Change(1000, "Clap"),
        Change(1900, "Wave"),
        Change(3000, "Kick"),
    ]
    assert delays_ms(changes, shown) == [None, 200.0, 100.0, None]
    assert delays_ms([Change(0, "Squat")], shown) == [None]


def test_changes_are_those_of_the_model_without_delay(tmp_path: Path) -> None:
    """Who raises a hand after seven seconds is said to, from the first picture that shows it."""
    session = ArtifactSession(write(tmp_path / "hands.onnx", COCO), threads=1)
    visit = Visit(layout="coco17", size=(640.0, 480.0))
    for number in range(10 * HZ):
        visit.frames.append(SentFrame(1000 * number / HZ, (body(number >= 7 * HZ),)))
        visit.ids[visit.frames[-1].t_ms] = (4,)
    (change,) = model_changes(visit, session)
    assert change == Change(7000.0, "Right up")


def test_a_flicker_is_no_change(tmp_path: Path) -> None:
    """A hand that is down for a tenth of a second in between was raised once, not twice."""
    session = ArtifactSession(write(tmp_path / "hands.onnx", COCO), threads=1)
    visit = Visit(layout="coco17", size=(640.0, 480.0))
    for number in range(10 * HZ):
        down = number < 7 * HZ or 8 * HZ <= number < 8 * HZ + 3
        visit.frames.append(SentFrame(1000 * number / HZ, (body(not down),)))
        visit.ids[visit.frames[-1].t_ms] = (4,)
    assert model_changes(visit, session) == [Change(7000.0, "Right up")]


def test_a_visit_without_frames_is_a_sentence(tmp_path: Path) -> None:
    """A webcam that gives nothing is said to, where its pace and its labels are asked for."""
    session = ArtifactSession(write(tmp_path / "hands.onnx", COCO), threads=1)
    visit = Visit(layout="coco17", size=(640.0, 480.0))
    with pytest.raises(ValueError, match="the page sent no frame of its webcam"):
        visit.frames_a_second(5)
    with pytest.raises(ValueError, match="the page sent no frame of its webcam"):
        model_changes(visit, session)


@pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is not installed")
def test_a_page_that_does_not_come_is_a_sentence(tmp_path: Path) -> None:
    """An address without a page, and a figure that never appears: one line each."""
    with (
        pytest.raises(ValueError, match=r"^Chromium did not do as it should: .+NOT_FOUND.+$"),
        running_browser() as browser,
    ):
        first_picture_s(browser, (tmp_path / "none.html").as_uri())
    with (
        pytest.raises(ValueError, match=r"^Chromium did not do as it should: .+ visible.*$"),
        running_browser() as browser,
    ):
        expect(browser.new_page().locator("#pause")).to_be_visible(timeout=100)


def body(raised: bool) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """A person who stands, the right hand up or not: rows x, y, 0, score."""
    rows = np.zeros((17, 4), np.float32)
    rows[:, 3] = 1
    for joint, x, y in ((5, 340, 100), (6, 300, 100), (11, 335, 200), (12, 305, 200)):
        rows[joint, :2] = x, y
    rows[[9, 10], 1] = 300, 60 if raised else 300
    return rows


def test_what_the_page_sends_is_read() -> None:
    """A hello says layout and size, a pose its rows, an answer the people's ids."""
    visit = Visit()
    keypoints = np.arange(6, dtype="<f4").tobytes()
    for message in (
        {"type": "hello", "layout": "blazepose33", "size": [640, 480]},
        {"type": "pose", "t_ms": 40.0, "people": [{"keypoints": keypoints}]},
    ):
        visit.sent(msgspec.msgpack.encode(message))
    visit.received(msgspec.msgpack.encode({"type": "actions", "t_ms": 40.0, "people": [{"id": 7}]}))
    assert (visit.layout, visit.size, visit.ids) == ("blazepose33", (640, 480), {40.0: (7,)})
    assert visit.frames[0].people[0].tolist() == [[0, 1, 0, 2], [3, 4, 0, 5]]

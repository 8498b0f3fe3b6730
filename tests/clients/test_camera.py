"""`posewire-stream` with a video for a camera: pictures out, or the poses found in them here."""

import importlib.util
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from posewire_client import AsyncClient, Camera, CameraError, Reconnect, SeenPose
from posewire_client.camera import is_camera
from tests.clients.fake_rules import Fault
from tests.clients.fake_server import FakeServer
from tests.clients.samples import LOSSLESS, QUICKLY
from tests.http_server import QuietHandler, serving
from tests.patience import SOON_S

cv2: Any = pytest.importorskip("cv2", reason="OpenCV is not installed")
np: Any = pytest.importorskip("numpy")

COMMAND = [sys.executable, "-m", "posewire_client"]
FRAMES, RATE_HZ, SIZE = 12, 10, (64, 48)
MODEL = os.environ.get("POSEWIRE_POSE_MODEL") or str(
    Path(__file__).resolve().parents[2] / "weights" / "pose_full.task"
)


def grey(frame: int) -> int:
    """How bright frame number `frame` of the video is."""
    return 20 * frame + 10


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video that gets brighter from frame to frame."""
    path = tmp_path_factory.mktemp("video") / "brighter.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), RATE_HZ, SIZE)
    for frame in range(FRAMES):
        writer.write(np.full((SIZE[1], SIZE[0], 3), grey(frame), np.uint8))
    writer.release()
    return path


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=SOON_S,
        check=False,
    )


def brightness(jpeg: bytes) -> float:
    return float(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR).mean())


def test_a_videos_pictures_are_sent_as_jpeg_at_its_own_times(video: Path) -> None:
    """Every frame arrives once, in order, as the picture that it is, and each gets its label."""
    with FakeServer() as server:
        result = run(video, "--url", server.url, "--fast", "--json", "--people", "2")
    (session,) = server.sessions
    assert (result.returncode, result.stderr) == (0, "")
    hello = session.hello
    assert (hello["layout"], hello["coordinates"], hello["size"]) == ("image", "pixels", [*SIZE])
    assert hello["options"] == {"drop": "never", "people": 2}
    assert [image["t_ms"] for image in session.images] == [100.0 * n for n in range(FRAMES)]
    for frame, image in enumerate(session.images):
        assert brightness(image["data"]) == pytest.approx(grey(frame), abs=4)
    messages = [json.loads(line) for line in result.stdout.splitlines()]
    assert sum(message["type"] == "pose" for message in messages) == FRAMES
    summary = messages[-1]
    assert (summary["frames_sent"], summary["labels_received"]) == (FRAMES, FRAMES)


def test_a_video_plays_in_its_own_time(video: Path) -> None:
    """Without --fast the pictures come as far apart as they were taken, divided by the speed."""
    with FakeServer() as server:
        result = run(video, "--url", server.url, "--speed", "0.25")
    came_at_s = server.sessions[0].came_at_s
    assert result.returncode == 0
    due_s = (FRAMES - 1) / RATE_HZ / 0.25
    assert due_s / 2 < came_at_s[-1] - came_at_s[0] < due_s + SOON_S


def test_pictures_without_a_label_are_sent_again_after_a_loss(video: Path) -> None:
    """A socket that is cut in the middle costs a file nothing."""
    with FakeServer(faults=[Fault(after_poses=5)]) as server:
        result = run(video, "--url", server.url, "--fast", "--json")
    summary = json.loads(result.stdout.splitlines()[-1])
    assert (summary["labels_received"], summary["reconnects"]) == (FRAMES, 1)
    times_ms = {image["t_ms"] for session in server.sessions for image in session.images}
    assert times_ms == {100.0 * n for n in range(FRAMES)}


async def test_what_was_seen_is_among_the_messages() -> None:
    """`send_image` is answered with `SeenPose`; JSON, which has no bytes, is refused at once."""
    with FakeServer() as server:
        async with AsyncClient.connect(
            server.url,
            layout="image",
            coordinates="pixels",
            size=SIZE,
            options=LOSSLESS,
            reconnect=QUICKLY,
        ) as client:
            await client.send_image(5.0, b"a picture")
            with pytest.raises(ValueError, match="must be finite and not go back"):
                await client.send_image(4.0, b"a picture")
            await client.bye()
            messages = client.arrived()
        assert [one for one in messages if isinstance(one, SeenPose)] == [
            SeenPose(t_ms=5.0, people=())
        ]
        assert server.sessions[0].images == [{"type": "image", "t_ms": 5.0, "data": b"a picture"}]
        client = AsyncClient.connect(
            server.url, layout="image", coordinates="pixels", size=SIZE, encoding="json"
        )
        async with client:
            with pytest.raises(ValueError, match="sent in MessagePack"):
                await client.send_image(0.0, b"a picture")


def test_sources_that_give_no_picture_are_refused_in_a_sentence(tmp_path: Path) -> None:
    """No file, no video, no such camera, an option that cannot be: exit 2, one line, no label."""
    text = tmp_path / "text.mp4"
    text.write_text("not a video")
    absent = tmp_path / "absent.mp4"
    cases: list[tuple[tuple[object, ...], str]] = [
        ((absent,), f"there is no video {absent}"),
        ((text,), f"the video {text} gives no picture"),
        ((tmp_path / ("x" * 300 + ".mp4"),), "there is no video "),
        (("99999999999999",), "the camera 99999999999999 cannot be opened"),
        (("9" * 5000,), "9 cannot be opened"),
        ((text, "--loop"), "a camera and a video play once"),
        ((text, "--encoding", "json"), "pictures are sent in MessagePack"),
    ]
    for arguments, sentence in cases:
        result = run(*arguments, "--url", "ws://127.0.0.1:9/v1/stream")
        assert (result.returncode, result.stdout) == (2, ""), result.stderr
        assert sentence in result.stderr.splitlines()[-1]
        assert "Traceback" not in result.stderr


def test_what_is_a_camera_is_told_by_its_name() -> None:
    """Numbers, addresses and videos are cameras; all else is a recording."""
    cameras = ("0", "12", "rtsp://camera/1", "HTTP://camera/mjpg", "a/b.MP4", "walk.mkv")
    assert all(map(is_camera, cameras))
    assert not any(map(is_camera, ("walk.jsonl", "walk", "-1", "mp4", "camera0")))


def test_a_camera_closes_what_it_opened(video: Path) -> None:
    """Iterated to its end a file says that it was read whole, and no time is told twice."""
    with Camera(str(video)) as camera:
        times_ms = [picture.t_ms for picture in camera]
        assert (camera.size, camera.live, camera.fraction_read) == (SIZE, False, 1.0)
    assert times_ms == sorted(set(times_ms))
    with pytest.raises(CameraError, match="there is no video"):
        Camera("gone.mp4")


@contextmanager
def webcam(shots: list[tuple[int, tuple[int, int]]]) -> Iterator[str]:
    """A network camera that breaks off: for each connection so many pictures of such a size.

    Once these are used up it has no more pictures to give. Yields its address.
    """
    waiting = iter(shots)

    class Handler(QuietHandler):
        def do_GET(self) -> None:
            count, (width, height) = next(waiting, (0, SIZE))
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=next")
            self.end_headers()
            picture = cv2.imencode(".jpg", np.full((height, width, 3), 90, np.uint8))[1].tobytes()
            for _ in range(count):
                head = (
                    f"--next\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
                )
                self.wfile.write(head.encode() + picture + b"\r\n")

    with serving(Handler) as port:
        yield f"http://127.0.0.1:{port}/mjpeg"


def test_a_live_camera_that_breaks_off_is_opened_again() -> None:
    """Its pictures and their time go on over every loss, until it stays away."""
    times_ms: list[float] = []
    with webcam([(20, SIZE)] * 3) as address, Camera(address, reconnect=QUICKLY) as camera:
        assert camera.live
        with pytest.raises(CameraError, match="gives no picture any more, after 4 attempts"):
            times_ms.extend(picture.t_ms for picture in camera)
    assert len(times_ms) >= 3 * 20 - 6  # a picture may be lost where the stream is cut
    assert times_ms == sorted(set(times_ms))


def test_a_camera_that_comes_back_with_another_size_is_refused() -> None:
    """The server was told a size: other pictures end the stream with a sentence that has both."""
    other = (2 * SIZE[0], 2 * SIZE[1])
    shots = [(20, SIZE), (20, other)]
    with webcam(shots) as address, Camera(address, reconnect=QUICKLY) as camera:
        with pytest.raises(CameraError, match="pictures of 64×48, and 128×96 since"):
            list(camera)


def test_closing_ends_the_wait_for_a_camera() -> None:
    """Who closes a camera that is waited for does not wait with it."""
    patient = Reconnect(attempts=1, first_s=600)
    with webcam([(20, SIZE)]) as address, Camera(address, reconnect=patient) as camera:
        with ThreadPoolExecutor() as pool:
            pictures, first = iter(camera), threading.Event()

            def read() -> None:
                for _ in pictures:
                    first.set()

            reading = pool.submit(read)
            assert first.wait(SOON_S)
            camera.__exit__(None, None, None)
            reading.result(timeout=SOON_S)


@pytest.mark.skipif(
    not Path(MODEL).is_file() or importlib.util.find_spec("mediapipe") is None,
    reason="there is no pose model, or no MediaPipe",
)
def test_with_a_model_keypoints_travel_in_place_of_pictures(video: Path) -> None:
    """`--pose` declares BlazePose in pixels; a grey video has frames without people."""
    with FakeServer() as server:
        result = run(video, "--url", server.url, "--fast", "--pose", MODEL, "--json")
    (session,) = server.sessions
    assert result.returncode == 0, result.stderr
    assert (session.hello["layout"], session.images) == ("blazepose33", [])
    assert session.poses == [
        {"type": "pose", "t_ms": 100.0 * frame, "people": []} for frame in range(FRAMES)
    ]
    assert msgspec.json.decode(result.stdout.splitlines()[-1])["labels_received"] == FRAMES

"""A film as images over the wire: who is seen in it is labelled as their keypoints would be."""

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil
import pytest

from service.pose_estimator import available
from service.pose_model import DEFAULT_POSE_MODEL
from service.video import Video
from tests.service.artifacts import COCO, write
from tests.service.process import ServerProcess
from tests.service.wire import Message, actions, wire

ROOT = Path(__file__).resolve().parents[1]
FILM = ROOT.parent / "shared" / "data" / "videos" / "upfall_activity6_trial2_cam1.mp4"
PICTURES = 45

pytestmark = [
    pytest.mark.skipif(find_spec("mediapipe") is None, reason="MediaPipe is not installed"),
    pytest.mark.skipif(
        available(DEFAULT_POSE_MODEL) is not None, reason="the pose model is not set up"
    ),
    pytest.mark.skipif(not FILM.is_file(), reason="the films are not in ../shared/data/videos"),
]


@pytest.fixture(scope="module")
def seeing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server of a model of pictures, that finds poses with MediaPipe.

    Its window is long enough to hold 16 pictures of the film.
    """
    artifact = write(tmp_path_factory.mktemp("seeing") / "seeing.onnx", replace(COCO, frames=64))
    with ServerProcess(artifact, pose_workers=1, people=1) as process:
        yield process


@pytest.fixture(scope="module")
def film() -> tuple[tuple[int, int], list[Message]]:
    """The size of the film, and its first pictures as messages."""
    cv2: Any = pytest.importorskip("cv2")
    messages = []
    with Video(FILM) as video:
        for t_ms, picture in video:
            _, data = cv2.imencode(".jpg", picture[:, :, ::-1])
            messages.append({"type": "image", "t_ms": t_ms, "data": data.tobytes()})
            if len(messages) == PICTURES:
                return video.size, messages
    raise AssertionError(f"{FILM} has fewer than {PICTURES} pictures")


def hello(layout: str, size: tuple[int, int]) -> Message:
    return {
        "type": "hello",
        "version": 1,
        "layout": layout,
        "coordinates": "pixels",
        "size": size,
        "options": {"drop": "never"},
    }


async def streamed(url: str, first: Message, messages: list[Message]) -> list[Message]:
    async with wire(url, binary=True) as client:
        assert (await client.ask(first))["type"] == "welcome"
        await client.send(*messages, {"type": "bye"})
        said = await client.rest()
        assert await client.closed() == (1000, "")
    return said


async def test_a_film_is_labelled_as_the_poses_that_are_seen_in_it(
    seeing: ServerProcess, film: tuple[tuple[int, int], list[Message]]
) -> None:
    """Every picture has its pose and its label; the poses, sent as keypoints, have the same."""
    size, images = film
    said = await streamed(seeing.stream, hello("image", size), images)
    poses = [message for message in said if message["type"] == "pose"]
    assert [pose["t_ms"] for pose in poses] == [image["t_ms"] for image in images]
    assert sum(bool(pose["people"]) for pose in poses) > 0.8 * PICTURES
    again = await streamed(seeing.stream, hello("blazepose33", size), poses)
    assert len(actions(said)) == PICTURES
    for found, expected in zip(actions(said), actions(again), strict=True):
        assert found["t_ms"] == expected["t_ms"]
        for person, wanted in zip(found["people"], expected["people"], strict=True):
            assert (person["id"], person["label"]) == (wanted["id"], wanted["label"])
            assert person["score"] == pytest.approx(wanted["score"], abs=5e-3)
    assert {p["label"] for m in actions(said) for p in m["people"]} > {"warming"}


async def test_a_pose_worker_that_is_killed_costs_one_picture(
    seeing: ServerProcess, film: tuple[tuple[int, int], list[Message]]
) -> None:
    """The client is told which, and a new process sees the pictures after it."""
    size, images = film
    async with wire(seeing.stream, binary=True) as client:
        await client.ask(hello("image", size))
        assert (await client.ask(images[0]))["type"] == "pose"
        (worker,) = psutil.Process(seeing.pid).children()
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
        await client.send(images[1])
        error = await client.receive("error")
        assert (error["code"], error["fatal"]) == ("pose-failed", False)
        await client.send(images[2])
        assert (await client.receive("pose"))["t_ms"] == images[2]["t_ms"]

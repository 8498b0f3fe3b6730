"""Streams of images over real sockets: who is seen is labelled as their keypoints would be."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.pose_stream import FAILURES
from tests.service.artifacts import COCO, KINECT
from tests.service.bodies import SIZE, STEP_MS, WARM, body, pose
from tests.service.bodies import hello as keypoints_hello
from tests.service.engines import HeldEngine
from tests.service.inside import serving
from tests.service.pictures import Rows, ScriptedWorker, image, picture, seen
from tests.service.wire import Message, Wire, actions, wire

ALWAYS = 100_000
BYE = {"type": "bye"}
FRAMES = 60
HALF = np.array([0.5, 0.5, 1], np.float32)


def hello(**options: Any) -> Message:
    return {
        "type": "hello",
        "version": 1,
        "layout": "image",
        "coordinates": "pixels",
        "size": SIZE,
        "options": options,
    }


def two_people(t_ms: float) -> list[Rows]:
    """One with a hand that rises, and for a while another beside them."""
    frame = t_ms / STEP_MS
    people = [seen(left=0.02 * frame - 0.5)]
    return [*people, seen(right=0.4, x=200)] if 20 <= frame < 50 else people


async def streamed(client: Wire, first: Message, messages: list[Message]) -> list[Message]:
    """All that is said of a whole stream."""
    assert (await client.ask(first))["type"] == "welcome"
    await client.send(*messages, BYE)
    said = await client.rest()
    assert await client.closed() == (1000, "")
    return said


def labels(said: list[Message]) -> list[tuple[float, Any]]:
    return [(message["t_ms"], message["people"]) for message in actions(said)]


async def test_pictures_are_labelled_as_the_keypoints_that_are_seen_in_them() -> None:
    """Labels, scores, ids and events of a stream of images are those of the poses it sends back.

    Each pose comes before the label of its picture, in the picture's own pixels.
    """
    async with (
        serving(HeldEngine(COCO, runs=ALWAYS), lambda: ScriptedWorker(two_people)) as server,
        wire(server.stream, binary=True) as camera,
        wire(server.stream, binary=True) as skeleton,
    ):
        said = await streamed(camera, hello(drop="never"), [image(n) for n in range(FRAMES)])
        shown = [message for message in said if message["type"] == "pose"]
        for message in shown:
            for person, rows in zip(message["people"], two_people(message["t_ms"]), strict=True):
                assert person["keypoints"] == pytest.approx(rows, abs=1e-3)
        again = [
            message | {"people": [{"keypoints": p["keypoints"]} for p in message["people"]]}
            for message in shown
        ]
        declared = hello(drop="never") | {"layout": "blazepose33"}
        expected = await streamed(skeleton, declared, again)
        assert await server.count("posewire_pose_seconds_count") == FRAMES
        assert await server.count('posewire_frames_total{kind="image"}') == FRAMES
    assert [m["t_ms"] for m in shown] == [n * STEP_MS for n in range(FRAMES)]
    for (t_ms, people), (expected_ms, expected_people) in zip(
        labels(said), labels(expected), strict=True
    ):
        assert t_ms == expected_ms
        for found, wanted in zip(people, expected_people, strict=True):
            assert (found["id"], found["label"]) == (wanted["id"], wanted["label"])
            assert found["score"] == pytest.approx(wanted["score"], abs=1e-3)
    assert next(m for m in said if m["type"] == "event")["label"] == "left up"
    for kind in ("pose", "actions"):
        assert sum(m["type"] == kind for m in said) == FRAMES
    order = [m["type"] for m in said if m["type"] in ("pose", "actions") and m["t_ms"] == STEP_MS]
    assert order == ["pose", "actions"]


async def test_a_picture_may_change_its_size_on_the_way() -> None:
    """Half the pixels, or none declared at all: the labels are the same, the poses its own."""
    half = (int(SIZE[0]) // 2, int(SIZE[1]) // 2)

    def small(t_ms: float) -> list[Rows]:
        return [rows * HALF for rows in two_people(t_ms)]

    found = []
    for worker, declared in (
        (lambda: ScriptedWorker(two_people), hello(drop="never")),
        (lambda: ScriptedWorker(small, half), hello(drop="never")),
        (lambda: ScriptedWorker(small, half), hello(drop="never") | {"size": None}),
    ):
        async with (
            serving(HeldEngine(COCO, runs=ALWAYS), worker) as server,
            wire(server.stream, binary=True) as client,
        ):
            said = await streamed(client, declared, [image(n) for n in range(FRAMES)])
        found.append([[p["label"] for p in people] for _, people in labels(said)])
    assert found[1] == found[2] == found[0]


async def test_the_newest_picture_wins() -> None:
    """While one is looked at, newer ones take the place of the one that waits, and are counted."""
    worker = ScriptedWorker(two_people, held=True)
    async with (
        serving(HeldEngine(COCO, runs=ALWAYS), lambda: worker, pose_workers=1) as server,
        wire(server.stream, binary=True) as client,
    ):
        await client.ask(hello())
        await client.send(image(0))
        await worker.looking.wait()
        await client.send(*(image(n) for n in range(1, 8)), {"type": "nothing"})
        assert (await client.receive("error"))["code"] == "unknown-type"  # all were read
        worker.let(ALWAYS)
        await client.send(BYE)
        answers = actions(await client.rest())
        assert await server.count('posewire_dropped_total{cause="slow-pose"}') == 6
    assert [answer["t_ms"] for answer in answers] == [0, 7 * STEP_MS]
    assert answers[-1]["dropped"] == 6


async def test_a_picture_that_is_refused_or_fails_costs_only_itself() -> None:
    """Each is told with its code, the stream goes on, and frames after it are labelled."""
    trouble = {3 * STEP_MS: "lost", 5 * STEP_MS: "bad"}
    async with (
        serving(
            HeldEngine(COCO, runs=ALWAYS),
            lambda: ScriptedWorker(two_people, trouble=trouble),
            image_pixels=1 << 20,
        ) as server,
        wire(server.stream, binary=True) as client,
    ):
        await client.ask(hello(drop="never"))
        sent = 0
        for wrong, code, sentence in [
            (image(0) | {"data": b"GIF89a"}, "bad-image", "JPEG, PNG or WebP; these 6 bytes"),
            (image(0) | {"data": picture()[:20]}, "bad-image", "cut off after 20 bytes"),
            (image(0, 1 << 15, 1 << 15), "bad-image", "at most 1048576 pixels, this PNG is 32768×"),
            (image(-1), "time-back", "came after"),
            (pose(9, body(COCO)), "wrong-frame", "the hello announced images, this is a pose"),
            (image(3), "pose-failed", "failed on the image of t_ms 100"),
            (image(5), "bad-image", "the script says so"),
        ]:
            if code == "time-back":
                await client.send(image(0))
                await client.receive("actions")
                sent += 1
            error = await client.ask(wrong)
            assert (error["type"], error["code"], error["fatal"]) == ("error", code, False)
            assert sentence in error["message"]
        for frame in range(6, 6 + WARM):
            await client.send(image(frame))
            answer = await client.receive("actions")
        assert answer["people"][0]["label"] != "warming"
        assert await server.count("posewire_pose_workers_lost_total") == 1


async def test_an_estimator_that_always_fails_ends_its_stream_and_no_other() -> None:
    """After three in a row the session ends with 1011; keypoints go on."""
    lost = {n * STEP_MS: "lost" for n in range(9)}
    async with (
        serving(
            HeldEngine(COCO, runs=ALWAYS), lambda: ScriptedWorker(two_people, trouble=lost)
        ) as server,
        wire(server.stream, binary=True) as camera,
        wire(server.stream) as other,
    ):
        await other.ask(keypoints_hello(COCO))
        await camera.ask(hello(drop="never"))
        await camera.send(*(image(n) for n in range(FAILURES)))
        errors = await camera.rest()
        assert [e["fatal"] for e in errors] == [False, False, True]
        assert await camera.closed() == (1011, errors[-1]["message"])
        assert (await other.ask(pose(0, body(COCO))))["type"] == "actions"


async def test_a_model_that_cannot_see_says_so(tmp_path: Path) -> None:
    """A model of metres, a server without the pose model, and one whose workers are all taken.

    Each is one fatal sentence; `/v1/model` says it too, `/readyz` where a pose model was asked for.
    """

    def worker() -> ScriptedWorker:
        return ScriptedWorker(two_people)

    async with serving(HeldEngine(KINECT), worker) as server, wire(server.stream) as client:
        error = await client.ask(hello())
        assert (error["code"], error["fatal"]) == ("images", True)
        assert "hands reads positions in metres, which pictures do not hold" in error["message"]
        told = (await server.get("/v1/model")).json()["images"]
        assert told == {"taken": False, "reason": error["message"].partition(":")[0]}
    nowhere = tmp_path / "nowhere.task"
    async with serving(HeldEngine(COCO), pose_model=nowhere) as server:
        async with wire(server.stream) as client:
            error = await client.ask(hello())
        assert (error["code"], error["fatal"]) == ("images", True)
        assert error["message"].startswith("images need ")
        assert (await server.get("/readyz")).json() == {
            "ready": True,
            "degraded": [error["message"]],
        }
        async with wire(server.stream) as client:
            assert (await client.ask(keypoints_hello(COCO)))["type"] == "welcome"
    async with (
        serving(HeldEngine(COCO), worker, pose_workers=1) as server,
        wire(server.stream) as first,
        wire(server.stream) as second,
    ):
        assert (await server.get("/v1/model")).json()["images"] == {"taken": True, "reason": None}
        await first.ask(hello())
        crowd = await second.ask(hello(people=17))
        assert crowd["message"] == "from 1 to 16 people are looked for in a picture, not 17"
    async with (
        serving(HeldEngine(COCO), worker, pose_workers=1) as server,
        wire(server.stream) as first,
        wire(server.stream) as second,
    ):
        await first.ask(hello())
        error = await second.ask(hello())
        assert (error["code"], await second.closed()) == (
            "images-full",
            (1013, error["message"]),
        )
        await first.send(BYE)
        await first.rest()
        await server.until_inside(0)
        async with wire(server.stream) as third:
            assert (await third.ask(hello()))["type"] == "welcome"


async def test_images_are_for_whom_announced_them() -> None:
    """An image from a client of keypoints is refused, and its stream goes on."""
    async with serving(HeldEngine()) as server, wire(server.stream, binary=True) as client:
        await client.ask(keypoints_hello(KINECT))
        error = await client.ask(image(0))
        assert (error["code"], error["fatal"]) == ("wrong-frame", False)
        assert (await client.ask(pose(0, body(KINECT))))["type"] == "actions"

"""The client with the real service: a stream outlives servers, is taught, or is posted at once."""

import asyncio
import signal
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from posewire_client import (
    Actions,
    AsyncClient,
    Client,
    Event,
    Hello,
    LessonError,
    Message,
    Notice,
    Options,
    Reconnect,
    RecordingError,
    RefusedError,
    UnreachableError,
    Welcome,
    label_frames,
    label_recording,
)
from tests.clients.restarting_service import RestartingService
from tests.clients.samples import METRES
from tests.service.artifacts import KINECT
from tests.service.bodies import STEP_MS, body, pose
from tests.service.process import ServerProcess
from tests.service.redis_process import RedisProcess

FRAMES = 300


def frames(count: int = FRAMES) -> list[tuple[float, list[tuple[int, Any]]]]:
    """One person who raises the left hand now and then, and fidgets."""
    return [
        (n * STEP_MS, [(1, body(KINECT, left=0.5 if n // 25 % 2 else -0.5 + n % 7 / 50))])
        for n in range(count)
    ]


async def streamed(url: str) -> list[Message]:
    """What is said of all frames, sent as fast as they are answered."""
    async with AsyncClient.connect(url, **METRES, options=Options(drop="never")) as client:
        for t_ms, people in frames():
            await client.send_pose(t_ms, people)
        await client.bye()
        return client.arrived()


async def streamed_over(
    service: RestartingService, ends: dict[int, signal.Signals]
) -> list[Message]:
    """What is said of all frames while the service is ended at some of them, and started again."""
    patient = Reconnect(attempts=200, first_s=0.1, longest_s=0.2)
    client = AsyncClient.connect(
        service.url, **METRES, options=Options(drop="never"), reconnect=patient
    )
    async with client, asyncio.TaskGroup() as restarts:
        for number, (t_ms, people) in enumerate(frames()):
            if number in ends:
                restarts.create_task(asyncio.to_thread(service.restart, ends[number]))
            await client.send_pose(t_ms, people)
            await asyncio.sleep(0.015)
        await client.bye()
        return client.arrived()


def told(messages: list[Message]) -> list[Message]:
    """What is said of the frames, without what is of the moment."""
    return [
        msgspec.structs.replace(message, timing=None) if isinstance(message, Actions) else message
        for message in messages
        if isinstance(message, Actions | Event)
    ]


async def test_a_stream_outlives_its_servers(
    server: ServerProcess, kinect_artifact: Path, tmp_path: Path
) -> None:
    """Stopped, started again, killed, started again: what one server would have said is said.

    Every frame gets one label, with the same scores; no event is told twice or missing.
    """
    expected = told(await streamed(server.stream))
    redis = RedisProcess(tmp_path)
    try:
        with RestartingService(kinect_artifact, redis_url=redis.url) as service:
            ends = {80: signal.SIGTERM, 230: signal.SIGKILL}
            messages = await streamed_over(service, ends)
    finally:
        redis.kill()
    assert [one.resumed for one in messages if isinstance(one, Welcome)] == [False, True, True]
    assert [one.code for one in messages if isinstance(one, Notice)] == ["draining"]
    assert len([one for one in expected if isinstance(one, Event)]) > 8
    assert told(messages) == expected


async def test_a_session_that_is_not_kept_begins_anew(server: ServerProcess) -> None:
    """The service's own reason comes right after the welcome, and the stream goes on."""
    hello = Hello(version=1, **METRES, resume="a token that opens nothing")
    async with AsyncClient(server.stream, hello) as client:
        await client.send_pose(*frames()[0])
        await client.bye()
        welcome, notice, answer = client.arrived()
    assert isinstance(welcome, Welcome)
    assert isinstance(notice, Notice)
    assert isinstance(answer, Actions)
    assert (welcome.resumed, notice.code) == (False, "not-resumed")
    assert notice.message.startswith("no session is kept under this token")


def test_an_action_is_taught_and_forgotten(server: ServerProcess) -> None:
    """From the next frame on a bow is a bow, to whoever names its set; reasons are the server's."""

    def labels(client: Client, first: int, heights: Any) -> list[str]:
        for n, height in enumerate(heights, start=first):
            client.send_pose(n * STEP_MS, [(1, body(KINECT, right=height))])
        found: list[str] = []
        for answer in client.actions():
            found.append(answer.people[0].label)
            if len(found) == len(heights):
                return found
        raise AssertionError(found)

    options = Options(drop="never", events=False, hop_ms=STEP_MS)
    known = {**METRES, "taught": "of the client's test", "options": options}
    with Client.connect(server.stream, **known) as client:
        labels(client, 0, 0.2 * (np.arange(90) % 7) / 7 - 1)
        labels(client, 90, 0.9 + np.arange(60) / 300)
        taught = client.teach("bow", 90 * STEP_MS, 149 * STEP_MS, person=1)
        assert (taught.examples, taught.labels) == (1, ("bow",))
        assert set(labels(client, 150, 1.1 + np.arange(30) / 300)) == {"bow"}
        with Client.connect(server.stream, **known) as other:
            assert other.welcome.taught == ("bow",)
        with pytest.raises(LessonError, match="left up is a label of the model"):
            client.teach("left up", 0.0, 100.0)
        assert client.forget("bow").labels == ()
        assert set(labels(client, 180, 1.2 + np.arange(30) / 300)) == {"right up"}
        client.bye()


async def test_a_recording_at_once_is_what_streaming_it_says(
    server: ServerProcess, tmp_path: Path
) -> None:
    """As frames, JSON Lines or npz: the labels of a stream, and its events as segments."""
    answers = [one for one in told(await streamed(server.stream)) if isinstance(one, Actions)]
    path = tmp_path / "hands.jsonl"
    lines: list[Any] = [{"type": "hello", "version": 1} | METRES]
    lines += [pose(number, people[0][1]) for number, (_, people) in enumerate(frames())]
    path.write_bytes(b"\n".join(msgspec.json.encode(line) for line in lines))
    np.savez(
        tmp_path / "hands.npz",
        keypoints=np.array([people[0][1] for _, people in frames()]),
        times_ms=np.array([t_ms for t_ms, _ in frames()]),
        layout=METRES["layout"],
        coordinates=METRES["coordinates"],
    )
    labelled = await asyncio.to_thread(label_recording, path, server.stream)
    assert [(one.t_ms, one.people) for one in labelled.frames] == [
        (one.t_ms, one.people) for one in answers
    ]
    assert [one.label for one in labelled.segments] == ["left up"] * (FRAMES // 50)
    assert await asyncio.to_thread(label_frames, frames(), server.stream, **METRES) == labelled
    packed = await asyncio.to_thread(label_recording, tmp_path / "hands.npz", server.stream)
    assert [one.people[0].label for one in packed.frames] == [
        one.people[0].label for one in answers
    ]


def test_what_cannot_be_labelled_at_once_is_one_sentence(
    server: ServerProcess, tmp_path: Path
) -> None:
    """A file that is none or wrong, and a server that is not there or says no."""
    path = tmp_path / "wrong.jsonl"
    path.write_text(
        '{"type":"hello","version":1,"layout":"coco17","coordinates":"metres"}\nnonsense'
    )
    with pytest.raises(RefusedError, match=r"refused: line 2: .* \(HTTP 422\)"):
        label_recording(path, server.stream)
    with pytest.raises(RecordingError, match=r"ends in \.jsonl, .*; got wrong\.csv"):
        label_recording(tmp_path / "wrong.csv", server.stream)
    with pytest.raises(RecordingError, match="there is no recording"):
        label_recording(tmp_path / "gone.npz", server.stream)
    with pytest.raises(UnreachableError, match="no posewire server answers at http://127"):
        label_recording(path, "ws://127.0.0.1:9/v1/stream")


def test_a_recording_is_labelled_for_whoever_may_stream(
    kinect_artifact: Path, tmp_path: Path
) -> None:
    """The token goes with the request, and without it the service's own sentence comes back."""
    tokens = tmp_path / "tokens"
    tokens.write_text("hall: a-token-of-enough-letters\n")
    with ServerProcess(kinect_artifact, tokens=tokens) as guarded:
        with pytest.raises(RefusedError, match=r"refused: .*token.* \(HTTP 401\)"):
            label_frames(frames(20), guarded.stream, **METRES)
        admitted = label_frames(
            frames(20), guarded.stream, **METRES, token="a-token-of-enough-letters"
        )
    assert len(admitted.frames) == 20

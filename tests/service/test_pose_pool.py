"""Pictures in, poses out, through real processes that crash and hang."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator

import numpy as np
import psutil
import pytest

pytest.importorskip("cv2", reason="OpenCV is not installed")

from service.pose_pool import PosePool
from service.pose_process import PoseProcess
from service.pose_stream import FAILURES, NewestImage, PoseStream
from service.pose_worker import Look, Outcome, Seen, Unseen
from service.protocol import Refusal
from tests.service.fake_pose_worker import BLUE, GREEN, RED, picture

COMMAND = (sys.executable, "-m", "tests.service.fake_pose_worker")


def pool_of(workers: int, look_s: float = 120.0) -> tuple[PosePool, list[PoseProcess]]:
    processes = [PoseProcess(COMMAND, look_s) for _ in range(workers)]
    waiting = list(processes)
    return PosePool(waiting.pop, workers), processes


@pytest.fixture
async def pool() -> AsyncIterator[PosePool]:
    made, _ = pool_of(1)
    yield made
    await made.close()


async def see(stream: PoseStream, t_ms: float, image: bytes) -> Outcome:
    stream.offer(t_ms, image)
    return await anext(stream)


def count(outcome: Outcome) -> int:
    """Which picture of its estimator it was."""
    assert isinstance(outcome, Seen)
    return int(np.frombuffer(outcome.people[0], "<f4").reshape(33, 3)[0, 2])


def test_the_newest_image_wins() -> None:
    """One picture waits; each that a newer one replaces is counted, one that was taken is not."""
    waiting = NewestImage()
    assert waiting.take() is None
    for t_ms in range(3):
        waiting.offer(Look(t_ms, b""))
    assert (waiting.take(), waiting.take(), waiting.superseded) == (Look(2, b""), None, 2)
    waiting.offer(Look(3, b""))
    assert waiting.superseded == 2


async def test_poses_come_back_in_the_pictures_own_pixels_and_time(pool: PosePool) -> None:
    """What was seen names the picture's time and size; what cannot be read, the reason."""
    stream = pool.open(1)
    for form in (".png", ".jpg", ".webp"):
        outcome = await see(stream, 12.5, picture((100, 110, 120), form))
        assert isinstance(outcome, Seen)
        assert (outcome.t_ms, outcome.size) == (12.5, (40, 30))
        rows = np.frombuffer(outcome.people[0], "<f4").reshape(33, 3)
        np.testing.assert_allclose(rows[:, :2], [[110, 12.5]] * 33, atol=2)
    spoilt = bytearray(picture())
    spoilt[60] ^= 0xFF
    outcome = await see(stream, 13.5, bytes(spoilt))
    assert isinstance(outcome, Unseen)
    assert (outcome.t_ms, outcome.code) == (13.5, "bad-image")
    assert "cannot be decoded" in outcome.reason
    assert count(await see(stream, 14.5, picture())) == 4
    await stream.close()


async def test_pictures_that_wait_are_superseded_and_counted(pool: PosePool) -> None:
    """While one picture is looked at, only the newest of those that come is looked at next."""
    stream = pool.open(1)
    await see(stream, 0.0, picture())
    stream.offer(1.0, picture(GREEN))
    await asyncio.sleep(0.05)
    for t_ms in range(2, 7):
        stream.offer(t_ms, picture())
    stream.finish()
    assert [outcome.t_ms async for outcome in stream] == [1.0, 6.0]
    assert stream.superseded == 4
    await stream.close()


async def test_settled_waits_for_each_picture_of_a_file(pool: PosePool) -> None:
    """A client that may lose nothing offers, waits, and offers: every picture has an outcome."""
    stream = pool.open(1)
    seen: list[float] = []

    async def collect() -> None:
        seen.extend([outcome.t_ms async for outcome in stream])

    collecting = asyncio.create_task(collect())
    for t_ms in range(20):
        stream.offer(t_ms, picture())
        await stream.settled()
    stream.finish()
    await collecting
    assert (seen, stream.superseded) == ([*map(float, range(20))], 0)
    await stream.close()


async def test_a_stream_without_a_worker_is_refused_until_one_comes_back(pool: PosePool) -> None:
    """The limit is told with 1013; a stream that ends gives its worker, warm, to the next.

    The next stream's estimator is new all the same: it carries nothing over.
    """
    made, (process,) = pool_of(1)
    first = made.open(1)
    assert count(await see(first, 0.0, picture())) == 1
    with pytest.raises(Refusal, match="from at most 1 streams at a time") as refusal:
        made.open(1)
    assert (refusal.value.code, refusal.value.close) == ("images-full", 1013)
    pid = process.pid
    await first.close()
    await first.close()
    second = made.open(1)
    assert count(await see(second, 0.0, picture())) == 1
    assert (process.pid, made.streams) == (pid, 1)
    await made.close()
    assert made.streams == 0
    assert pid is not None
    assert not psutil.pid_exists(pid)


async def test_a_crash_costs_one_picture_of_one_stream() -> None:
    """The stream is told and goes on with a new worker; its neighbour notices nothing."""
    made, processes = pool_of(2)
    stream, neighbour = made.open(1), made.open(1)
    assert count(await see(stream, 0.0, picture())) == count(await see(neighbour, 0.0, picture()))
    pids = {process.pid for process in processes}
    outcome = await see(stream, 1.0, picture(RED))
    assert isinstance(outcome, Unseen)
    assert (outcome.t_ms, outcome.code) == (1.0, "pose-failed")
    assert "failed on the image of t_ms 1; a new one goes on" in outcome.reason
    assert count(await see(neighbour, 1.0, picture())) == 2
    assert count(await see(stream, 2.0, picture())) == 1
    assert len(pids & {process.pid for process in processes}) == 1
    await made.close()


async def test_a_worker_that_is_killed_or_hangs_is_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Killed between two pictures, or stuck in one: the next picture has a worker again."""
    made, (process,) = pool_of(1)
    stream = made.open(1)
    await see(stream, 0.0, picture())
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    assert isinstance(await see(stream, 1.0, picture()), Unseen)
    assert count(await see(stream, 2.0, picture())) == 1
    hung = process.pid
    monkeypatch.setattr(process, "_look_s", 0.5)
    assert isinstance(await see(stream, 3.0, picture(BLUE)), Unseen)
    monkeypatch.undo()
    assert hung is not None
    assert not psutil.pid_exists(hung)
    assert count(await see(stream, 4.0, picture())) == 1
    await made.close()


async def test_pictures_that_always_crash_end_their_stream(pool: PosePool) -> None:
    """So many losses in a row are an end with 1011; the worker serves the next stream."""
    stream = pool.open(1)
    for t_ms in range(FAILURES - 1):
        assert isinstance(await see(stream, t_ms, picture(RED)), Unseen)
    with pytest.raises(Refusal, match="failed on 3 images in a row") as refusal:
        await see(stream, 9.0, picture(RED))
    assert (refusal.value.code, refusal.value.close) == ("pose-failed", 1011)
    stream.offer(10.0, picture())
    await stream.settled()
    await stream.close()
    following = pool.open(1)
    assert count(await see(following, 0.0, picture())) == 1


async def test_a_worker_that_cannot_start_is_said() -> None:
    """A command that is not there, or ends at once, ends the stream and not the service."""
    for command in (("/nowhere/python",), (sys.executable, "-c", "")):
        made = PosePool([PoseProcess(command)].pop, 1)
        stream = made.open(1)
        outcomes = [await see(stream, t_ms, picture()) for t_ms in range(FAILURES - 1)]
        assert all(isinstance(outcome, Unseen) for outcome in outcomes)
        with pytest.raises(Refusal):
            await see(stream, FAILURES, picture())
        await made.close()


async def test_a_closed_stream_leaves_no_task_behind() -> None:
    """Closed with a picture in hand and one waiting, it hands back a worker that still runs."""
    made, (process,) = pool_of(1)
    before = asyncio.all_tasks()
    stream = made.open(1)
    await see(stream, 0.0, picture())
    pid = process.pid
    stream.offer(1.0, picture(GREEN))
    await asyncio.sleep(0.05)
    stream.offer(2.0, picture())
    await stream.close()
    assert asyncio.all_tasks() == before
    following = made.open(1)
    assert count(await see(following, 0.0, picture())) == 1
    assert process.pid == pid
    await made.close()

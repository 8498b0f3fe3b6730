"""Plays a recording through a client, in its own time or as fast as labels come back.

Sending and receiving go on at the same time: no frame waits for the label of another.
"""

import asyncio
import time
from collections.abc import Callable, Iterator

from posewire_client.async_client import AsyncClient
from posewire_client.messages import Message
from posewire_client.recording import RecordedPose, Recording

_FIRST_STEP_MS = 1000 / 30


async def play(
    client: AsyncClient,
    recording: Recording,
    show: Callable[[Message], None],
    *,
    speed: float | None = 1.0,
    loop: bool = False,
) -> None:
    """Send every frame, say `bye`, and show every message until the stream has ended.

    Args:
        client: Connected. As fast as possible means without loss only with `drop: never`.
        recording: What to play.
        show: Given each message as it comes.
        speed: Times the recording's own pace; None for as fast as it goes.
        loop: Begin again at the end, for ever, with the time going on.

    Raises:
        RecordingError: A line is faulty. All frames before it are labelled and shown first.
        PosewireError: The stream failed.
    """
    sender = asyncio.create_task(_send(client, _laps(recording, loop=loop), speed))
    try:
        async for message in client:
            show(message)
        await sender
    finally:
        sender.cancel()
        await asyncio.gather(sender, return_exceptions=True)


async def _send(client: AsyncClient, poses: Iterator[RecordedPose], speed: float | None) -> None:
    try:
        await _send_in_time(client, poses, speed)
    except Exception:
        # Whatever is wrong with the rest, what was sent gets its labels.
        await client.bye()
        raise
    await client.bye()


async def _send_in_time(
    client: AsyncClient, poses: Iterator[RecordedPose], speed: float | None
) -> None:
    started_s = time.monotonic()
    first_ms: float | None = None
    for pose in poses:
        if speed is not None:
            first_ms = pose.t_ms if first_ms is None else first_ms
            due_s = started_s + (pose.t_ms - first_ms) / 1000 / speed
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))
        people = [(person.id, person.keypoints) for person in pose.people]
        await client.send_pose(pose.t_ms, people)


def _laps(recording: Recording, *, loop: bool) -> Iterator[RecordedPose]:
    """Yield the poses once, or for ever with each lap's times following on from the last's."""
    offset_ms = 0.0
    while True:
        first_ms = last_ms = None
        step_ms = _FIRST_STEP_MS
        for pose in recording:
            first_ms = pose.t_ms if first_ms is None else first_ms
            step_ms = step_ms if last_ms is None else pose.t_ms - last_ms
            last_ms = pose.t_ms
            yield RecordedPose(t_ms=pose.t_ms + offset_ms, people=pose.people)
        if not loop or first_ms is None or last_ms is None:
            return
        offset_ms += last_ms - first_ms + step_ms

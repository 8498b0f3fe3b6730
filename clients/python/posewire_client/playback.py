"""Plays a recording or a camera through a client, in its own time or as fast as labels come back.

Sending and receiving go on at the same time: no frame waits for the label of another.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from posewire_client.async_client import AsyncClient
from posewire_client.camera import Camera, Picture
from posewire_client.messages import Message
from posewire_client.pose_finder import PoseFinder
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
    await _show_while(client, _send_poses(client, _laps(recording, loop=loop), speed), show)


async def play_camera(
    client: AsyncClient,
    camera: Camera,
    show: Callable[[Message], None],
    *,
    finder: PoseFinder | None = None,
    speed: float | None = 1.0,
) -> None:
    """Send every picture until the camera ends, say `bye`, and show every message.

    Args:
        client: Connected, with the layout `image`, or `finder`'s.
        camera: Gives the pictures. A live one has its own pace.
        show: Given each message as it comes.
        finder: Finds the poses that are sent in place of the pictures.
        speed: Times a video's own pace; None for as fast as it goes.

    Raises:
        PosewireError: The stream failed.
    """
    pace = None if camera.live else speed
    await _show_while(client, _send_pictures(client, camera, finder, pace), show)


class Pace:
    """Waits until a frame is due.

    Args:
        speed: Times the frames' own pace; None never waits.
    """

    def __init__(self, speed: float | None) -> None:
        self._speed = speed
        self._started_s = time.monotonic()
        self._first_ms: float | None = None

    async def wait(self, t_ms: float) -> None:
        """Wait for the time of a frame, counted from the first one's."""
        if self._speed is None:
            return
        self._first_ms = t_ms if self._first_ms is None else self._first_ms
        due_s = self._started_s + (t_ms - self._first_ms) / 1000 / self._speed
        await asyncio.sleep(max(0.0, due_s - time.monotonic()))


async def _show_while(
    client: AsyncClient, sending: Coroutine[Any, Any, None], show: Callable[[Message], None]
) -> None:
    sender = asyncio.create_task(_then_bye(client, sending))
    try:
        async for message in client:
            show(message)
        await sender
    finally:
        sender.cancel()
        await asyncio.gather(sender, return_exceptions=True)


async def _then_bye(client: AsyncClient, sending: Coroutine[Any, Any, None]) -> None:
    try:
        await sending
    except Exception:
        # Whatever is wrong with the rest, what was sent gets its labels.
        await client.bye()
        raise
    await client.bye()


async def _send_poses(
    client: AsyncClient, poses: Iterator[RecordedPose], speed: float | None
) -> None:
    pace = Pace(speed)
    for pose in poses:
        await pace.wait(pose.t_ms)
        people = [(person.id, person.keypoints) for person in pose.people]
        await client.send_pose(pose.t_ms, people)


async def _send_pictures(
    client: AsyncClient, camera: Camera, finder: PoseFinder | None, speed: float | None
) -> None:
    pace = Pace(speed)
    pictures = iter(camera)
    # Reading waits for the camera, and finding and packing take a while: the loop goes on.
    while (picture := await asyncio.to_thread(_next, pictures)) is not None:
        await pace.wait(picture.t_ms)
        if finder is None:
            data = await asyncio.to_thread(camera.jpeg, picture.pixels)
            await client.send_image(picture.t_ms, data)
        else:
            people = await asyncio.to_thread(finder.find, picture.pixels, picture.t_ms)
            await client.send_pose(picture.t_ms, [(None, person) for person in people])


def _next(pictures: Iterator[Picture]) -> Picture | None:
    return next(pictures, None)


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

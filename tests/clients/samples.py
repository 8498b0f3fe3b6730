"""Poses and recordings made up for these tests, and how they are streamed."""

import asyncio
from pathlib import Path
from typing import Any, Literal

import msgspec

from posewire_client import Actions, AsyncClient, Message, Options, Reconnect
from tests.clients.fake_server import FakeServer

HELLO: dict[str, Any] = {
    "type": "hello",
    "version": 1,
    "layout": "coco17",
    "coordinates": "pixels",
    "size": [640, 480],
}
METRES: dict[str, Any] = {"layout": "kinect20", "coordinates": "metres"}
LOSSLESS = Options(drop="never")
QUICKLY = Reconnect(attempts=4, first_s=0.02, longest_s=0.05)


def keypoints(frame: int) -> list[list[float]]:
    """Seventeen joints that differ from frame to frame; exact in float32."""
    return [[frame + joint / 64, joint / 8, 1.0] for joint in range(17)]


def write_recording(path: Path, frames: int = 20, *, step_ms: float = 10.0, **hello: Any) -> Path:
    """Write a recording of one person, with fields of its hello replaced."""
    lines = [HELLO | hello]
    for frame in range(frames):
        people = [{"id": 1, "keypoints": keypoints(frame)}]
        lines.append({"type": "pose", "t_ms": frame * step_ms, "people": people})
    path.write_bytes(b"\n".join(msgspec.json.encode(line) for line in lines))
    return path


def connect(
    server: FakeServer,
    *,
    encoding: Literal["msgpack", "json"] = "msgpack",
    reconnect: Reconnect = QUICKLY,
    options: Options | None = None,
    token: str | None = None,
    layout: str = "coco17",
) -> AsyncClient:
    return AsyncClient.connect(
        server.url,
        layout=layout,
        coordinates="pixels",
        size=(640, 480),
        options=options,
        token=token,
        encoding=encoding,
        reconnect=reconnect,
    )


async def stream(client: AsyncClient, frames: int, *, step_s: float = 0.0) -> list[Message]:
    async with client:
        for frame in range(frames):
            await client.send_pose(frame * 10.0, [(1, keypoints(frame))])
            await asyncio.sleep(step_s)
        await client.bye()
        return [message async for message in client]


def times_ms(messages: list[Message]) -> list[float]:
    return [message.t_ms for message in messages if isinstance(message, Actions)]

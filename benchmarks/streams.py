"""Streams: many clients of one server at once, and how long each waits for the label of a frame.

The generator is this process, the server another; both share the machine's cores.
"""

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.server import running_server
from model.pose.artifact import ArtifactSpec

RATE_HZ = 30.0
WARM_UP_S = 3.0
"""Answers of the first seconds are not counted: windows are warming."""


@dataclass
class Load:
    """What one run of clients saw.

    Attributes:
        delays_ms: from a pose sent to its own label received, for every frame answered.
        sent: frames sent.
        dropped: frames that newer ones superseded.
        errors: errors and early ends.
    """

    delays_ms: list[float] = field(default_factory=list)
    sent: int = 0
    dropped: int = 0
    errors: int = 0

    def percentile_ms(self, percent: float) -> float:
        """Returns a percentile of the delays; infinite where nothing was answered."""
        return float(np.percentile(self.delays_ms, percent)) if self.delays_ms else float("inf")


def measure_streams(model: Path, spec: ArtifactSpec, clients: int, seconds: float) -> Load:
    """Runs clients against a server of their own.

    Args:
        model: the artifact.
        spec: its specification.
        clients: how many, each sending `RATE_HZ` poses a second.
        seconds: how long they send.
    """
    load = Load()
    with running_server(model) as url:
        asyncio.run(_run_clients(url, spec, clients, seconds, load))
    return load


async def _run_clients(
    url: str, spec: ArtifactSpec, clients: int, seconds: float, load: Load
) -> None:
    async with asyncio.TaskGroup() as group:
        for number in range(clients):
            group.create_task(_client(url, spec, number / clients, number, seconds, load))


async def _client(
    url: str, spec: ArtifactSpec, phase: float, seed: int, seconds: float, load: Load
) -> None:
    hello = {
        "type": "hello",
        "version": 1,
        "layout": spec.layout,
        "coordinates": "metres" if spec.dimensions == 3 else "normalised",
        "size": None if spec.dimensions == 3 else [640, 480],
    }
    frames = int(seconds * RATE_HZ)
    poses = wandering(frames, len(spec.joints), spec.dimensions, seed)
    sent_s: dict[float, float] = {}
    await asyncio.sleep(phase / RATE_HZ)
    async with connect(url, compression=None, max_size=None) as socket:
        await socket.send(msgspec.msgpack.encode(hello))
        await socket.recv()
        reading = asyncio.create_task(_read(socket, sent_s, load))
        begun_s = time.perf_counter()
        for frame in range(frames):
            await asyncio.sleep(max(0.0, begun_s + frame / RATE_HZ - time.perf_counter()))
            time_ms = frame * 1000 / RATE_HZ
            people = [{"id": 1, "keypoints": poses[frame].tobytes()}]
            sent_s[time_ms] = time.perf_counter()
            await socket.send(
                msgspec.msgpack.encode({"type": "pose", "t_ms": time_ms, "people": people})
            )
            load.sent += 1
        await socket.send(msgspec.msgpack.encode({"type": "bye"}))
        load.dropped += await reading


async def _read(socket: ClientConnection, sent_s: dict[float, float], load: Load) -> int:
    """Notes the delay of each answer until the server closes; returns how many were dropped."""
    dropped = 0
    async for data in socket:
        received_s = time.perf_counter()
        message = msgspec.msgpack.decode(data if isinstance(data, bytes) else data.encode())
        if message["type"] == "error":
            load.errors += 1
        if message["type"] != "actions":
            continue
        dropped = message["dropped"]
        asked_s = sent_s.pop(message["t_ms"])
        if message["t_ms"] >= WARM_UP_S * 1000:
            load.delays_ms.append((received_s - asked_s) * 1000)
    return dropped


def wandering(frames: int, joints: int, dimensions: int, seed: int) -> NDArray[np.float32]:
    """Returns motion of no meaning: joints that swing smoothly about a place of their own.

    Args:
        frames: N.
        joints: V.
        dimensions: 2 for rows x, y, score in 0…1, 3 for rows x, y, z, score in metres.
        seed: of places and swings.

    Returns:
        (N, V, 3 or 4) float32, little-endian.
    """
    draw = np.random.default_rng(seed)
    place = draw.uniform(0.2, 0.8, (joints, dimensions))
    speed = draw.uniform(0.3, 2.0, (joints, dimensions))
    time_s = np.arange(frames)[:, None, None] / RATE_HZ
    points = place + 0.1 * np.sin(2 * np.pi * speed * time_s)
    score = np.ones((frames, joints, 1))
    return np.concatenate((points, score), axis=-1).astype("<f4")

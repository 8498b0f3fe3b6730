"""Poses and recordings made up for these tests."""

from pathlib import Path
from typing import Any

import msgspec

from posewire_client import Reconnect

HELLO: dict[str, Any] = {
    "type": "hello",
    "version": 1,
    "layout": "coco17",
    "coordinates": "pixels",
    "size": [640, 480],
}
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

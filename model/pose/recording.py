"""Writes a recording: JSON Lines of the wire's messages, a ``hello`` and then a ``pose`` a frame.

It knows the text of those two messages and nothing of a socket. What is written is what a client
would have sent, so whoever plays it sends the same float32 keypoints that a store holds.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from model.pose.store import PoseClip
from model.pose.whole_file import whole_file

WIRE_VERSION = 1


def write_recording(path: Path, clip: PoseClip, layout: str) -> None:
    """Writes a clip of keypoints in metres, y up, as a recording.

    The file is renamed into place when whole. Persons are numbered from 1 by their place in the
    clip; one without any joint in a frame is left out of that frame's message.

    Args:
        path: File to write, by custom ``*.jsonl``; its directory is made.
        clip: ``keypoints (T, M, V, 4)`` in metres, ``times_ms (T,)``.
        layout: Name of the layout of the joints, one that the wire knows.

    Raises:
        OSError: Where the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as file:
        for message in recorded_messages(clip, layout):
            file.write(msgspec.json.encode(message) + b"\n")


def recorded_messages(clip: PoseClip, layout: str) -> Iterator[dict[str, Any]]:
    """The messages of a recording, in order: one ``hello``, then ``T`` of ``pose``."""
    yield {
        "type": "hello",
        "version": WIRE_VERSION,
        "layout": layout,
        "coordinates": "metres",
        "up": "y",
        "options": {"drop": "never"},
    }
    for t_ms, keypoints in zip(clip.times_ms.tolist(), clip.keypoints, strict=True):
        frame = shortest_decimals(keypoints)
        people = [
            {"id": place, "keypoints": person.tolist()}
            for place, person in enumerate(frame, start=1)
            if person[:, 3].any()
        ]
        yield {"type": "pose", "t_ms": t_ms, "people": people}


def shortest_decimals(values: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """The float64 numbers that print as the shortest decimals of float32 ``values``.

    0.1 in float32 is 0.10000000149011612 in float64; a recording says 0.1, which reads back as the
    same float32.

    Args:
        values: Array of any shape, finite.

    Returns:
        Array of the same shape.
    """
    return values.astype(np.float32).astype(np.str_).astype(np.float64)

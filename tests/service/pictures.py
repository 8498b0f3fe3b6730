"""Pictures in which a worker sees who the test says is there, without any decoder."""

import asyncio
import struct
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.pose.layout import layout_named
from service.pose_process import WorkerLost
from service.pose_worker import Look, Outcome, Seen, Unseen
from tests.service.artifacts import COCO
from tests.service.bodies import SIZE, STEP_MS, body

BLAZEPOSE = layout_named("blazepose33")

Rows = NDArray[np.float32]
People = Callable[[float], list[Rows]]
"""Time in ms → (33, 3) rows of everybody who is there."""


def picture(width: int = int(SIZE[0]), height: int = int(SIZE[1])) -> bytes:
    """What looks like a PNG of this size to whoever reads its header."""
    header = struct.pack(">4sIIBBBBB", b"IHDR", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + bytes(8) + b"IEND" + bytes(4)


def image(frame: float, width: int = int(SIZE[0]), height: int = int(SIZE[1])) -> dict[str, Any]:
    """The image message of frame number `frame`."""
    return {"type": "image", "t_ms": frame * STEP_MS, "data": picture(width, height)}


def seen(left: float = -1.0, right: float = -1.0, x: float = 0.0) -> Rows:
    """A person as blazepose33, of whom the joints of coco17 are seen; `x` pixels to the right."""
    places = dict(zip(COCO.joints, body(COCO, left, right), strict=True))
    rows = np.zeros((33, 3), np.float32)
    for number, joint in enumerate(BLAZEPOSE.joints):
        if joint in places:
            rows[number] = places[joint] + [x, 0, 0]
    return rows


class ScriptedWorker:
    """A worker that sees whom the script says; a permit lets it look, where it is held.

    Args:
        people: the script.
        size: of the pictures.
        trouble: time in ms → what becomes of that picture instead.
        held: whether it waits for permits.

    Attributes:
        looking: is set once it looks at a picture.
        most_people: how many its stream wants to be looked for.
    """

    def __init__(
        self,
        people: People,
        size: tuple[int, int] = (int(SIZE[0]), int(SIZE[1])),
        trouble: Mapping[float, str] | None = None,
        held: bool = False,
    ) -> None:
        self._people = people
        self._size = size
        self._trouble = trouble or {}
        self._permits = asyncio.Semaphore(0 if held else 1_000_000)
        self.looking = asyncio.Event()
        self.most_people = 0

    def let(self, pictures: int) -> None:
        """Permits so many looks more."""
        for _ in range(pictures):
            self._permits.release()

    async def begin(self, people: int) -> None:
        """Begins a stream."""
        self.most_people = people

    async def look(self, look: Look) -> Outcome:
        """Looks at a picture."""
        self.looking.set()
        await self._permits.acquire()
        match self._trouble.get(look.t_ms):
            case "lost":
                raise WorkerLost("the script says so")
            case "bad":
                return Unseen(look.t_ms, "bad-image", "the script says so")
        people = [rows.astype("<f4").tobytes() for rows in self._people(look.t_ms)]
        return Seen(look.t_ms, self._size, people)

    async def end(self) -> None:
        """Ends."""

"""The recorder: one session as JSON Lines that `posewire-stream` plays, where that is asked for.

Written are the hello without its tokens and the frames of keypoints that were taken in, in rows;
never a picture, and nothing that the server says. Keypoints that came as bytes are written as the
rows that they are. A disk that is full ends the recording and not the session.
"""

import asyncio
import logging
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import BinaryIO, Self

import msgspec
import numpy as np

from model.pose.recording import shortest_decimals
from service.protocol import Hello, PersonPose, Pose
from service.session_state import declared

log = logging.getLogger("posewire.recorder")

MOST_RECORDED_BYTES = 256 << 20
"""Of one session: about half a day of one person at 30 Hz."""

WRITTEN_AT_BYTES = 1 << 16
"""So much is gathered before it goes to the disk."""


def check_directory(directory: Path) -> None:
    """Makes a directory of recordings where there is none.

    Raises:
        ValueError: it cannot be made, or nothing can be written into it.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=directory):
            pass
    except OSError as error:
        raise ValueError(
            f"{directory}: no sessions can be recorded there: {error.strerror}"
        ) from None


class Recorder:
    """The recording of one session; as a context it ends with it.

    Args:
        directory: into which it is written, made where there is none.
        session: the session's name, and so the file's.
        hello: what the client declared.
        most_bytes: where it ends.
    """

    def __init__(
        self, directory: Path, session: str, hello: Hello, most_bytes: int = MOST_RECORDED_BYTES
    ) -> None:
        self.path = directory / f"{re.sub(r'[^0-9A-Za-z_-]', '_', session)}.jsonl"
        self._session = session
        self._columns = 4 if hello.coordinates == "metres" else 3
        self._most_bytes = most_bytes
        self._bytes = 0
        self._waiting = bytearray()
        self._file: BinaryIO | None = None
        self._ended = False
        # A thread, for a disk may take its time; one, for lines have an order.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="posewire-recorder")
        self._write(declared(hello))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        await self.close()

    async def take(self, pose: Pose) -> None:
        """Records a frame that was taken in."""
        if self._ended:
            return
        people = [PersonPose(_rows(person, self._columns), person.id) for person in pose.people]
        self._write(Pose(pose.t_ms, people))
        if len(self._waiting) >= WRITTEN_AT_BYTES:
            await self._flush()

    async def close(self) -> None:
        """Writes what waits, and closes the file."""
        await self._flush()
        file, self._file, self._ended = self._file, None, True
        if file is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, file.close)
        self._thread.shutdown(wait=False)

    def _write(self, message: Hello | Pose) -> None:
        line = msgspec.json.encode(message) + b"\n"
        if self._bytes + len(line) > self._most_bytes:
            log.warning(
                "session %s: its recording ends, %d bytes are the most",
                self._session,
                self._most_bytes,
            )
            self._ended = True
            return
        self._bytes += len(line)
        self._waiting += line

    async def _flush(self) -> None:
        content, self._waiting = bytes(self._waiting), bytearray()
        if not content:
            return
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._append, content)
        except OSError as error:
            log.warning("session %s: its recording ends: %s", self._session, error)
            self._ended = True

    def _append(self, content: bytes) -> None:
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # Unbuffered: what failed to be written is not tried again when the file is closed.
            self._file = self.path.open("ab", buffering=0)
        self._file.write(content)


def _rows(person: PersonPose, columns: int) -> list[list[float]]:
    if not isinstance(person.keypoints, bytes):
        return person.keypoints
    rows = np.frombuffer(person.keypoints, "<f4").reshape(-1, columns)
    listed: list[list[float]] = shortest_decimals(rows).tolist()
    return listed

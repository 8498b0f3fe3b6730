"""A pose worker as its pool sees it: a process that is started when needed and may be lost."""

import asyncio
import contextlib
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from pathlib import Path

import msgspec

from service.pose_worker import LENGTH_BYTES, Begin, Look, Outcome, Request, framed

ROOT = Path(__file__).resolve().parents[1]
"""Where `python -m service.…` is run."""

LOOK_S = 30.0
"""A worker that takes longer over one picture hangs. Its first one has to load MediaPipe."""

_outcomes = msgspec.msgpack.Decoder(Outcome)


class WorkerLost(Exception):
    """The process has ended, or hangs and was ended."""


class PoseProcess:
    """One worker.

    Args:
        command: starts it, in `ROOT`.
        look_s: after so long over one picture it is ended.
    """

    def __init__(self, command: Sequence[str], look_s: float = LOOK_S) -> None:
        self._command = command
        self._look_s = look_s
        self._process: Process | None = None

    @property
    def pid(self) -> int | None:
        """The process's number, None where none runs."""
        return None if self._process is None else self._process.pid

    async def begin(self, people: int) -> None:
        """Begins a stream, in a new process where there is none.

        Raises:
            WorkerLost: the process cannot be started, or has ended meanwhile.
        """
        if self._process is None or self._process.returncode is not None:
            await self.end()
            try:
                # A session of its own: Ctrl+C is for the service, which then ends its workers.
                self._process = await asyncio.create_subprocess_exec(
                    *self._command,
                    cwd=ROOT,
                    stdin=PIPE,
                    stdout=PIPE,
                    start_new_session=True,
                )
            except OSError as error:
                raise WorkerLost(str(error)) from None
        await self._send(self._process, Begin(people))

    async def look(self, look: Look) -> Outcome:
        """Has a picture looked at.

        Raises:
            WorkerLost: the process ended over it, or took too long and was ended.
        """
        process = self._process
        if process is None or process.stdout is None:
            raise WorkerLost("no process runs")
        try:
            async with asyncio.timeout(self._look_s):
                await self._send(process, look)
                length = await process.stdout.readexactly(LENGTH_BYTES)
                body = await process.stdout.readexactly(int.from_bytes(length, "little"))
        except BaseException as error:
            # Whatever it is: an answer that nobody waits for would be taken for the next one.
            await self.end()
            if isinstance(error, (TimeoutError, asyncio.IncompleteReadError)):
                raise WorkerLost("the process ended or hung") from None
            raise
        outcome: Outcome = _outcomes.decode(body)
        return outcome

    async def end(self) -> None:
        """Ends the process, if one runs, and waits for it."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()

    async def _send(self, process: Process, request: Request) -> None:
        if process.stdin is None:
            raise WorkerLost("no process runs")
        try:
            process.stdin.write(framed(request))
            await process.stdin.drain()
        except (OSError, RuntimeError):
            await self.end()
            raise WorkerLost("the process has ended") from None

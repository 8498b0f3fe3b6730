"""The load's clients: one process of them, started by `benchmarks.load` with a plan on its stdin.

It prints what it saw, as MessagePack. Each client sends a pose every so often, and notes for each
frame how long its own label took.
"""

import asyncio
import gc
import sys
import time
from array import array
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import msgspec
import uvloop
from websockets.exceptions import WebSocketException

from benchmarks.load_socket import LoadSocket, connected

RAMP_S = 2.0
"""Clients begin over so long, so that neither their frames nor their windows come all at once."""

WARM_UP_S = 4.0
"""Answers of the first seconds of each client are not counted: windows are warming."""


class Plan(msgspec.Struct, frozen=True):
    """What the clients of one process do.

    Attributes:
        url: the stream.
        hello: what each says first.
        poses: of each recording, its frames as the bytes of their keypoints.
        numbers: which of all clients these are.
        clients: how many there are in all processes.
        rate_hz: of the frames of each.
        seconds: how long each sends.
    """

    url: str
    hello: dict[str, object]
    poses: list[list[bytes]]
    numbers: list[int]
    clients: int
    rate_hz: float
    seconds: float


class Seen(msgspec.Struct):
    """What they saw.

    Attributes:
        delays_ms: float32 bytes, from each frame sent to its own label received.
        beyond_ms: the same, from the frame that ended the window which answered it.
        late_ms: how late each frame was sent, which is the generator's own doing.
        sent: frames.
        answered: frames that got a label.
        dropped: frames that the server says it dropped.
        errors: errors, and clients that ended early, a sentence each.
        cpu_seconds: what the generator itself took.
    """

    delays_ms: bytes = b""
    beyond_ms: bytes = b""
    late_ms: bytes = b""
    sent: int = 0
    answered: int = 0
    dropped: int = 0
    errors: list[str] = []
    cpu_seconds: float = 0.0


class _Timing(msgspec.Struct, frozen=True, gc=False):
    queue_ms: float
    infer_ms: float


class _Said(msgspec.Struct, gc=False):
    type: str
    t_ms: float = 0.0
    dropped: int = 0
    message: str = ""
    timing: _Timing = _Timing(0.0, 0.0)


_read_said = msgspec.msgpack.Decoder(_Said).decode


class Answer(NamedTuple):
    """What became of one frame; `queue_ms` and `infer_ms` are the server's."""

    t_ms: float
    sent_s: float
    received_s: float
    queue_ms: float
    infer_ms: float


class Client:
    """One client, and what it saw."""

    def __init__(self, plan: Plan, number: int) -> None:
        self._plan = plan
        self._number = number
        self._sent_s: dict[float, float] = {}
        self.answers: list[Answer] = []
        self.late_s: list[float] = []
        self.sent = 0
        self.dropped = 0
        self.errors: list[str] = []

    async def run(self) -> None:
        """Connects, sends and reads; whatever goes wrong is an error that it saw."""
        await asyncio.sleep(self._number / self._plan.clients * RAMP_S)
        try:
            async with connected(self._plan.url, self._hear) as socket:
                socket.send(msgspec.msgpack.encode(self._plan.hello))
                await self._send(socket)
                await socket.ended()
        except (OSError, WebSocketException) as error:
            self.errors.append(f"client {self._number}: {str(error) or type(error).__name__}")
        except msgspec.DecodeError as error:
            self.errors.append(f"client {self._number}: no message of the server: {error}")

    async def _send(self, socket: LoadSocket) -> None:
        plan = self._plan
        poses = plan.poses[self._number % len(plan.poses)]
        # Two clients of one recording are not at the same place in it.
        first = self._number * 997
        begun_s = time.perf_counter()
        for frame in range(round(plan.seconds * plan.rate_hz)):
            due_s = begun_s + frame / plan.rate_hz
            await asyncio.sleep(max(0.0, due_s - time.perf_counter()))
            time_ms = frame * 1000 / plan.rate_hz
            people = [{"id": 1, "keypoints": poses[(first + frame) % len(poses)]}]
            message = {"type": "pose", "t_ms": time_ms, "people": people}
            now_s = time.perf_counter()
            self._sent_s[time_ms] = now_s
            self.late_s.append(now_s - due_s)
            self.sent += 1
            socket.send(msgspec.msgpack.encode(message))
        socket.send(msgspec.msgpack.encode({"type": "bye"}))

    def _hear(self, data: bytes) -> None:
        received_s = time.perf_counter()
        said = _read_said(data)
        if said.type == "error":
            self.errors.append(f"client {self._number}: {said.message}")
        if said.type == "actions":
            self.dropped = said.dropped
            sent_s = self._sent_s.pop(said.t_ms)
            timing = (said.timing.queue_ms, said.timing.infer_ms)
            self.answers.append(Answer(said.t_ms, sent_s, received_s, *timing))


def runs(answers: Sequence[Answer]) -> Iterator[Sequence[Answer]]:
    """Yields the answers of each run of the network: of one run, later frames waited less."""
    first = 0
    for place, (one, other) in enumerate(pairwise(answers), start=1):
        if one.infer_ms != other.infer_ms or one.queue_ms <= other.queue_ms:
            yield answers[first:place]
            first = place
    yield answers[first:]


def seen_by(clients: list[Client]) -> Seen:
    """Puts together what clients saw."""
    seen = Seen(errors=[error for client in clients for error in client.errors])
    delays_ms, beyond_ms, late_ms = array("f"), array("f"), array("f")
    for client in clients:
        seen.sent += client.sent
        seen.answered += len(client.answers)
        seen.dropped += client.dropped
        late_ms.extend(1000 * late_s for late_s in client.late_s)
        for run in runs(client.answers):
            for answer in run:
                if answer.t_ms >= WARM_UP_S * 1000:
                    delays_ms.append(1000 * (answer.received_s - answer.sent_s))
                    beyond_ms.append(1000 * (answer.received_s - run[-1].sent_s))
    seen.delays_ms, seen.beyond_ms = delays_ms.tobytes(), beyond_ms.tobytes()
    seen.late_ms = late_ms.tobytes()
    return seen


async def _run(plan: Plan) -> Seen:
    clients = [Client(plan, number) for number in plan.numbers]
    await asyncio.gather(*(client.run() for client in clients))
    return seen_by(clients)


if __name__ == "__main__":
    # It makes no cycles, and to look for some in all that it has seen would make frames late.
    gc.disable()
    found = uvloop.run(_run(msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Plan)))
    found.cpu_seconds = time.process_time()
    sys.stdout.buffer.write(msgspec.msgpack.encode(found))

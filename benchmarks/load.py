"""The load: many clients of one server at once, and how long each waits for the label of a frame.

The server is a process, the clients are one or more others (`benchmarks.load_clients`), and all
share the machine's cores. Measured is the time from a frame sent to its own label received, as it
is and beyond the hop: from the frame that ended the window which answered it.
"""

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from benchmarks.load_clients import RAMP_S, WARM_UP_S, Plan, Seen
from benchmarks.load_poses import Poses
from benchmarks.memory_slope import MemorySlope, memory_slope
from benchmarks.server import RunningServer, Runs, running_server
from model.pose.artifact import ArtifactSpec
from service.teaching import REMEMBERED_MS

RATE_HZ = 30.0
HOP_MS = 133.0
FRAMES_A_WINDOW = 4
"""Of every client: as many as come within `HOP_MS` at `RATE_HZ`."""

CLIENTS_A_PROCESS = 50
"""More of them would wait for one another, which is not the server's doing."""

MEMORY_EVERY_S = 1.0
SETTLES_S = REMEMBERED_MS / 1000 + 30
"""What memory does before says nothing of the long run: each session fills its last minute of
features, and the runtime takes what its first runs need."""

Floats = NDArray[np.float32]
Generator: TypeAlias = "subprocess.Popen[bytes]"


@dataclass(frozen=True)
class Load:
    """What one run of clients saw.

    Attributes:
        clients: how many there were.
        delays_ms: from each frame sent to its own label received.
        beyond_ms: the same beyond the hop.
        late_ms: how late the generator sent each frame.
        sent: frames sent.
        answered: frames that got a label.
        dropped: frames that newer ones superseded.
        errors: errors and early ends, a sentence each.
        server_cores: processor time of the server while all clients sent, in cores.
        client_cores: the same of the generator, over its whole life.
        run_windows: windows in a run of the network, the mean; NaN where the server was too busy
            to say.
        memory: how fast the server's memory grew once it had settled.
    """

    clients: int
    delays_ms: Floats
    beyond_ms: Floats
    late_ms: Floats
    sent: int
    answered: int
    dropped: int
    errors: tuple[str, ...]
    server_cores: float
    client_cores: float
    run_windows: float
    memory: MemorySlope

    @property
    def frame_cpu_ms(self) -> float:
        """Processor time of the server for each frame that got a label, in milliseconds.

        Infinite where none did.
        """
        if not self.answered:
            return float("inf")
        return 1000 * self.server_cores / (self.clients * RATE_HZ * self.answered / self.sent)


@dataclass
class _Watched:
    """The server while clients send."""

    server: RunningServer
    times_s: list[float] = field(default_factory=list)
    memory_bytes: list[int] = field(default_factory=list)
    cores: float = 0.0

    def over(self, seconds: float) -> None:
        """Watches for so long."""
        begun_s, cpu_s = time.perf_counter(), self.server.cpu_seconds()
        while (now_s := time.perf_counter()) - begun_s < seconds:
            self.times_s.append(now_s)
            self.memory_bytes.append(self.server.memory_bytes())
            time.sleep(min(MEMORY_EVERY_S, max(begun_s + seconds - now_s, 0.001)))
        self.cores = (self.server.cpu_seconds() - cpu_s) / (time.perf_counter() - begun_s)


def measure_load(
    model: Path,
    spec: ArtifactSpec,
    poses: Sequence[Poses],
    clients: int,
    seconds: float,
    settings: Mapping[str, object],
) -> Load:
    """Runs clients against a server of their own.

    Args:
        model: the artifact.
        spec: its specification.
        poses: what they send; each takes one of these.
        clients: how many, each sending `RATE_HZ` poses a second.
        seconds: how long each sends, longer than it warms up.
        settings: name → value of the server's `POSEWIRE_*`.

    Raises:
        ValueError: the server or the generator failed; the message says how.
    """
    limits = {"sessions": clients + 1, "sessions_per_token": clients + 1}
    with running_server(model, **(limits | dict(settings))) as server:
        plans = [
            _plan(server.url, spec, poses, numbers, clients, seconds)
            for numbers in _shares(clients)
        ]
        with _generators(plans) as generators:
            time.sleep(RAMP_S + WARM_UP_S)
            before = server.runs()
            watched = _Watched(server)
            watched.over(seconds - RAMP_S - WARM_UP_S)
            after = server.runs()
            seen = [_result(generator) for generator in generators]
    return Load(
        clients,
        _joined([each.delays_ms for each in seen]),
        _joined([each.beyond_ms for each in seen]),
        _joined([each.late_ms for each in seen]),
        sum(each.sent for each in seen),
        sum(each.answered for each in seen),
        sum(each.dropped for each in seen),
        tuple(error for each in seen for error in each.errors),
        watched.cores,
        sum(each.cpu_seconds for each in seen) / seconds,
        _mean_run(before, after),
        memory_slope(watched.times_s, watched.memory_bytes, SETTLES_S),
    )


def _mean_run(before: Runs | None, after: Runs | None) -> float:
    """Returns the windows of a run between two times, the mean."""
    if before is None or after is None:
        return float("nan")
    return (after.windows - before.windows) / max(after.runs - before.runs, 1)


def _shares(clients: int) -> list[list[int]]:
    """Deals the clients out to processes."""
    processes = -(-clients // CLIENTS_A_PROCESS)
    return [list(range(first, clients, processes)) for first in range(processes)]


def _plan(
    url: str,
    spec: ArtifactSpec,
    poses: Sequence[Poses],
    numbers: list[int],
    clients: int,
    seconds: float,
) -> Plan:
    metric = spec.dimensions == 3
    hello: dict[str, object] = {
        "type": "hello",
        "version": 1,
        "layout": spec.layout,
        "coordinates": "metres" if metric else "normalised",
        "size": None if metric else [640, 480],
        "options": {"hop_ms": HOP_MS},
    }
    frames = [[frame.tobytes() for frame in clip] for clip in poses]
    return Plan(url, hello, frames, numbers, clients, RATE_HZ, seconds)


@contextmanager
def _generators(plans: Sequence[Plan]) -> Iterator[list[Generator]]:
    """Starts a process of clients for each plan; none is left afterwards."""
    command = [sys.executable, "-m", "benchmarks.load_clients"]
    with ExitStack() as stack:
        started = []
        for plan in plans:
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            stack.enter_context(process)
            stack.callback(process.kill)
            assert process.stdin is not None
            process.stdin.write(msgspec.msgpack.encode(plan))
            process.stdin.close()
            started.append(process)
        yield started


def _result(generator: Generator) -> Seen:
    assert generator.stdout is not None
    said = generator.stdout.read()
    if status := generator.wait():
        raise ValueError(
            f"the generator of the load failed with status {status}; what it said stands above"
        )
    try:
        return msgspec.msgpack.decode(said, type=Seen)
    except msgspec.DecodeError as error:
        raise ValueError(
            f"the generator of the load told its result in {len(said)} bytes that cannot be read: "
            f"{error}"
        ) from None


def _joined(parts: Sequence[bytes]) -> Floats:
    return np.frombuffer(b"".join(parts), np.float32)

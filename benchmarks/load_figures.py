"""The load's figures: what a table of runs under load says, and beside it the peers.

Each run is printed as it ends. A run that lost a frame or saw an error is printed like the others,
for how a server behaves above its capacity is worth knowing; its dropped frames are a figure too.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.eager import Missing, eager_cpu_ms
from benchmarks.load import FRAMES_A_WINDOW, HOP_MS, RATE_HZ, SETTLES_S, Load, measure_load
from benchmarks.load_clients import RAMP_S, WARM_UP_S
from benchmarks.load_poses import Poses, recorded, wandering
from benchmarks.memory_slope import FLAT_MB_PER_HOUR
from model.pose.artifact import ArtifactSpec
from model.pose.artifact_session import ArtifactSession
from model.pose.figures import Figure, measured

COMMAND = "python -m benchmarks load"
BODIES = 8
"""So many are made by code where no recordings are given."""

UNBATCHED = {"batch_windows": 1, "batch_wait_ms": 0}
PERCENTS = (50, 95, 99)


@dataclass(frozen=True)
class LoadPlan:
    """What is measured.

    Attributes:
        model: the artifact.
        streams: how many clients, one run each; none for the long run alone, without peers.
        compared: how many clients the service has beside its peers.
        seconds: how long each client of a run sends.
        minutes: how long memory is watched in the long run, once it has settled; 0 for no such run.
        recordings: a directory of recordings; None for bodies made by code.
        checkpoint: of the network, for PyTorch eager; None leaves it out.
    """

    model: Path
    streams: tuple[int, ...] = (1, 10, 50, 100, 200)
    compared: int = 50
    seconds: float = 20.0
    minutes: float = 0.0
    recordings: Path | None = None
    checkpoint: Path | None = None

    @property
    def command(self) -> str:
        """What prints the figures; a directory of recordings is not named, it is elsewhere soon."""
        streams = "".join(f" {clients}" for clients in self.streams)
        said = f"{COMMAND} --streams{streams} --compared {self.compared} --seconds {self.seconds:g}"
        said += f" --minutes {self.minutes:g}" if self.minutes else ""
        said += " --recordings DIR" if self.recordings else ""
        return said + (f" --checkpoint {self.checkpoint}" if self.checkpoint else "")


def load_figures(plan: LoadPlan) -> Iterator[Figure]:
    """Runs what is planned, prints the table, and yields the figures as they come.

    Raises:
        ValueError: a recording, the server or the generator is at fault; the message says how.
    """
    spec = ArtifactSession(plan.model, threads=1).spec
    poses = _poses(plan, spec)
    print(HEAD, flush=True)
    compared: Load | None = None
    for clients in plan.streams:
        load = _run(plan, spec, poses, clients, {})
        compared = load if clients == plan.compared else compared
        yield from of_streams(plan, spec, load)
    if plan.streams:
        compared = compared or _run(plan, spec, poses, plan.compared, {})
        yield from _beside_peers(plan, spec, poses, compared)
    if plan.minutes:
        yield _of_memory(plan, spec, poses)


def _poses(plan: LoadPlan, spec: ArtifactSpec) -> list[Poses]:
    if plan.recordings is not None:
        return recorded(plan.recordings, spec, RATE_HZ)
    return [wandering(spec, plan.seconds, RATE_HZ, seed) for seed in range(BODIES)]


def _run(
    plan: LoadPlan,
    spec: ArtifactSpec,
    poses: Sequence[Poses],
    clients: int,
    settings: Mapping[str, object],
    seconds: float | None = None,
) -> Load:
    load = measure_load(plan.model, spec, poses, clients, seconds or plan.seconds, settings)
    print(row(load, " ".join(f"{name}={value}" for name, value in settings.items())), flush=True)
    for error in load.errors[:3]:
        print(f"  {error}", flush=True)
    return load


HEAD = (
    "clients     p50    p95    p99 ms   beyond the hop p50    p95    p99 ms   errors  dropped   "
    "server  clients cores   ms a frame   windows a run   sent late p99 ms"
)


def row(load: Load, settings: str = "") -> str:
    """Returns a run as a row below `HEAD`."""
    raw, beyond = percentiles(load.delays_ms), percentiles(load.beyond_ms)
    return (
        f"{load.clients:7d} {raw[0]:7.1f}{raw[1]:7.1f}{raw[2]:7.1f}    "
        f"{beyond[0]:21.1f}{beyond[1]:7.1f}{beyond[2]:7.1f}    "
        f"{len(load.errors):6d} {load.dropped:8d} {load.server_cores:8.2f} {load.client_cores:8.2f}"
        f"       {load.frame_cpu_ms:10.3f} {load.run_windows:15.1f} "
        f"{percentiles(load.late_ms)[2]:18.1f}   {settings}"
    ).rstrip()


def percentiles(delays_ms: np.typing.NDArray[np.float32]) -> list[float]:
    """Returns the percentiles of `PERCENTS`; infinite where nothing was answered."""
    if not len(delays_ms):
        return [float("inf")] * len(PERCENTS)
    return [float(value) for value in np.percentile(delays_ms, PERCENTS)]


def of_streams(plan: LoadPlan, spec: ArtifactSpec, load: Load) -> Iterator[Figure]:
    """Yields the figures of one run."""
    raw, beyond = percentiles(load.delays_ms), percentiles(load.beyond_ms)
    # The same of every run, so that a table of them says it once.
    note = (
        f"{spec.name} {spec.version}. Each client sends {RATE_HZ:g} poses a second, a window is "
        f"run every {HOP_MS:g} ms, and every frame that is not dropped is labelled. Clients and "
        "server share the machine."
    )
    if load.errors:
        note += f" With {load.clients} clients there were {len(load.errors)} errors."
    for name, value, unit in (
        ("median_ms", raw[0], "ms"),
        ("p95_ms", raw[1], "ms"),
        ("p99_ms", raw[2], "ms"),
        ("p99_beyond_hop_ms", beyond[2], "ms"),
        ("dropped", load.dropped, "frames"),
        ("cpu_ms_a_frame", load.frame_cpu_ms, "ms"),
    ):
        yield measured(f"service.streams_{load.clients}.{name}", value, unit, plan.command, note)


def _beside_peers(
    plan: LoadPlan, spec: ArtifactSpec, poses: Sequence[Poses], served: Load
) -> Iterator[Figure]:
    alone = _run(plan, spec, poses, plan.compared, UNBATCHED)
    yield measured(
        "service.batching_speedup",
        alone.frame_cpu_ms / served.frame_cpu_ms,
        "×",
        plan.command,
        f"Processor time of the server for each frame of {plan.compared} clients: "
        f"{alone.frame_cpu_ms:.3f} ms where each window is run by itself, "
        f"{served.frame_cpu_ms:.3f} ms where they are batched ({served.run_windows:.1f} a run).",
    )
    try:
        if plan.checkpoint is None:
            raise Missing("PyTorch eager is not measured: no --checkpoint was given")
        eager_ms = eager_cpu_ms(plan.checkpoint, spec) / FRAMES_A_WINDOW
    except Missing as missing:
        print(missing, flush=True)
        return
    yield measured(
        "service.vs_torch_eager_speedup",
        eager_ms / served.frame_cpu_ms,
        "×",
        plan.command,
        f"Processor time for each frame: {eager_ms:.3f} ms where the same network is called in "
        f"PyTorch eager once in {FRAMES_A_WINDOW} frames, and nothing else is done; "
        f"{served.frame_cpu_ms:.3f} ms of the server in all, with {plan.compared} clients.",
    )


def _of_memory(plan: LoadPlan, spec: ArtifactSpec, poses: Sequence[Poses]) -> Figure:
    seconds = SETTLES_S + plan.minutes * 60
    load = _run(plan, spec, poses, plan.compared, {}, RAMP_S + WARM_UP_S + seconds)
    return measured(
        "service.memory_slope_mb_per_hour",
        load.memory.mb_per_hour,
        "MB/h",
        plan.command,
        f"Resident memory of the server over {plan.minutes:g} minutes with {plan.compared} "
        f"clients, least squares, from {SETTLES_S:g} s on, when each session's memory is full; "
        f"{load.memory}; {'flat' if load.memory.is_flat else 'NOT flat'}, which is at most "
        f"{FLAT_MB_PER_HOUR:g} MB/h. {load.dropped} frames dropped, {len(load.errors)} errors.",
    )

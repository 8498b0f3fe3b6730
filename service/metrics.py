"""Metrics: what happened, counted for Prometheus; knows names and buckets, not who calls.

Labels hold names that the operator chose and codes of the protocol, never anything that a client
wrote, so that no client can make them grow.
"""

from collections.abc import Callable, Iterable
from importlib.metadata import version
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

State = Literal["greeting", "streaming"]
DropCause = Literal["superseded", "rate", "slow-client", "slow-pose"]
ResumeOutcome = Literal["here", "elsewhere", "unknown"]

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 10)
"""Finest around one hop and one frame, where a stream is lost or kept."""

CLOSING_CODES = (*range(1000, 1004), *range(1005, 1014), 4400, 4409)
"""A client may close with any of thousands of others."""

WINDOWS = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Metrics:
    """All that is counted, in a registry of its own, so that a process may hold two services."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        model = ["model", "provider"]
        self._sessions = Gauge(
            "posewire_sessions", "Sessions now, by state", ["state"], registry=registry
        )
        self._ended = Counter(
            "posewire_sessions_ended",
            "Sessions ended, by closing code",
            ["code"],
            registry=registry,
        )
        self._frames = Counter(
            "posewire_frames", "Frames taken in, by kind", ["kind"], registry=registry
        )
        self._answers = Counter("posewire_answers", "Labels sent", ["model"], registry=registry)
        self._dropped = Counter(
            "posewire_dropped", "Frames without a label of their own", ["cause"], registry=registry
        )
        self._refusals = Counter(
            "posewire_refusals", "Errors told to clients", ["code"], registry=registry
        )
        self._batch = Histogram(
            "posewire_batch_windows",
            "Windows of one run",
            model,
            buckets=WINDOWS,
            registry=registry,
        )
        self._infer = Histogram(
            "posewire_infer_seconds", "One run", model, buckets=SECONDS, registry=registry
        )
        self._failed = Counter("posewire_runs_failed", "Runs that raised", model, registry=registry)
        self._queue = Histogram(
            "posewire_queue_seconds",
            "From a frame taken in to the run that answers it",
            ["model"],
            buckets=SECONDS,
            registry=registry,
        )
        self._pose = Histogram(
            "posewire_pose_seconds",
            "Poses found in one picture",
            buckets=SECONDS,
            registry=registry,
        )
        self._workers_lost = Counter(
            "posewire_pose_workers_lost", "Pose processes that died", registry=registry
        )
        self._resumes = Counter(
            "posewire_resumes", "Attempts to resume", ["outcome"], registry=registry
        )
        self._taught = Gauge("posewire_taught_actions", "Taught actions known", registry=registry)
        self._degraded = Gauge(
            "posewire_degraded",
            "1 where the service runs with less than was asked for",
            registry=registry,
        )
        self._models = Gauge(
            "posewire_model_loaded", "1 a model that is loaded", model, registry=registry
        )
        build = Gauge("posewire_build_info", "1, with the version", ["version"], registry=registry)
        build.labels(version("posewire")).set(1)

    def session_entered(self, state: State) -> None:
        """A session is in a state from now on."""
        self._sessions.labels(state).inc()

    def session_left(self, state: State) -> None:
        """A session is no longer in a state."""
        self._sessions.labels(state).dec()

    def count_suspended(self, kept: Callable[[], float]) -> None:
        """From now on `kept` says how many lost sessions are kept in this process."""
        self._sessions.labels("suspended").set_function(kept)

    def session_ended(self, code: int) -> None:
        """A session is over; `code` closed its connection, 1006 where the client just went."""
        self._ended.labels(str(code) if code in CLOSING_CODES else "other").inc()

    def frame_came(self, kind: Literal["pose", "image"] = "pose") -> None:
        """A frame was taken in."""
        self._frames.labels(kind).inc()

    def answered(self, model: str, queue_s: float) -> None:
        """A frame was labelled.

        Args:
            model: its `name@version`.
            queue_s: seconds from the frame taken in to the run that answered it.
        """
        self._answers.labels(model).inc()
        self._queue.labels(model).observe(queue_s)

    def dropped(self, cause: DropCause, frames: int = 1) -> None:
        """Frames get no label of their own, or it was not sent; nothing is counted of none."""
        if frames > 0:
            self._dropped.labels(cause).inc(frames)

    def refused(self, code: str) -> None:
        """A client was told what it did wrong; `code` is the protocol's."""
        self._refusals.labels(code).inc()

    def batch_ran(
        self, model: str, provider: str, windows: int, infer_s: float, failed: bool = False
    ) -> None:
        """A batch was run.

        Args:
            model: its `name@version`.
            provider: the execution provider that it really got, first choice first.
            windows: how many windows it held.
            infer_s: seconds that it took.
            failed: whether it gave no labels.
        """
        if failed:
            self._failed.labels(model, provider).inc()
            return
        self._batch.labels(model, provider).observe(windows)
        self._infer.labels(model, provider).observe(infer_s)

    def pose_found(self, seconds: float) -> None:
        """Poses were looked for in a picture."""
        self._pose.observe(seconds)

    def pose_worker_lost(self) -> None:
        """A process that finds poses died."""
        self._workers_lost.inc()

    def resumed(self, outcome: ResumeOutcome) -> None:
        """A client asked to go on: kept by this process, by another one, or not known."""
        self._resumes.labels(outcome).inc()

    def count_taught(self, known: Callable[[], float]) -> None:
        """From now on `known` says how many taught actions there are."""
        self._taught.set_function(known)

    def page(self, loaded: Iterable[tuple[str, str]], *, degraded: bool) -> bytes:
        """Returns the page for Prometheus, of `CONTENT_TYPE`.

        Args:
            loaded: `name@version` and provider of each model that can be used now.
            degraded: whether the service runs with less than was asked for.
        """
        self._models.clear()
        for model, provider in loaded:
            self._models.labels(model, provider).set(1)
        self._degraded.set(degraded)
        return generate_latest(self._registry)


CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4

"""What all sessions of a service share."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from model.pose.artifact import ArtifactSpec
from service.access import Access
from service.admission import Admission
from service.batcher import Run
from service.engine import Engine
from service.hello import needs_metres
from service.metrics import Metrics
from service.models import Models
from service.pose_estimator import available
from service.pose_model import DEFAULT_POSE_MODEL
from service.pose_pool import MakeWorker, PosePool, media_pipe
from service.recorder import check_directory
from service.resume import MemoryKeeper, Resumes
from service.resume_redis import RedisKeeper
from service.settings import PREFIX, Settings
from service.taught import model_of
from service.taught_store import TaughtStore
from service.teaching import Teaching
from service.tracing import Tracing, tracing_of

IN_MEMORY = Path(":memory:")
"""SQLite's name for a file that ends with the process."""


@dataclass(frozen=True)
class Shared:
    """What all sessions of a service share.

    Attributes:
        settings: limits.
        models: those that are loaded.
        metrics: where what happens is counted.
        access: who may do what.
        admission: how many there may be.
        tracing: where traces of them go.
        taught: the named sets of taught actions.
        resumes: the sessions that can be resumed.
        poses: what looks at pictures, None where nothing can.
        without_images: why no pictures are taken, in one sentence; None where they are.
    """

    settings: Settings
    models: Models
    metrics: Metrics
    access: Access
    admission: Admission
    tracing: Tracing
    taught: TaughtStore
    resumes: Resumes
    poses: PosePool | None
    without_images: str | None
    _teachings: set[Teaching] = field(default_factory=set)

    @classmethod
    def of(cls, engine: Engine, settings: Settings, make_worker: MakeWorker | None = None) -> Self:
        """Returns it for a first model.

        Args:
            engine: the first model.
            settings: limits, and what is kept where.
            make_worker: makes what looks at pictures; None is MediaPipe, where it can be used.

        Raises:
            ValueError: a file of tokens or of what is taught cannot be read, nothing can be
                recorded where it should be, the URL is not of a Redis, or traces are asked for
                that nothing here can send; the message is one sentence.
        """
        access = Access(settings)
        tracing = tracing_of(settings)
        if settings.record is not None:
            check_directory(settings.record)
        metrics = Metrics()

        def observe(run: Run) -> None:
            metrics.batch_ran(run.model, run.provider, run.windows, run.seconds, run.failed)

        def looked(seconds: float | None) -> None:
            if seconds is None:
                metrics.pose_worker_lost()
            else:
                metrics.pose_found(seconds)

        pose_model = settings.pose_model or DEFAULT_POSE_MODEL
        without_images = None if make_worker else available(pose_model)
        pool = None
        if without_images is None:
            make_worker = make_worker or media_pipe(pose_model, settings.image_pixels)
            pool = PosePool(make_worker, settings.pose_workers, looked)
        shared = cls(
            settings=settings,
            models=Models(engine, settings, observe),
            metrics=metrics,
            access=access,
            admission=_admission(settings, access),
            tracing=tracing,
            resumes=Resumes(_keeper(settings, metrics)),
            taught=TaughtStore(
                settings.taught or IN_MEMORY, settings.taught_sets, settings.taught_actions
            ),
            poses=pool,
            without_images=without_images,
        )
        metrics.count_taught(lambda: sum(len(t.actions) for t in shared._teachings))
        return shared

    @property
    def degraded(self) -> list[str]:
        """What was asked for and not got, a sentence each."""
        missing = [model.degraded for model in self.models.listed() if model.degraded is not None]
        if self.settings.pose_model is not None and self.without_images is not None:
            missing.append(self.without_images)
        return missing

    def images_refused(self, spec: ArtifactSpec) -> str | None:
        """Returns why no pictures are taken for a model, in one sentence; None where they are."""
        return needs_metres(spec) if spec.dimensions == 3 else self.without_images

    async def teaching(self, name: str | None, spec: ArtifactSpec) -> Teaching:
        """Returns what a session knows by teaching when it begins.

        Args:
            name: of the set that it names, if it names one.
            spec: the model.

        Raises:
            TaughtError: the set cannot be read, or is of another model.
        """
        known = {} if name is None else await self.taught.load(name, model_of(spec))
        return Teaching(spec, self.settings.taught_actions, known)

    @contextmanager
    def teaches(self, teaching: Teaching) -> Iterator[None]:
        """Counts the actions that a session knows while the block runs."""
        self._teachings.add(teaching)
        try:
            yield
        finally:
            self._teachings.discard(teaching)

    async def close(self) -> None:
        """Lets go of everything, once all sessions have ended."""
        if self.poses is not None:
            await self.poses.close()
        await self.resumes.close()
        await self.taught.close()
        self.models.close()
        await asyncio.to_thread(self.tracing.close)

    def metrics_page(self) -> bytes:
        """Returns the page for Prometheus."""
        loaded = [(model.name, model.providers[0]) for model in self.models.listed()]
        return self.metrics.page(loaded, degraded=bool(self.degraded))


def _admission(settings: Settings, access: Access) -> Admission:
    """Where no tokens are asked for, anybody is not one client, and only all are counted."""
    per_token = settings.sessions_per_token if access.asks_for_token else settings.sessions
    return Admission(settings.sessions, per_token)


def _keeper(settings: Settings, metrics: Metrics) -> RedisKeeper | MemoryKeeper:
    if settings.redis_url is None:
        keeper = MemoryKeeper(settings.resume_s)
        metrics.count_suspended(lambda: len(keeper))
        return keeper
    try:
        return RedisKeeper(settings.redis_url, settings.resume_s)
    except ValueError as error:
        raise ValueError(f"{PREFIX}REDIS_URL is no address of a Redis: {error}") from None

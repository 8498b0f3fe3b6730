"""Engines that stand where ONNX Runtime stands, to be held, to fail and to be counted."""

import asyncio

import numpy as np
from numpy.typing import NDArray

from model.pose.artifact import ArtifactSpec
from model.pose.artifact_session import Outputs
from tests.service.artifacts import KINECT, known_logits


def known_outputs(clips: NDArray[np.float32], spec: ArtifactSpec) -> Outputs:
    """The artifact's outputs for clips (N, 3, T, V, M), in NumPy; features are the values."""
    values = clips.transpose(0, 2, 1, 3, 4).reshape(len(clips), spec.frames, -1)
    return Outputs(known_logits(clips, spec), values)


class HeldEngine:
    """Answers as `tests.service.artifacts` does, but only when it is let.

    Args:
        spec: what it says it is.
        runs: how many runs it does by itself before it is held.
        parallel: how many runs it takes at the same time.

    Attributes:
        asked: how many runs were asked for.
        clips: the windows of every run that it did.
        closed: whether it was closed.
    """

    def __init__(self, spec: ArtifactSpec = KINECT, runs: int = 0, parallel: int = 1) -> None:
        self.spec = spec
        self.providers = ("HeldExecutionProvider",)
        self.degraded: str | None = None
        self.parallel = parallel
        self.asked = 0
        self.clips: list[NDArray[np.float32]] = []
        self.closed = False
        self._permits = asyncio.Semaphore(runs)
        self._came = asyncio.Condition()

    async def run(self, clips: NDArray[np.float32]) -> Outputs:
        """Waits for a permit, then answers."""
        async with self._came:
            self.asked += 1
            self._came.notify_all()
        await self._permits.acquire()
        self.clips.append(clips)
        return known_outputs(clips, self.spec)

    def let(self, runs: int) -> None:
        """Permits so many runs more."""
        for _ in range(runs):
            self._permits.release()

    async def until_asked(self, runs: int) -> None:
        """Waits until so many runs were asked for in all."""
        async with self._came:
            await self._came.wait_for(lambda: self.asked >= runs)

    def close(self) -> None:
        """Notes that it was closed."""
        self.closed = True


class FailingEngine(HeldEngine):
    """Fails for whoever holds a hand higher than two metres above the spine."""

    def __init__(self, parallel: int = 1) -> None:
        super().__init__(runs=10_000, parallel=parallel)

    async def run(self, clips: NDArray[np.float32]) -> Outputs:
        """Answers, or fails."""
        if clips.max() > 2:
            raise RuntimeError("the graph fell over")
        return await super().run(clips)

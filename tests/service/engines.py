"""Engines that stand where ONNX Runtime stands, to be held, to fail and to be counted."""

import asyncio

import numpy as np
from numpy.typing import NDArray

from model.pose.artifact import ArtifactSpec
from tests.service.artifacts import KINECT, known_logits


class HeldEngine:
    """Answers as `tests.service.artifacts` does, but only when it is let.

    Args:
        spec: what it says it is.
        runs: how many runs it does by itself before it is held.

    Attributes:
        asked: how many runs were asked for.
        clips: the windows of every run that it did.
    """

    def __init__(self, spec: ArtifactSpec = KINECT, runs: int = 0) -> None:
        self.spec = spec
        self.providers = ("HeldExecutionProvider",)
        self.asked = 0
        self.clips: list[NDArray[np.float32]] = []
        self._permits = asyncio.Semaphore(runs)
        self._came = asyncio.Condition()

    async def run(self, clips: NDArray[np.float32]) -> NDArray[np.float32]:
        """Waits for a permit, then answers."""
        async with self._came:
            self.asked += 1
            self._came.notify_all()
        await self._permits.acquire()
        self.clips.append(clips)
        return known_logits(clips, self.spec)

    def let(self, runs: int) -> None:
        """Permits so many runs more."""
        for _ in range(runs):
            self._permits.release()

    async def until_asked(self, runs: int) -> None:
        """Waits until so many runs were asked for in all."""
        async with self._came:
            await self._came.wait_for(lambda: self.asked >= runs)


class FailingEngine(HeldEngine):
    """Fails for whoever holds a hand higher than two metres above the spine."""

    def __init__(self) -> None:
        super().__init__(runs=10_000)

    async def run(self, clips: NDArray[np.float32]) -> NDArray[np.float32]:
        """Answers, or fails."""
        if clips.max() > 2:
            raise RuntimeError("the graph fell over")
        return await super().run(clips)

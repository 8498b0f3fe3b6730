"""The engine: an artifact in ONNX Runtime, run in threads of its own, away from the event loop."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from model.pose.artifact import ArtifactError, ArtifactSpec
from model.pose.artifact_session import ArtifactSession

PROVIDERS = ("CUDAExecutionProvider", "CPUExecutionProvider")
"""What is asked for, best first; a session says what it really got."""


class Engine(Protocol):
    """What labels windows."""

    @property
    def spec(self) -> ArtifactSpec:
        """The model that is run."""
        ...

    @property
    def providers(self) -> tuple[str, ...]:
        """The execution providers in use, first choice first."""
        ...

    async def run(self, clips: NDArray[np.float32]) -> NDArray[np.float32]:
        """Runs windows.

        Args:
            clips: (N, 3, T, V, M) normalised as the model declares, N at least 1.

        Returns:
            Logits (N, T, K) or (N, K), by the model's task.
        """
        ...


class OnnxEngine:
    """An artifact that was read, checked and warmed up.

    Args:
        path: the .onnx file.
        threads: windows run at the same time; each takes one core.

    Raises:
        ArtifactError: the file is not an artifact that this service can run.
    """

    def __init__(self, path: Path, threads: int) -> None:
        self._session = ArtifactSession(path, providers=PROVIDERS, threads=1)
        try:
            self._warm_up()
        except ArtifactError as error:
            raise ArtifactError(f"{path}: {error}") from None
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="posewire-engine")

    @property
    def spec(self) -> ArtifactSpec:
        """The model that is run."""
        return self._session.spec

    @property
    def providers(self) -> tuple[str, ...]:
        """The execution providers that the session really got."""
        return self._session.providers

    async def run(self, clips: NDArray[np.float32]) -> NDArray[np.float32]:
        """Runs windows (N, 3, T, V, M) in a thread, and returns their logits."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self.infer, clips)

    def close(self) -> None:
        """Ends the threads; windows that wait are not run."""
        self._pool.shutdown(cancel_futures=True)

    def infer(self, clips: NDArray[np.float32]) -> NDArray[np.float32]:
        """Runs windows (N, 3, T, V, M) in the caller's thread, and returns their logits.

        Raises:
            FloatingPointError: a logit is no finite number, so that no score could be told.
        """
        logits = self._session.logits(clips)
        if not np.isfinite(logits).all():
            raise FloatingPointError(f"{self.spec.name} answered with NaN or infinity")
        return logits

    def _warm_up(self) -> None:
        """Runs one empty window: what a graph declares need not be what it does."""
        spec = self.spec
        shape = (1, 3, spec.frames, len(spec.joints), spec.persons)
        try:
            found = self.infer(np.zeros(shape, np.float32)).shape
        except Exception as error:  # ONNX Runtime's errors have no type in common
            reason = " ".join(str(error).split())
            raise ArtifactError(f"an empty window cannot be run: {reason}") from None
        if found != (1, *spec.logits_shape()[1:]):
            raise ArtifactError(
                f"an empty window gives logits {found}; the metadata declares "
                f"{(1, *spec.logits_shape()[1:])}"
            )

"""The engine: an artifact in ONNX Runtime, run in threads of its own, away from the event loop.

It runs what it is given; which windows make a run is `service.batcher`'s.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from model.pose.artifact import ArtifactError, ArtifactSpec
from model.pose.artifact_session import CPU, ArtifactSession, Outputs, read_content
from model.pose.manifest import read_manifest
from service.batch_limits import BatchLimits
from service.providers import Machine, ThisMachine, chosen


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

    @property
    def degraded(self) -> str | None:
        """What was asked for and not got, in one sentence; None where nothing is missing."""
        ...

    @property
    def parallel(self) -> int:
        """How many runs are best done at the same time."""
        ...

    async def run(self, clips: NDArray[np.float32]) -> Outputs:
        """Runs windows.

        Args:
            clips: (N, 3, T, V, M) normalised as the model declares, N at least 1.

        Returns:
            Logits (N, T, K) or (N, K), by the model's task, and features (N, T, F).
        """
        ...

    def close(self) -> None:
        """Lets go of what it holds; nothing is run any more."""
        ...


class OnnxEngine:
    """An artifact that was read, checked and warmed up.

    A run takes one core, so that on two cores two runs side by side share nothing: one run over
    both waits for the slower of them at each operator, and for whatever else the cores do.

    Args:
        path: the .onnx file.
        threads: runs at the same time on the CPU; a GPU does one after the other.
        largest: the most windows that a run will have; None is what suits the provider.
        providers: execution providers that must be got, best first; None takes the best there are.
        manifest: of artifacts that are trusted; None trusts any.
        engines: folder in which TensorRT keeps its engines; None keeps none.
        machine: whose providers are chosen from; None is this one.

    Raises:
        ArtifactError: the file is not an artifact that this service can run, or not a trusted one.
    """

    def __init__(
        self,
        path: Path,
        threads: int,
        *,
        largest: int | None = None,
        providers: Sequence[str] | None = None,
        manifest: Path | None = None,
        engines: Path | None = None,
        machine: Machine | None = None,
    ) -> None:
        content = read_content(path)
        trusted = None if manifest is None else read_manifest(manifest)
        machine = machine or ThisMachine()
        try:
            if trusted is not None:
                trusted.check(content)
            asked = providers or chosen(content, machine, engines, largest)
        except ArtifactError as error:
            raise ArtifactError(f"{path}: {error}") from None
        self._wanted = tuple(each if isinstance(each, str) else each[0] for each in asked)
        self._session = ArtifactSession(path, content=content, providers=asked, threads=1)
        try:
            for windows in sorted({1, largest or BatchLimits.suiting(self.providers).windows}):
                self._warm_up(windows)
        except ArtifactError as error:
            raise ArtifactError(f"{path}: {error}") from None
        self._threads = threads
        self._pool = ThreadPoolExecutor(self.parallel, thread_name_prefix="posewire-engine")

    @property
    def spec(self) -> ArtifactSpec:
        """The model that is run."""
        return self._session.spec

    @property
    def providers(self) -> tuple[str, ...]:
        """The execution providers that the session really got."""
        return self._session.providers

    @property
    def degraded(self) -> str | None:
        """What was asked for and not got.

        Where nobody named providers it is what `service.providers.chosen` chose: TensorRT where it
        is installed beside a GPU, and CUDA where ONNX Runtime was built for it.
        """
        missing = [name for name in self._wanted if name not in self.providers]
        if not missing:
            return None
        return (
            f"{self.spec.name} runs on {' and '.join(self.providers)}: ONNX Runtime could not "
            f"start {' and '.join(missing)} here"
        )

    @property
    def parallel(self) -> int:
        """How many runs are best done at the same time."""
        return self._threads if self.providers == CPU else 1

    async def run(self, clips: NDArray[np.float32]) -> Outputs:
        """Runs windows (N, 3, T, V, M) in a thread, and returns their outputs."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self.infer, clips)

    def close(self) -> None:
        """Ends the threads; windows that wait are not run."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def infer(self, clips: NDArray[np.float32]) -> Outputs:
        """Runs windows (N, 3, T, V, M) in the caller's thread, and returns their outputs.

        Raises:
            FloatingPointError: a logit is no finite number, so that no score could be told.
        """
        outputs = self._session.run(clips)
        if not np.isfinite(outputs.logits).all():
            raise FloatingPointError(f"{self.spec.name} answered with NaN or infinity")
        return outputs

    def _warm_up(self, windows: int) -> None:
        """Runs empty windows: what a graph declares need not be what it does."""
        spec = self.spec
        shape = (windows, 3, spec.frames, len(spec.joints), spec.persons)
        what = "an empty window" if windows == 1 else f"a batch of {windows} empty windows"
        try:
            found = self.infer(np.zeros(shape, np.float32)).logits.shape
        except Exception as error:  # ONNX Runtime's errors have no type in common
            reason = " ".join(str(error).split())
            raise ArtifactError(f"{what} cannot be run: {reason}") from None
        if found != (windows, *spec.logits_shape()[1:]):
            raise ArtifactError(
                f"{what} gives logits {found}; the metadata declares "
                f"{(windows, *spec.logits_shape()[1:])}"
            )

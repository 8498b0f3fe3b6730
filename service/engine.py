"""The engine: an artifact in ONNX Runtime, run in threads of its own, away from the event loop."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from model.pose.artifact import ArtifactError, ArtifactSpec, Shapes, check_graph, read_spec

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
        self._session = _open(path)
        try:
            self._spec = read_spec(self._session.get_modelmeta().custom_metadata_map)
            inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
            check_graph(self._spec, _shapes(inputs), _shapes(outputs))
        except ArtifactError as error:
            raise ArtifactError(f"{path}: {error}") from None
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="posewire-engine")
        shape = (1, 3, self._spec.frames, len(self._spec.joints), self._spec.persons)
        self.infer(np.zeros(shape, np.float32))

    @property
    def spec(self) -> ArtifactSpec:
        """The model that is run."""
        return self._spec

    @property
    def providers(self) -> tuple[str, ...]:
        """The execution providers that the session really got."""
        return tuple(self._session.get_providers())

    async def run(self, clips: NDArray[np.float32]) -> NDArray[np.float32]:
        """Runs windows (N, 3, T, V, M) in a thread, and returns their logits."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self.infer, clips)

    def close(self) -> None:
        """Ends the threads; windows that wait are not run."""
        self._pool.shutdown(cancel_futures=True)

    def infer(self, clips: NDArray[np.float32]) -> NDArray[np.float32]:
        """Runs windows (N, 3, T, V, M) in the caller's thread, and returns their logits."""
        (logits,) = self._session.run(["logits"], {"clip": clips})
        return np.asarray(logits, np.float32)


def _open(path: Path) -> ort.InferenceSession:
    if not path.is_file():
        raise ArtifactError(f"{path}: an artifact is an .onnx file, there is no such file")
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    available = set(ort.get_available_providers())
    providers = [name for name in PROVIDERS if name in available]
    try:
        return ort.InferenceSession(path, options, providers=providers)
    except Exception as error:  # ONNX Runtime's errors have no type in common
        reason = " ".join(str(error).split())
        raise ArtifactError(f"{path}: not an ONNX file that can be run: {reason}") from None


def _shapes(values: list[ort.NodeArg]) -> Shapes:
    return {value.name: (value.type, value.shape) for value in values}

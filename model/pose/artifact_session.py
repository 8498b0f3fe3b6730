"""The artifact opened: an ONNX file in ONNX Runtime, held to what it says of itself.

Whoever runs an artifact opens it here: the service, the evaluation, the verification. It knows no
windows and no streams.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from model.pose.artifact import ArtifactError, ArtifactSpec, Shapes, check_graph, read_spec
from model.pose.artifact_guard import check_content
from model.pose.seal import check_seal

CPU = ("CPUExecutionProvider",)

Provider = str | tuple[str, Mapping[str, str]]
"""An execution provider by its name, alone or with its options."""

_CUDA = "CUDAExecutionProvider"

_QUIET = 4
"""ONNX Runtime's level at which it logs what is fatal alone; its errors are raised all the same."""


class Outputs(NamedTuple):
    """What an artifact gives for clips."""

    logits: NDArray[np.float32]
    """(B, T, K) or (B, K), by the task."""
    features: NDArray[np.float32]
    """(B, T, F)."""


class ArtifactSession:
    """An artifact that was read and checked; it may be run from several threads.

    Args:
        path: the .onnx file.
        content: its bytes, where they have been read already.
        providers: execution providers that are asked for, best first, some with their options;
            those that are not there are passed over.
        threads: cores that one run may take; None for ONNX Runtime's own choice.
        bind: whether inputs and outputs are bound to the device's memory; None binds on CUDA.

    Attributes:
        spec: what the artifact says of itself.
        asked: the execution providers that were asked for and that this build of ONNX Runtime has.

    Raises:
        ArtifactError: it is no ONNX file, carries no specification, or contradicts it.
    """

    def __init__(
        self,
        path: Path,
        *,
        content: bytes | None = None,
        providers: Sequence[Provider] = CPU,
        threads: int | None = None,
        bind: bool | None = None,
    ) -> None:
        options = ort.SessionOptions()
        options.log_severity_level = _QUIET
        if threads is not None:
            options.intra_op_num_threads = threads
            options.inter_op_num_threads = 1
        known = available_providers()
        asked = {name: options for name, options in map(_with_options, providers) if name in known}
        self.asked = tuple(asked)
        if content is None:
            content = read_content(path)
        try:
            check_content(content)
            check_seal(content)
        except ArtifactError as error:
            raise ArtifactError(f"{path}: {error}") from None
        try:
            self._session = ort.InferenceSession(
                content, options, providers=list(asked), provider_options=list(asked.values())
            )
        except Exception as error:  # ONNX Runtime's errors have no type in common
            reason = " ".join(str(error).split())
            raise ArtifactError(f"{path}: not an ONNX file that can be run: {reason}") from None
        try:
            self.spec: ArtifactSpec = read_spec(self._session.get_modelmeta().custom_metadata_map)
            inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
            check_graph(self.spec, _shapes(inputs), _shapes(outputs))
        except ArtifactError as error:
            raise ArtifactError(f"{path}: {error}") from None
        self._device = "cuda" if _CUDA in self.providers else "cpu"
        self._bind = self._device == "cuda" if bind is None else bind

    @property
    def providers(self) -> tuple[str, ...]:
        """The execution providers that the session really got."""
        return tuple(self._session.get_providers())

    def logits(self, clips: NDArray[np.float32]) -> NDArray[np.float32]:
        """Runs clips (B, 3, T, V, M), and leaves out what only the features need."""
        (logits,) = self._session.run(["logits"], {"clip": clips})
        return np.asarray(logits, np.float32)

    def run(self, clips: NDArray[np.float32]) -> Outputs:
        """Runs clips (B, 3, T, V, M)."""
        names = list(Outputs._fields)
        if self._bind:
            outputs = self._run_bound(clips, names)
        else:
            outputs = self._session.run(names, {"clip": clips})
        return Outputs(*(np.asarray(output, np.float32) for output in outputs))

    def _run_bound(
        self, clips: NDArray[np.float32], names: Sequence[str]
    ) -> Sequence[NDArray[np.float32]]:
        """Runs with outputs that stay on the device until all of them are there."""
        binding = self._session.io_binding()
        binding.bind_cpu_input("clip", np.ascontiguousarray(clips))
        for name in names:
            binding.bind_output(name, self._device)
        self._session.run_with_iobinding(binding)
        outputs: Sequence[NDArray[np.float32]] = binding.copy_outputs_to_cpu()
        return outputs


def available_providers() -> tuple[str, ...]:
    """Returns the providers that this build of ONNX Runtime knows, whether or not they start."""
    return tuple(ort.get_available_providers())


def read_content(path: Path) -> bytes:
    """Reads an artifact's file, unchecked.

    Raises:
        ArtifactError: there is none, or it cannot be read.
    """
    if not path.is_file():
        raise ArtifactError(f"{path}: an artifact is an .onnx file, there is no such file")
    try:
        return path.read_bytes()
    except OSError as error:
        raise ArtifactError(f"{path}: cannot be read: {error.strerror}") from None


def _with_options(provider: Provider) -> tuple[str, dict[str, str]]:
    if isinstance(provider, str):
        return provider, {}
    name, options = provider
    return name, dict(options)


def _shapes(values: Sequence[ort.NodeArg]) -> Shapes:
    return {value.name: (value.type, value.shape) for value in values}

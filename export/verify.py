"""Verification: an artifact computes what its checkpoint does, whatever shares its batch."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from export.artifact_file import Artifact
from export.neighbours import NEIGHBOURS, among
from model.network.ensemble import Ensemble
from model.network.recogniser import Recogniser
from model.pose.artifact_session import Outputs

BATCHES = (1, 2, 7)
"""The batches in which torch and ONNX Runtime are compared."""

TOLERANCE = 1e-4
"""The largest difference allowed at float32, in units of the output's standard deviation."""

TOLERANCES: Mapping[str, float] = {"fp32": TOLERANCE, "fp16": 0.05, "int8": 1.0}
"""Precision → the largest difference from torch: that of one number, not of what is said."""

CHECKS = len(BATCHES) + len(NEIGHBOURS)


@dataclass(frozen=True)
class Agreement:
    """How far two computations of one output lie apart.

    Attributes:
        check: what was compared.
        output: `logits` or `features`.
        difference: the largest difference over the output's standard deviation.
        tolerance: the largest that is allowed.
    """

    check: str
    output: str
    difference: float
    tolerance: float = TOLERANCE

    @property
    def holds(self) -> bool:
        """Whether the difference is within the tolerance; one that is no number is not."""
        return self.difference <= self.tolerance


def verify(
    artifact: Artifact, network: Recogniser | Ensemble, clips: NDArray[np.float32]
) -> Iterator[list[Agreement]]:
    """Compares an artifact with the network it was exported from, a check at a time.

    Args:
        artifact: what is served.
        network: what was trained, in evaluation mode.
        clips: (N, 3, T, V, M) real windows, N at least the largest of `BATCHES`.

    Yields:
        The agreement of each output, for each batch size and then each number of neighbours:
        `CHECKS` times.
    """
    for batch in BATCHES:
        rows = clips[:batch]
        with torch.inference_mode():
            logits, features = network(torch.from_numpy(rows))
        expected = Outputs(logits.numpy(), features.numpy())
        tolerance = TOLERANCES[artifact.spec.precision]
        yield _compared(f"torch at batch {batch}", expected, artifact.session.run(rows), tolerance)
    alone = artifact.session.run(clips[:1])
    for batch in NEIGHBOURS:
        check = f"{batch - 1} hostile neighbours"
        yield _compared(check, alone, among(artifact.session, clips[0], batch), TOLERANCE)


def _compared(check: str, expected: Outputs, found: Outputs, tolerance: float) -> list[Agreement]:
    return [
        Agreement(check, name, distance(values, getattr(found, name)), tolerance)
        for name, values in expected._asdict().items()
    ]


def distance(expected: NDArray[np.float32], found: NDArray[np.float32]) -> float:
    """The largest difference over the expected values' standard deviation."""
    return float(np.max(np.abs(found - expected)) / max(float(expected.std()), 1e-6))

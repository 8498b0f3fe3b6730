"""Verification: an artifact computes what its checkpoint does, whatever shares its batch."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from export.artifact_file import Artifact
from model.network.recogniser import Recogniser

Outputs = Mapping[str, NDArray[np.float32]]

BATCHES = (1, 2, 7)
"""The batches in which torch and ONNX Runtime are compared."""

NEIGHBOURS = (1, 7, 64)
"""The batches in which one clip must give one output, beside hostile neighbours."""

TOLERANCE = 1e-4
"""The largest difference allowed at float32, in units of the output's standard deviation."""


@dataclass(frozen=True)
class Agreement:
    """How far two computations of one output lie apart.

    Attributes:
        check: what was compared.
        output: `logits` or `features`.
        difference: the largest difference over the output's standard deviation.
    """

    check: str
    output: str
    difference: float

    @property
    def holds(self) -> bool:
        """Whether the difference is within `TOLERANCE`; one that is no number is not."""
        return self.difference <= TOLERANCE


def verify(artifact: Artifact, network: Recogniser, clips: NDArray[np.float32]) -> list[Agreement]:
    """Compares an artifact with the network it was exported from.

    Args:
        artifact: what is served.
        network: what was trained, in evaluation mode.
        clips: (N, 3, T, V, M) real windows, N at least the largest of `BATCHES`.

    Returns:
        An agreement for each batch size and output, then for each number of neighbours.
    """
    results = []
    for batch in BATCHES:
        rows = clips[:batch]
        with torch.inference_mode():
            logits, features = network(torch.from_numpy(rows))
        expected = {"logits": logits.numpy(), "features": features.numpy()}
        results += _compared(
            f"torch at batch {batch}", expected, artifact.session.run(rows)._asdict()
        )
    alone = artifact.session.run(clips[:1])._asdict()
    for batch in NEIGHBOURS:
        crowd = np.full((batch, *clips.shape[1:]), 1e4, np.float32)
        crowd[batch // 2] = clips[0]
        among = artifact.session.run(crowd)._asdict()
        row = {name: values[batch // 2 : batch // 2 + 1] for name, values in among.items()}
        results += _compared(f"{batch - 1} hostile neighbours", alone, row)
    return results


def _compared(check: str, expected: Outputs, found: Outputs) -> list[Agreement]:
    return [
        Agreement(
            check,
            name,
            float(np.max(np.abs(found[name] - values)) / max(float(values.std()), 1e-6)),
        )
        for name, values in expected.items()
    ]

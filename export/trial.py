"""A trial: an artifact at another precision, and what was measured of it beside float32."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from export.artifact_file import Artifact, make_artifact
from export.fidelity import BATCH, Contender
from export.neighbours import dependence
from export.quantise import Precision, declared, quantised
from model.pose.artifact_session import ArtifactSession

INDEPENDENT = 1e-4
"""The largest difference that neighbours may make, in units of the logits' spread."""

ROUNDS = 60
WARM_UP = 5


@dataclass(frozen=True)
class Trial:
    """An artifact at another precision, in memory.

    Attributes:
        artifact: as it would be written.
        dependence: the largest difference that neighbours make to a clip's logits, over their
            spread.
    """

    artifact: Artifact
    dependence: float

    @property
    def servable(self) -> bool:
        """Whether a clip's labels are its own, whatever shares its batch."""
        return self.dependence <= INDEPENDENT

    @property
    def contender(self) -> Contender:
        """It, to be compared; one that is not servable is run one window at a time."""
        return Contender(self.artifact.session, BATCH if self.servable else 1)


def tried(
    source: Artifact, precision: Precision, windows: NDArray[np.float32], path: Path
) -> Trial:
    """Quantises an artifact and puts its contract to the test.

    Args:
        source: at float32.
        precision: which.
        windows: (N, 3, T, V, M) real windows, N at least 1; they calibrate.
        path: where it is to lie.

    Raises:
        ArtifactError: what came out contradicts its specification.
    """
    model = quantised(source.model, precision, windows)
    # The figures are of the weights at float32.
    spec = replace(source.spec, precision=declared(precision), figures={})
    artifact = make_artifact(model, spec, path, source.profile)
    return Trial(artifact, dependence(artifact.session, windows[0]))


def window_ms(artifacts: Mapping[str, Artifact], clip: NDArray[np.float32]) -> dict[str, float]:
    """Returns the median time of one window on one core, in milliseconds.

    The artifacts take turns, in another order each round, so that whatever else the machine does
    slows all of them alike.

    Args:
        artifacts: name → artifact.
        clip: (3, T, V, M).
    """
    sessions = {
        name: ArtifactSession(artifact.path, content=artifact.content, threads=1)
        for name, artifact in artifacts.items()
    }
    took: dict[str, list[float]] = {name: [] for name in sessions}
    draw = np.random.default_rng(0)
    for _ in range(WARM_UP + ROUNDS):
        for name in draw.permutation(list(sessions)).tolist():
            begun_s = time.perf_counter()
            sessions[name].logits(clip[None])
            took[name].append(1000 * (time.perf_counter() - begun_s))
    return {name: float(np.median(times_ms[WARM_UP:])) for name, times_ms in took.items()}

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

ROUNDS = 100
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


@dataclass(frozen=True)
class Timing:
    """What a window costs on one core.

    Attributes:
        window_ms: median time of a run over its windows.
        relative: that of the first artifact in the same rounds is 1; the median over rounds.
    """

    window_ms: float
    relative: float


def timings(artifacts: Mapping[str, Artifact], clips: NDArray[np.float32]) -> dict[str, Timing]:
    """Measures artifacts side by side, each on one core.

    They take turns, in another order each round, and are compared within a round: whatever else the
    machine does slows them alike.

    Args:
        artifacts: name → artifact; the first is what the others are compared with.
        clips: (B, 3, T, V, M) the windows of a run.
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
            sessions[name].logits(clips)
            took[name].append(1000 * (time.perf_counter() - begun_s) / len(clips))
    window_ms = {name: np.array(times_ms[WARM_UP:]) for name, times_ms in took.items()}
    first = next(iter(window_ms.values()))
    return {
        name: Timing(float(np.median(each)), float(np.median(each / first)))
        for name, each in window_ms.items()
    }

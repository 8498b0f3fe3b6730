"""What an artifact costs: the time of one window on one core, and its size on disk."""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model.pose.artifact_session import ArtifactSession

RUNS = 200


@dataclass(frozen=True)
class Cost:
    """Of one artifact.

    Attributes:
        window_ms: Median time of a window by itself, on one core.
        size_mb: Of the file, in millions of bytes.
    """

    window_ms: float
    size_mb: float


def cost_of(artifact: Path) -> Cost:
    """Measures an artifact here and now; another busy core shows in it.

    Raises:
        ArtifactError: It is no artifact.
    """
    session = ArtifactSession(artifact, threads=1)
    spec = session.spec
    shape = (1, 3, spec.frames, len(spec.joints), spec.persons)
    clip = np.random.default_rng(0).standard_normal(shape, np.float32)
    seconds = []
    for _ in range(RUNS):
        begun_s = time.perf_counter()
        session.run(clip)
        seconds.append(time.perf_counter() - begun_s)
    return Cost(1000 * float(np.median(seconds)), artifact.stat().st_size / 1e6)

"""Batch limits: how many windows a run has at most, and how long one waits for others.

What is best depends on what runs them; whoever operates the service may set either. Which windows
make a run within these limits is `service.batching`'s.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from model.pose.artifact_session import CPU
from service.settings import Settings


@dataclass(frozen=True)
class BatchLimits:
    """The limits of one model's runs.

    Attributes:
        windows: the most of a run.
        wait_ms: the longest that a window waits for others while a run could begin.
    """

    windows: int
    wait_ms: float

    @staticmethod
    def suiting(providers: Sequence[str]) -> "BatchLimits":
        """Returns what suits the execution providers that were really got, best first."""
        return ON_CPU if tuple(providers) == CPU else ON_GPU

    @staticmethod
    def of(settings: Settings, providers: Sequence[str]) -> "BatchLimits":
        """Returns what is set, and otherwise what suits the providers."""
        best = BatchLimits.suiting(providers)
        windows, wait_ms = settings.batch_windows, settings.batch_wait_ms
        return BatchLimits(
            best.windows if windows is None else windows,
            best.wait_ms if wait_ms is None else wait_ms,
        )


ON_CPU = BatchLimits(windows=16, wait_ms=0.0)
"""A core is busy for as long as a run is large, and each window waits for the last of its run, so
that runs should stay small; but at the edge of what two cores carry, 100 streams, runs of sixteen
lost fewer frames than runs of four, and single windows by far the most. To wait for others gains
nothing: windows gather by themselves while the cores are busy, and need no company while one is
idle."""

ON_GPU = BatchLimits(windows=32, wait_ms=2.0)
"""A run costs its launch, and windows beside the first are nearly free."""

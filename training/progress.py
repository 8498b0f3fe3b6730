"""Progress: how far a run has come, and which of its weights have been best."""

import math
from dataclasses import dataclass, field

SMOOTHED_OVER = 3
"""Validations whose mean is compared: one alone, on few recordings, is largely luck."""


@dataclass
class Progress:
    """How far a run has come.

    Attributes:
        epoch: Epochs done.
        losses: Mean loss of each epoch.
        scores: (epoch, score) of each validation.
        best_epoch: Last epoch of the validations with the best mean score.
        best_score: That mean.
    """

    epoch: int = 0
    losses: list[float] = field(default_factory=list)
    scores: list[tuple[int, float]] = field(default_factory=list)
    best_epoch: int = 0
    best_score: float = -math.inf

    def note(self, score: float) -> bool:
        """Notes a validation; whether the latest few are now better than any few before."""
        self.scores.append((self.epoch, score))
        latest = [score for _, score in self.scores[-SMOOTHED_OVER:]]
        smoothed = sum(latest) / len(latest)
        if len(latest) < SMOOTHED_OVER or smoothed <= self.best_score:
            return False
        self.best_epoch, self.best_score = self.epoch, smoothed
        return True

    def shown(self) -> dict[str, str]:
        """What a progress bar says of it."""
        score = {"score": f"{self.scores[-1][1]:.1f}"} if self.scores else {}
        return {"epoch": str(self.epoch), "loss": f"{self.losses[-1]:.3f}", **score}

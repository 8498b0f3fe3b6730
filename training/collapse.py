"""Collapse: projections that no longer tell clips apart, which a falling loss can hide.

Two kinds are told: *complete*, where all clips have nearly the same projection, and *dimensional*,
where projections lie in few directions (Jing et al., ICLR 2022).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

LEAST_SPREAD = 0.1
"""Spread below this is complete collapse; MG-FD's variance term asks for 1."""

LEAST_RANK = 2.0
"""Effective rank below this is dimensional collapse."""


@dataclass(frozen=True)
class Diversity:
    """How far projections or features differ from clip to clip.

    Attributes:
        spread: Standard deviation over clips, root-mean-square over dimensions.
        rank: Effective rank of what is centred: e to the entropy of its singular values' shares
            (Roy and Vetterli, EUSIPCO 2007).
    """

    spread: float
    rank: float

    @property
    def collapse(self) -> str | None:
        """The kind of collapse, or None."""
        if not self.spread >= LEAST_SPREAD:
            return "complete collapse"
        if not self.rank >= LEAST_RANK:
            return "dimensional collapse"
        return None


def diversity(vectors: Tensor) -> Diversity:
    """Measures what at least two clips gave, ``(B, W)``; what is no number is not diverse."""
    if not torch.isfinite(vectors).all():
        return Diversity(0.0, 0.0)
    centred = vectors.float() - vectors.float().mean(dim=0)
    values = torch.linalg.svdvals(centred)
    shares = values / values.sum().clamp(min=1e-12)
    entropy = -(shares * shares.clamp(min=1e-12).log()).sum()
    return Diversity(float(centred.square().mean().sqrt()), float(entropy.exp()))

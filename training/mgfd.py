"""MG-FD, the multi-grained feature decorrelation loss (USDRL, AAAI 2025, section 3.3).

It compares projections of several views of the same clips in three domains: temporal, spatial
and instance. Shapes: B clips, W the width of a projection. Covariances are always taken in
float32, whatever precision made the projections. In distributed training the views given are
those of the gathered batch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations

import torch
from torch import Tensor
from torch.nn import functional

from model.network.projectors import Projections


@dataclass(frozen=True)
class MgfdWeights:
    """How the terms are weighed; the defaults are the TPAMI release's.

    Attributes:
        similarity: of the similarity between views.
        variance_autocovariance: of variance and autocovariance within views.
        cross_correlation: λ, of the cross-correlation between views: 0 in the TPAMI release,
            1e-3 in the AAAI release. At 0 it is not computed.
        stream: of the temporal and of the spatial domain, beside 1 for the instance domain.
        variance: of variance, where it is added to autocovariance; at 0 it is left out.
        autocovariance: of autocovariance there; at 0 it is left out.
    """

    similarity: float = 5.0
    variance_autocovariance: float = 1.0
    cross_correlation: float = 0.0
    stream: float = 0.5
    variance: float = 5.0
    autocovariance: float = 1.0


@dataclass(frozen=True)
class MgfdTerms:
    """The loss and its unweighed terms, scalars; `cross_correlation` is None where λ is 0."""

    total: Tensor
    similarity: Tensor
    variance_autocovariance: Tensor
    cross_correlation: Tensor | None


def mgfd(views: Sequence[Projections], weights: MgfdWeights | None = None) -> MgfdTerms:
    """Compute the loss over all views and domains.

    Args:
        views: projections of each view, of the same B clips in the same order; in similarity
            the last view is the one that all others are drawn to.
        weights: of the terms; None for the defaults.

    Returns:
        The total, and each term over the domains.

    Raises:
        ValueError: there are fewer than two views or fewer than two clips.
    """
    weights = weights or MgfdWeights()
    if len(views) < 2 or len(views[0].instance) < 2:
        raise ValueError(
            f"the loss compares at least two views of at least two clips; "
            f"got {len(views)} views of {len(views[0].instance) if views else 0} clips"
        )
    alike = _over_domains(similarity, views, weights.stream)
    spread = _over_domains(partial(variance_autocovariance, weights=weights), views, weights.stream)
    total = weights.similarity * alike + weights.variance_autocovariance * spread
    crossed = None
    if weights.cross_correlation:
        crossed = _over_domains(cross_correlation, views, weights.stream)
        total = total + weights.cross_correlation * crossed
    return MgfdTerms(total, alike, spread, crossed)


def similarity(views: Sequence[Tensor]) -> Tensor:
    """Compare each view but the last with the last, and with the centre of those others.

    Args:
        views: projections in one domain, each (B, W).

    Returns:
        The sum of the mean squared errors.
    """
    *others, last = views
    centre = torch.stack(others).mean(dim=0)
    errors = [
        functional.mse_loss(view, last) + functional.mse_loss(view, centre) for view in others
    ]
    return torch.stack(errors).sum()


def variance_autocovariance(views: Sequence[Tensor], weights: MgfdWeights | None = None) -> Tensor:
    """Ask every channel of every view to vary, and no two to vary together.

    Args:
        views: projections in one domain, each (B, W).
        weights: of the two beside each other; None for the defaults.

    Returns:
        Variance (weighed by 5 unless `weights` differ) and autocovariance, summed over the views.
    """
    weights = weights or MgfdWeights()
    terms = [
        weights.variance * variance(view) + weights.autocovariance * autocovariance(view)
        for view in views
    ]
    return torch.stack(terms).sum()


def variance(view: Tensor) -> Tensor:
    """Give the mean shortfall of the channels' standard deviations from 1, for a view (B, W)."""
    deviation = torch.sqrt(view.var(dim=0) + 1e-4)
    return functional.relu(1.0 - deviation).mean()


def autocovariance(view: Tensor) -> Tensor:
    """Give the squared off-diagonal of the covariance of a view (B, W), summed, over W."""
    centred = view - view.mean(dim=0)
    freedom = len(view) - 1
    # Of ZᵀZ and ZZᵀ, which have the same squared norm, the smaller one is made.
    products = centred @ centred.T if len(view) < view.shape[1] else centred.T @ centred
    diagonal = centred.square().sum(dim=0) / freedom
    whole = products.square().sum() / freedom**2
    return (whole - diagonal.square().sum()) / view.shape[1]


def cross_correlation(views: Sequence[Tensor]) -> Tensor:
    """Ask every channel to agree with itself between views, and with no other.

    Args:
        views: projections in one domain, each (B, W).

    Returns:
        The sum over all pairs of views of Σ(diagonal − 1)² + 0.005 · Σ off-diagonal², of the
        correlation matrix (Barlow Twins). Its division is by B where the deviations divide by
        B − 1, and without an epsilon, as published: a constant channel gives no number.
    """
    standard = [(view - view.mean(dim=0)) / view.std(dim=0) for view in views]
    return torch.stack([_barlow(one, two) for one, two in combinations(standard, 2)]).sum()


def _barlow(one: Tensor, two: Tensor) -> Tensor:
    correlation = one.T @ two / len(one)
    diagonal = correlation.diagonal()
    off_diagonal = correlation.square().sum() - diagonal.square().sum()
    return (diagonal - 1.0).square().sum() + 0.005 * off_diagonal


def _over_domains(
    term: Callable[[Sequence[Tensor]], Tensor], views: Sequence[Projections], stream: float
) -> Tensor:
    """Add up a term: instance + stream · (temporal + spatial)."""
    # Autocast is off as well: it would take the matrix products in half precision again.
    with torch.autocast(views[0].instance.device.type, enabled=False):
        temporal, spatial, instance = (
            term([view.float() for view in domain]) for domain in zip(*views, strict=True)
        )
        return instance + stream * (temporal + spatial)

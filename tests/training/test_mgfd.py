"""MG-FD: the published loss, term by term, and what its terms ask for."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from model.network.projectors import Projections
from training.mgfd import (
    MgfdWeights,
    autocovariance,
    cross_correlation,
    mgfd,
    similarity,
    variance,
    variance_autocovariance,
)

GOLDEN = Path(__file__).resolve().parents[2].parent / "shared" / "golden"
TERMS = {
    "similarity": similarity,
    "variance_autocovariance": variance_autocovariance,
    "cross_correlation": cross_correlation,
}
AAAI = MgfdWeights(cross_correlation=1e-3)


def random_views(clips: int = 8) -> list[Projections]:
    widths = (6, 6, 12)
    return [Projections(*(torch.randn(clips, width) for width in widths)) for _ in range(4)]


@pytest.mark.parametrize("name", ["dste_coco17", "dste_ntu25", "sttr_coco17"])
def test_every_term_is_the_published_one(name: str) -> None:
    """Each term in each domain and both totals are the authors', within 1e-5."""
    path = GOLDEN / f"usdrl_{name}.npz"
    if not path.is_file():
        pytest.skip(f"the golden numbers are not here ({path.name})")
    with np.load(path) as arrays:
        golden = {key: torch.from_numpy(np.asarray(arrays[key])) for key in arrays.files}
    for domain in "tsi":
        for term, function in TERMS.items():
            ours = function(list(golden[f"loss.views_{domain}"])).item()
            assert ours == pytest.approx(golden[f"loss.{term}_{domain}"].item(), rel=1e-5)
    domains = (golden[f"loss.views_{domain}"] for domain in "tsi")
    views = [Projections(*view) for view in zip(*domains, strict=True)]
    total, with_cross = mgfd(views).total, mgfd(views, AAAI).total
    assert total.item() == pytest.approx(golden["loss.total"].item(), rel=1e-5)
    expected = golden["loss.total_with_cross_correlation_1e-3"].item()
    assert with_cross.item() == pytest.approx(expected, rel=1e-5)


def test_the_total_is_the_weighed_sum_of_the_terms() -> None:
    """Weights multiply the terms that are reported, and the stream weight enters each term."""
    weights = MgfdWeights(2.0, 3.0, 0.5, stream=0.25)
    views = random_views()
    terms = mgfd(views, weights)
    assert terms.cross_correlation is not None
    expected = (
        2.0 * terms.similarity + 3.0 * terms.variance_autocovariance + 0.5 * terms.cross_correlation
    )
    torch.testing.assert_close(terms.total, expected)
    temporal, spatial, instance = (similarity(domain) for domain in zip(*views, strict=True))
    torch.testing.assert_close(terms.similarity, instance + 0.25 * (temporal + spatial))


def test_variance_and_autocovariance_are_switched_off_each_by_itself() -> None:
    """At 0 a term is out of the loss; by default variance counts five times."""
    views = random_views()
    domains = list(zip(*views, strict=True))

    def over_domains(term: Callable[[Tensor], Tensor]) -> Tensor:
        temporal, spatial, instance = (sum(map(term, domain)) for domain in domains)
        return torch.as_tensor(instance + 0.5 * (temporal + spatial))

    found = {
        weights: mgfd(views, weights).variance_autocovariance
        for weights in (MgfdWeights(variance=0), MgfdWeights(autocovariance=0), MgfdWeights())
    }
    without_variance, without_autocovariance, both = found.values()
    torch.testing.assert_close(without_variance, over_domains(autocovariance))
    torch.testing.assert_close(without_autocovariance, 5 * over_domains(variance))
    torch.testing.assert_close(both, without_variance + without_autocovariance)


def test_terms_vanish_where_they_ask_for_nothing_more() -> None:
    """Equal views are similar; decorrelated channels of deviation 1 have nothing to fear."""
    signs = torch.tensor([[1.0, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    assert similarity([signs] * 4) == pytest.approx(0.0, abs=1e-6)
    assert autocovariance(signs).item() == pytest.approx(0.0, abs=1e-6)
    assert variance(signs).item() == 0.0
    assert autocovariance(signs[:, [0, 0, 1]]).item() > 0.5
    assert variance(torch.zeros(4, 3)).item() == pytest.approx(0.99)


def test_a_constant_channel_does_no_harm_where_lambda_is_0() -> None:
    """Cross-correlation has no epsilon: what is not asked for is not computed, nor learnt from."""
    views = random_views()
    for view in views:
        view.temporal[:, 0] = 1.0
    leaf = views[0].instance.requires_grad_()
    terms = mgfd(views)
    (gradient,) = torch.autograd.grad(terms.total, leaf)
    assert terms.cross_correlation is None
    assert gradient.isfinite().all()
    assert not mgfd(views, AAAI).total.isfinite()


def test_half_precision_projections_are_compared_in_full() -> None:
    """Under autocast the terms are those of float32 on the same numbers."""
    views = [Projections(*(z.bfloat16() for z in view)) for view in random_views()]
    exact = mgfd([Projections(*(z.float() for z in view)) for view in views], AAAI)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = mgfd(views, AAAI)
    assert mixed.total.dtype == torch.float32
    torch.testing.assert_close(mixed.total, exact.total)


@pytest.mark.parametrize("views", [[], random_views()[:1], random_views(clips=1)])
def test_too_little_to_compare_is_refused(views: list[Projections]) -> None:
    """One view, or one clip, has no loss: the sentence says how many came."""
    with pytest.raises(ValueError, match="at least two views of at least two clips; got"):
        mgfd(views)


def test_gradients_lead_to_similar_spread_views() -> None:
    """Descending the loss draws views together while their channels stay apart."""
    generator = torch.Generator().manual_seed(0)
    leaves: list[Tensor] = [
        torch.randn(4, 16, width, generator=generator).requires_grad_() for width in (4, 4, 8)
    ]
    optimiser = torch.optim.Adam(leaves, lr=0.1)
    for _ in range(200):
        terms = mgfd([Projections(*view) for view in zip(*leaves, strict=True)])
        for leaf, gradient in zip(leaves, torch.autograd.grad(terms.total, leaves), strict=True):
            leaf.grad = gradient
        optimiser.step()
    assert terms.similarity.item() < 0.05
    assert variance(leaves[2][0]).item() < 0.1
    assert autocovariance(leaves[2][0]).item() < 0.1


def test_terms_by_hand() -> None:
    """Without the authors' numbers too: each from the last and from the centre of the others.

    Of 0, 2 and 6 that is 36 + 1 + 16 + 1. Two clips, ±1 in both channels: each correlates with
    itself and the other by a half, since deviations divide by 1 and products by 2.
    """
    views = [torch.full((2, 1), value) for value in (0.0, 2.0, 6.0)]
    assert similarity(views).item() == pytest.approx(54)
    signs = torch.tensor([[1.0, 1], [-1, -1]])
    assert cross_correlation([signs, signs]).item() == pytest.approx(2 * 0.25 + 0.005 * 2 * 0.25)
    assert cross_correlation([signs] * 3).item() == pytest.approx(3 * 0.5025)

"""The multi-modal loss: every term against a plain second implementation, and what it asks for."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from model.network.multimodal import ModalProjections
from model.network.projectors import Projections
from training.mgfd import MgfdWeights, mgfd
from training.modal_consistency import (
    ModalDomain,
    ModalWeights,
    inter_modal,
    intra_modal,
    modal_consistency,
    variance_autocovariance,
)

DOMAINS = ("temporal", "spatial", "instance")
Array = NDArray[np.float64]


def random_projections(clips: int) -> Projections:
    return Projections(*(torch.randn(clips, width) for width in (6, 6, 12)))


def random_views(clips: int = 8, count: int = 4) -> list[ModalProjections]:
    def three() -> tuple[Projections, ...]:
        return tuple(random_projections(clips) for _ in range(3))

    torch.manual_seed(0)
    return [ModalProjections(random_projections(clips), three(), three()) for _ in range(count)]


def plain_intra(modal: list[Array], predicted: list[Array]) -> float:
    """For each modality the mean of squared differences, then the mean of the three."""
    return sum(float(((p - m) ** 2).mean()) for p, m in zip(predicted, modal, strict=True)) / 3


def plain_inter(modal: list[Array]) -> float:
    """The same, from the average modality."""
    centre = (modal[0] + modal[1] + modal[2]) / 3
    return sum(float(((m - centre) ** 2).mean()) for m in modal) / 3


def plain_spread(one: Array) -> float:
    """USDRL.md's wording: 5 · mean(relu(1 − sqrt(var + 1e-4))) + off-diagonal² / width."""
    covariance = np.cov(one, rowvar=False)
    short = np.maximum(0, 1 - np.sqrt(np.diag(covariance) + 1e-4)).mean()
    off = covariance - np.diag(np.diag(covariance))
    return float(5 * short + (off**2).sum() / one.shape[1])


def test_every_term_is_the_plain_one() -> None:
    """Terms over views and domains, and their weighed sum, are those of NumPy's arithmetic."""
    views = random_views()
    weights = ModalWeights(MgfdWeights(stream=0.25), 2.0, 3.0, 0.5)
    intra = inter = spread = 0.0
    for view in views:
        for domain in DOMAINS:
            modal, predicted = (
                [getattr(one, domain).double().numpy() for one in kind]
                for kind in (view.modal, view.predicted)
            )
            share = 1.0 if domain == "instance" else 0.25
            intra += share * plain_intra(modal, predicted)
            inter += share * plain_inter(modal)
            spread += share * sum(map(plain_spread, modal + predicted)) / 3
    terms = modal_consistency(views, weights)
    assert terms.intra_modal.item() == pytest.approx(intra, rel=1e-5)
    assert terms.inter_modal.item() == pytest.approx(inter, rel=1e-5)
    assert terms.variance_autocovariance.item() == pytest.approx(spread, rel=1e-5)
    across = mgfd([view.fused for view in views], weights.views)
    assert terms.views.total.item() == pytest.approx(across.total.item())
    expected = across.total.item() + 2 * intra + 3 * inter + 0.5 * spread
    assert terms.total.item() == pytest.approx(expected, rel=1e-5)


def test_terms_vanish_where_they_ask_for_nothing_more() -> None:
    """Right predictions, equal modalities, and channels apart with deviation 1 cost nothing."""
    signs = torch.tensor([[1.0, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    others = [signs, signs.roll(1, dims=1), -signs]
    assert intra_modal(ModalDomain(others, others)).item() == 0.0
    assert inter_modal(ModalDomain([signs] * 3, others)).item() == 0.0
    assert inter_modal(ModalDomain(others, others)).item() > 0.1
    assert variance_autocovariance(ModalDomain(others, others)).item() == pytest.approx(0, abs=1e-6)
    flat = [torch.zeros(4, 3)] * 3
    # 5 · (1 − 0.01), of modalities and of predictions, whatever the number of modalities.
    assert variance_autocovariance(ModalDomain(flat, flat)).item() == pytest.approx(9.9)


def test_half_precision_projections_are_compared_in_full() -> None:
    """Under autocast the terms are those of float32 on the same numbers."""

    def cast(view: ModalProjections, kind: torch.dtype) -> ModalProjections:
        def one(of: Projections) -> Projections:
            return Projections(*(domain.to(kind) for domain in of))

        return ModalProjections(
            one(view.fused), tuple(map(one, view.modal)), tuple(map(one, view.predicted))
        )

    halves = [cast(view, torch.bfloat16) for view in random_views()]
    exact = modal_consistency([cast(view, torch.float32) for view in halves])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = modal_consistency(halves)
    assert mixed.total.dtype == torch.float32
    torch.testing.assert_close(mixed.total, exact.total)


@pytest.mark.parametrize(("clips", "count"), [(8, 0), (8, 1), (1, 4)])
def test_too_little_to_compare_is_refused(clips: int, count: int) -> None:
    """One view, or one clip, has no loss: the sentence says how many came."""
    with pytest.raises(ValueError, match="at least two views of at least two clips; got"):
        modal_consistency(random_views(clips, count))

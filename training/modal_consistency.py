"""The multi-modal consistency loss: joints, motion and bones of one encoder (USDRL, TPAMI 2026).

Within each view the fused stream has to say what each modality says (intra-modal), and the
modalities have to agree with one another (inter-modal), while all of them keep clips apart; across
views the fused stream is under MG-FD. Shapes: B clips, W the width of a projection. Terms of
modalities are means over them, so that they weigh as one stream beside MG-FD.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from model.network.multimodal import ModalProjections
from training.mgfd import MgfdTerms, MgfdWeights, mgfd
from training.mgfd import variance_autocovariance as within_views


@dataclass(frozen=True)
class ModalWeights:
    """How the terms are weighed.

    Attributes:
        views: Of MG-FD over the views of the fused stream; its `stream` weighs the temporal and
            the spatial domain in all terms.
        intra_modal: Of the agreement of the fused stream's predictions with the modalities.
        inter_modal: Of the agreement between modalities.
        variance_autocovariance: Of variance and autocovariance of modalities and predictions.
    """

    views: MgfdWeights = field(default_factory=MgfdWeights)
    intra_modal: float = 5.0
    inter_modal: float = 5.0
    variance_autocovariance: float = 1.0


@dataclass(frozen=True)
class ModalTerms:
    """The loss and its unweighed terms, scalars; `views` are those of MG-FD."""

    total: Tensor
    views: MgfdTerms
    intra_modal: Tensor
    inter_modal: Tensor
    variance_autocovariance: Tensor


class ModalDomain(NamedTuple):
    """One view in one domain, each modality's projections (B, W)."""

    modal: Sequence[Tensor]
    """Of the modalities' own streams."""
    predicted: Sequence[Tensor]
    """Of the fused stream, by the predictor of each modality, in the same order."""


def modal_consistency(
    views: Sequence[ModalProjections], weights: ModalWeights | None = None
) -> ModalTerms:
    """Computes the loss over all views, modalities and domains.

    Args:
        views: Projections of each view, of the same B clips in the same order; in distributed
            training of the gathered batch.
        weights: Of the terms; None for the defaults.

    Raises:
        ValueError: There are fewer than two views or fewer than two clips.
    """
    weights = weights or ModalWeights()
    across = mgfd([view.fused for view in views], weights.views)
    intra, inter, spread = (
        _over_domains(term, views, weights.views.stream)
        for term in (intra_modal, inter_modal, variance_autocovariance)
    )
    total = (
        across.total
        + weights.intra_modal * intra
        + weights.inter_modal * inter
        + weights.variance_autocovariance * spread
    )
    return ModalTerms(total, across, intra, inter, spread)


def intra_modal(view: ModalDomain) -> Tensor:
    """The mean squared error of the fused stream's predictions of the modalities."""
    return functional.mse_loss(torch.stack(list(view.predicted)), torch.stack(list(view.modal)))


def inter_modal(view: ModalDomain) -> Tensor:
    """The mean squared error of each modality from the mean over them."""
    modal = torch.stack(list(view.modal))
    return functional.mse_loss(modal, modal.mean(dim=0).expand_as(modal))


def variance_autocovariance(view: ModalDomain) -> Tensor:
    """MG-FD's terms within views, of each modality and of each prediction of one."""
    return within_views([*view.modal, *view.predicted]) / len(view.modal)


def _over_domains(
    term: Callable[[ModalDomain], Tensor], views: Sequence[ModalProjections], stream: float
) -> Tensor:
    """Adds up a term over the views: instance + stream · (temporal + spatial)."""
    # Autocast is off as well: it would take the matrix products in half precision again.
    with torch.autocast(views[0].fused.instance.device.type, enabled=False):
        temporal, spatial, instance = (
            torch.stack([term(domain) for domain in domains]).sum()
            for domains in zip(*map(_domains, views), strict=True)
        )
        return instance + stream * (temporal + spatial)


def _domains(view: ModalProjections) -> list[ModalDomain]:
    """The temporal, the spatial and the instance domain of a view, in float32."""
    modal, predicted = (
        [[one.float() for one in domain] for domain in zip(*projections, strict=True)]
        for projections in (view.modal, view.predicted)
    )
    return [ModalDomain(*pair) for pair in zip(modal, predicted, strict=True)]

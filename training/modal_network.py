"""A multi-modal network on all views in one call, as processes that share gradients need it.

What `training.view_task.ViewNetwork` is to one modality: it knows views, not how they were made,
nor what is made of their projections.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from model.network.multimodal import ModalFeatures, ModalProjections, MultiModalNetwork
from model.network.projectors import Projections


class ModalNetwork(nn.Module):
    """Projects the modalities of each view, and their fusion."""

    def __init__(self, network: MultiModalNetwork) -> None:
        """Wraps ``network``."""
        super().__init__()
        self.network = network

    def forward(self, views: Tensor) -> list[ModalProjections]:
        """Projects views ``(W, B, C, T, V, M)``, each through the projectors by itself.

        The encoder runs once, on all views, modalities and fusions; the modalities of a view are
        of its one crop. Batch statistics are a view's and a modality's own.
        """
        fused, modal = self.network.features(views.flatten(0, 1))
        by_view = [feature.chunk(len(views)) for feature in (fused, *modal)]
        return [
            self.network.project_all(ModalFeatures(first, tuple(others)))
            for first, *others in zip(*by_view, strict=True)
        ]


def gathered(view: ModalProjections, gather: Callable[[Tensor], Tensor]) -> ModalProjections:
    """Brings a view of all processes together, in one exchange.

    Args:
        view: Of this process, B clips.
        gather: A tensor ``(B, …)`` of each process to all of them, ``(world · B, …)``.
    """
    projections = [view.fused, *view.modal, *view.predicted]
    flat = [domain for projection in projections for domain in projection]
    widths = [domain.shape[1] for domain in flat]
    parts = torch.split(gather(torch.cat(flat, dim=1)), widths, dim=1)
    fused, *others = (Projections(*parts[at : at + 3]) for at in range(0, len(parts), 3))
    modalities = len(view.modal)
    return ModalProjections(fused, tuple(others[:modalities]), tuple(others[modalities:]))

"""Multi-perspective consistency: what is compared of a batch's views, by which loss.

What a network makes of views is pulled together and kept apart from that of other clips; whether it
has collapsed is measured here too. It knows neither stores nor labels, nor where clips come from.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from model.network.multimodal import ModalProjections
from model.network.projectors import PretrainingNetwork, Projections
from model.network.tokens import Modality, derive
from training.clip_source import ClipBatch
from training.collapse import diversity
from training.journal import Journal
from training.mgfd import MgfdTerms, MgfdWeights, mgfd
from training.modal_consistency import ModalWeights, modal_consistency
from training.modal_network import gathered
from training.projection import Cameras
from training.replica import Replica
from training.views import ViewSettings, resized, several_views

MEASURED = 512
"""Clips of which collapse is measured."""


class CollapseError(ValueError):
    """The features no longer tell clips apart; the message names the kind of collapse."""


@dataclass(frozen=True)
class Perspective:
    """What pretraining compares.

    Attributes:
        modality: What the encoder reads; "all" for one encoder of all three.
        views: How views differ from their clip.
        count: Views of a clip.
        loss: How MG-FD's terms are weighed.
        cameras: Those that take each view of a clip in space as a picture; None where clips are
            read as they were recorded.
        across_cameras: Whether each view of a clip is of a recording drawn from all that train of
            the clip's execution; no class is looked at. Not the paper's.
    """

    modality: Modality = "joint"
    views: ViewSettings = field(default_factory=ViewSettings)
    count: int = 4
    loss: MgfdWeights = field(default_factory=MgfdWeights)
    cameras: Cameras | None = None
    across_cameras: bool = False

    @property
    def clip_a_view(self) -> bool:
        """Whether each view is made of a clip of its own, else all of the same."""
        return self.cameras is not None or self.across_cameras


class ViewNetwork(nn.Module):
    """A pretraining network on all views in one call, as processes that share gradients need it."""

    def __init__(
        self, network: PretrainingNetwork, modality: Modality, parents: tuple[int, ...]
    ) -> None:
        """Wraps ``network``, which reads ``modality``."""
        super().__init__()
        self.network = network
        self.modality: Modality = modality
        self.parents = parents

    def forward(self, views: Tensor) -> list[Projections]:
        """Projects views ``(W, B, C, T, V, M)``, each through the projectors by itself.

        The encoder runs on all of them at once; batch statistics are a view's own.
        """
        count = len(views)
        streams = self.network.backbone(derive(views.flatten(0, 1), self.modality, self.parents))
        temporal = streams.temporal.float().chunk(count)
        spatial = streams.spatial.float().chunk(count)
        return [
            self.network.project(type(streams)(*pair))
            for pair in zip(temporal, spatial, strict=True)
        ]


class Consistency:
    """MG-FD over the views of a batch, and whether what a network makes of clips has collapsed."""

    def __init__(
        self,
        perspective: Perspective,
        frames: int,
        clip_a_view: bool,
        replica: Replica | None = None,
        journal: Journal | None = None,
        *,
        collapse_ends: bool = True,
    ) -> None:
        """Takes what is compared.

        Args:
            perspective: How, and by what loss.
            frames: T of the views.
            clip_a_view: Whether a batch holds a clip of its own for each view, W·B view by view,
                as seen by another camera each; else B, of which all views are made.
            replica: Which of several processes this is; None for the only one.
            journal: Where terms of the loss and signs of collapse are noted; None for nowhere.
            collapse_ends: Whether projections that have collapsed are refused.
        """
        self._perspective = perspective
        self._frames = frames
        self._clip_a_view = clip_a_view
        self._replica = replica or Replica()
        self._journal = journal or Journal()
        self._collapse_ends = collapse_ends

    def loss(self, network: nn.Module, batch: ClipBatch) -> Tensor:
        """MG-FD over views of a batch, a scalar; with several processes over that of all of them.

        Raises:
            CollapseError: the loss is no finite number.
        """
        settings = self._perspective
        drawn = 1 if self._clip_a_view else settings.count
        views = several_views(batch.clips, batch.lengths, self._frames, settings.views, drawn)
        views = views.reshape(settings.count, -1, *views.shape[2:])
        total = self._compared(network(views))
        if not torch.isfinite(total):
            raise CollapseError("numerical collapse: the loss is no finite number any more")
        return total

    def check(self, network: nn.Module, clips: ClipBatch) -> None:
        """Notes how far the projections of clips differ.

        Raises:
            CollapseError: They have collapsed, and that is refused.
        """
        collapse = self.collapse(network, clips)
        if collapse and self._collapse_ends:
            raise CollapseError(
                f"{collapse}; more weight on variance and autocovariance keeps clips apart"
            )

    def collapse(self, network: nn.Module, clips: ClipBatch) -> str | None:
        """Says of which kind the collapse of a network's projections is, None of a sound one."""
        found = diversity(self._projections(network, clips))
        self._journal.note("projections/spread", found.spread)
        self._journal.note("projections/rank", found.rank)
        if not found.collapse:
            return None
        return (
            f"{found.collapse}: projections have spread {found.spread:.3f} and effective rank "
            f"{found.rank:.1f}"
        )

    def _compared(self, projected: list[Projections] | list[ModalProjections]) -> Tensor:
        """The loss of all views, of all processes."""
        gather, weights = self._replica.gather, self._perspective.loss
        if isinstance(projected[0], ModalProjections):
            together = [gathered(view, gather) for view in projected]
            modal = modal_consistency(together, ModalWeights(views=weights))
            self._note(modal.views, modal.total)
            self._journal.note("loss/intra_modal", modal.intra_modal)
            self._journal.note("loss/inter_modal", modal.inter_modal)
            return modal.total
        terms = mgfd([Projections(*map(gather, view)) for view in projected], weights)
        self._note(terms, terms.total)
        return terms.total

    def _note(self, terms: MgfdTerms, total: Tensor) -> None:
        self._journal.note("loss/similarity", terms.similarity)
        self._journal.note("loss/variance_autocovariance", terms.variance_autocovariance)
        if terms.cross_correlation is not None:
            self._journal.note("loss/cross_correlation", terms.cross_correlation)

    def _projections(self, network: nn.Module, batch: ClipBatch) -> Tensor:
        """Instance projections of whole clips, which collapse before features do.

        They are made as in training: an average of weights has batch statistics of no use.
        """
        clips = resized(batch.clips, torch.zeros_like(batch.lengths), batch.lengths, self._frames)
        network.train()
        with torch.no_grad():
            (projected,) = network(clips[None])
        network.eval()
        whole = projected.fused if isinstance(projected, ModalProjections) else projected
        instance: Tensor = whole.instance
        return instance

"""The pretraining task: four views of each clip, drawn together and kept apart by MG-FD.

What `training.fit` learns: batches of clips without labels, the loss over their views, and a
validation by retrieval between subjects that the encoder may have seen, whose labels choose when
to stop and nothing else.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from model.network.multimodal import ModalProjections
from model.network.projectors import PretrainingNetwork, Projections
from model.network.tokens import Modality, derive
from training.clip_source import ClipBatch, ClipSource
from training.collapse import diversity
from training.journal import Journal
from training.mgfd import MgfdTerms, MgfdWeights, mgfd
from training.modal_consistency import ModalWeights, modal_consistency
from training.modal_network import ModalNetwork, gathered
from training.projection import Cameras
from training.read_ahead import ahead
from training.replica import Replica
from training.representation import clip_features, labelled, retrieval_accuracy
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
    """

    modality: Modality = "joint"
    views: ViewSettings = field(default_factory=ViewSettings)
    count: int = 4
    loss: MgfdWeights = field(default_factory=MgfdWeights)
    cameras: Cameras | None = None


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


class ViewTask:
    """The clips of a store, to be told apart whatever the perspective."""

    def __init__(
        self,
        source: ClipSource,
        places: Sequence[int],
        perspective: Perspective,
        frames: int,
        batch: int,
        seed: int,
        device: torch.device,
        replica: Replica | None = None,
        journal: Journal | None = None,
        *,
        collapse_ends: bool = True,
    ) -> None:
        """Takes the clips that train.

        Args:
            source: Where clips are read.
            places: Which clips of it.
            perspective: What is compared.
            frames: T of the views.
            batch: Clips of a batch, on each device.
            seed: Of the order of clips.
            device: Where views are made.
            replica: Which of several processes this is; None for the only one.
            journal: Where terms of the loss and signs of collapse are noted; None for nowhere.
            collapse_ends: Whether the validation refuses projections that have collapsed.
        """
        self._source = source
        self._places = np.asarray(places, np.int64)
        self._perspective = perspective
        self._frames = frames
        self._batch = batch
        self._seed = seed
        self._device = device
        self._replica = replica or Replica()
        self._journal = journal or Journal()
        self._collapse_ends = collapse_ends
        self._gallery: Sequence[int] = ()
        self._queries: Sequence[int] = ()

    def choose_by(self, gallery: Sequence[int], queries: Sequence[int]) -> None:
        """Sets the clips between which the validation retrieves."""
        self._gallery, self._queries = gallery, queries

    def batches(self, epoch: int) -> Iterator[ClipBatch]:
        """This process's batches of an epoch, in an order of seed and epoch alone.

        Over all processes every clip comes once, but for those that fill no batch of each. Where
        cameras are drawn, a batch of B clips holds W·B: each clip as seen by a camera for each
        view, view by view. What comes next is read while a batch is learnt.
        """
        for batch in ahead(self._read(epoch)):
            yield batch.to(self._device)

    def _read(self, epoch: int) -> Iterator[ClipBatch]:
        """The batches of an epoch, not on the device yet; torch's generator is left alone."""
        settings = self._perspective
        order = np.random.default_rng([self._seed, epoch]).permutation(self._places)
        around = np.random.default_rng([self._seed, epoch, 1 + self._replica.rank])
        span = self._batch * self._replica.count
        first = self._batch * self._replica.rank
        for start in range(first, first + len(order) - span + 1, span):
            places = order[start : start + self._batch]
            if settings.cameras:
                places = np.tile(places, settings.count)
                yield self._source.read_by(settings.cameras.draw(around, len(places)), places)
            else:
                yield self._source.read(places)

    def loss(self, network: nn.Module, batch: ClipBatch) -> Tensor:
        """MG-FD over views of a batch, a scalar; with several processes over that of all of them.

        Raises:
            CollapseError: the loss is no finite number.
        """
        settings = self._perspective
        drawn = 1 if settings.cameras else settings.count
        views = several_views(batch.clips, batch.lengths, self._frames, settings.views, drawn)
        views = views.reshape(settings.count, -1, *views.shape[2:])
        total = self._consistency(network(views))
        if not torch.isfinite(total):
            raise CollapseError("numerical collapse: the loss is no finite number any more")
        return total

    def validate(self, network: nn.Module) -> float | None:
        """Retrieval accuracy in per cent, or None where no subjects choose.

        Raises:
            CollapseError: the features no longer tell clips apart.
        """
        if not isinstance(network, ViewNetwork | ModalNetwork):
            raise TypeError(f"expected a network of views, got {type(network).__name__}")
        collapse = self.collapse(network)
        if collapse and self._collapse_ends:
            raise CollapseError(
                f"{collapse}; more weight on variance and autocovariance keeps clips apart"
            )
        if not self._queries:
            return None
        features = self._features(network, self._gallery)
        return retrieval_accuracy(
            labelled(features, self._source, self._gallery),
            labelled(self._features(network, self._queries), self._source, self._queries),
        )

    def collapse(self, network: ViewNetwork | ModalNetwork) -> str | None:
        """Says of which kind the collapse of a network's projections is, None of a sound one."""
        found = diversity(self._projections(network))
        self._journal.note("projections/spread", found.spread)
        self._journal.note("projections/rank", found.rank)
        if not found.collapse:
            return None
        return (
            f"{found.collapse}: projections have spread {found.spread:.3f} and effective rank "
            f"{found.rank:.1f}"
        )

    def _consistency(self, projected: list[Projections] | list[ModalProjections]) -> Tensor:
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

    def _projections(self, network: ViewNetwork | ModalNetwork) -> Tensor:
        """Instance projections of whole clips, which collapse before features do.

        They are made as in training: an average of weights has batch statistics of no use.
        """
        batch = self._source.read(self._places[:MEASURED]).to(self._device)
        clips = resized(batch.clips, torch.zeros_like(batch.lengths), batch.lengths, self._frames)
        network.train()
        with torch.no_grad():
            (projected,) = network(clips[None])
        network.eval()
        whole = projected.fused if isinstance(projected, ModalProjections) else projected
        instance: Tensor = whole.instance
        return instance

    def _features(
        self, network: ViewNetwork | ModalNetwork, places: Sequence[int]
    ) -> NDArray[np.float32]:
        modality: Modality = "all" if isinstance(network, ModalNetwork) else network.modality
        parents = () if isinstance(network, ModalNetwork) else network.parents
        backbone = network.network.backbone
        return clip_features(backbone, self._source, places, modality, parents)

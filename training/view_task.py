"""The pretraining task: four views of each clip, drawn together and kept apart by MG-FD.

What `training.fit` learns: batches of clips without labels, the loss over their views, and a
validation by retrieval between subjects that the encoder may have seen, whose labels choose when
to stop and nothing else.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from model.network.projectors import PretrainingNetwork, Projections
from model.network.tokens import Modality, derive
from training.clip_source import ClipBatch, ClipSource
from training.collapse import diversity
from training.mgfd import MgfdWeights, mgfd
from training.representation import clip_features, labelled, retrieval_accuracy
from training.views import ViewSettings, random_views, resized

Gather = Callable[[Tensor], Tensor]
"""A tensor ``(B, …)`` of each process to all of them, ``(world · B, …)``, with gradients."""


MEASURED = 512
"""Clips of which collapse is measured, and the features' rank where no labels choose."""


class CollapseError(ValueError):
    """The features no longer tell clips apart; the message names the kind of collapse."""


@dataclass(frozen=True)
class Perspective:
    """What pretraining compares.

    Attributes:
        modality: What the encoder reads.
        views: How views differ from their clip.
        count: Views of a clip.
        loss: How MG-FD's terms are weighed.
    """

    modality: Modality = "joint"
    views: ViewSettings = field(default_factory=ViewSettings)
    count: int = 4
    loss: MgfdWeights = field(default_factory=MgfdWeights)


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
        gather: Gather = lambda tensor: tensor,
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
            gather: How projections of all processes come together.

        Raises:
            ValueError: There are fewer clips than a batch holds.
        """
        if len(places) < batch:
            raise ValueError(f"a batch of {batch} needs as many clips, got {len(places)}")
        self._source = source
        self._places = np.asarray(places, np.int64)
        self._perspective = perspective
        self._frames = frames
        self._batch = batch
        self._seed = seed
        self._device = device
        self._gather = gather
        self._gallery: Sequence[int] = self._places[:MEASURED].tolist()
        self._queries: Sequence[int] = ()

    def choose_by(self, gallery: Sequence[int], queries: Sequence[int]) -> None:
        """Sets the clips between which the validation retrieves; without, it gives the rank."""
        self._gallery, self._queries = gallery, queries

    def batches(self, epoch: int) -> Iterator[ClipBatch]:
        """The batches of an epoch: every clip once, in an order of seed and epoch alone."""
        order = np.random.default_rng([self._seed, epoch]).permutation(self._places)
        for start in range(0, len(order) - self._batch + 1, self._batch):
            yield self._source.read(order[start : start + self._batch]).to(self._device)

    def loss(self, network: nn.Module, batch: ClipBatch) -> Tensor:
        """MG-FD over views of a batch, a scalar.

        Raises:
            CollapseError: the loss is no finite number.
        """
        settings = self._perspective
        views = torch.stack(
            [
                random_views(batch.clips, batch.lengths, self._frames, settings.views)
                for _ in range(settings.count)
            ]
        )
        projected = [Projections(*map(self._gather, view)) for view in network(views)]
        total = mgfd(projected, settings.loss).total
        if not torch.isfinite(total):
            raise CollapseError("numerical collapse: the loss is no finite number any more")
        return total

    def validate(self, network: nn.Module) -> float:
        """Retrieval accuracy in per cent, or the effective rank of features where nothing chooses.

        Raises:
            CollapseError: the features no longer tell clips apart.
        """
        if not isinstance(network, ViewNetwork):
            raise TypeError(f"expected a network of views, got {type(network).__name__}")
        found = diversity(self._projections(network))
        if found.collapse:
            raise CollapseError(
                f"{found.collapse}: projections have spread {found.spread:.3f} and effective rank "
                f"{found.rank:.1f}; more weight on variance and autocovariance keeps clips apart"
            )
        features = self._features(network, self._gallery)
        if not self._queries:
            return diversity(torch.from_numpy(features)).rank
        return retrieval_accuracy(
            labelled(features, self._source, self._gallery),
            labelled(self._features(network, self._queries), self._source, self._queries),
        )

    def _projections(self, network: ViewNetwork) -> Tensor:
        """Instance projections of whole clips, which collapse before features do.

        They are made as in training: an average of weights has batch statistics of no use.
        """
        batch = self._source.read(self._places[:MEASURED]).to(self._device)
        clips = resized(batch.clips, torch.zeros_like(batch.lengths), batch.lengths, self._frames)
        network.train()
        with torch.no_grad():
            instance: Tensor = network(clips[None])[0].instance
        network.eval()
        return instance

    def _features(self, network: ViewNetwork, places: Sequence[int]) -> NDArray[np.float32]:
        return clip_features(
            network.network.backbone, self._source, places, network.modality, network.parents
        )

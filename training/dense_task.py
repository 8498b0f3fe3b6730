"""The dense task: windows of continuous recordings, a label for every frame.

What `training.fit` learns: batches drawn from the subjects that train, the loss over positions, and
the validation, online, on the subjects that choose.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from model.pose.artifact import ArtifactSpec
from model.pose.layout import layout_named
from model.pose.store import PoseStore
from training.augment import augment
from training.frame_loss import frame_loss, position_weights
from training.labellers import predictor_of
from training.online import Evaluation, OnlineRecording, evaluate
from training.recipes import Recipe
from training.splits import Split, clips_of
from training.windows import WindowSampler

Batch = tuple[Tensor, Tensor]
"""Clips ``(B, 3, T, V, M)`` and labels ``(B, T)``."""


class DenseTask:
    """The frames of a store's recordings, to be labelled.

    Attributes:
        choosing: The recordings that choose, cut into windows.
    """

    def __init__(
        self,
        store: PoseStore,
        split: Split,
        spec: ArtifactSpec,
        recipe: Recipe,
        device: torch.device,
    ) -> None:
        """Reads the recordings of the subjects that train and choose, and of no other.

        Raises:
            StoreError: Where a subject has no recording, or a recording no labels.
        """
        layout = store.data_set.layout
        self.choosing = [OnlineRecording(c, layout, spec) for c in clips_of(store, split.choose)]
        self._sampler = WindowSampler(clips_of(store, split.train), layout, spec)
        self._skeleton = layout_named(spec.layout)
        self._recipe = recipe
        self._device = device
        self._weights = position_weights(spec.frames, recipe.newest_share).to(device)

    def batches(self, epoch: int) -> Iterator[Batch]:
        """The batches of an epoch, whose windows depend on seed and epoch alone."""
        optimisation = self._recipe.optimisation
        for number in range(optimisation.batches):
            generator = np.random.default_rng([optimisation.seed, epoch, number])
            drawn = self._sampler.draw(optimisation.batch, self._recipe.sampling, generator)
            clips = torch.from_numpy(drawn.clips).to(self._device)
            labels = torch.from_numpy(drawn.labels).to(self._device)
            yield augment(clips, self._skeleton, self._recipe.augmentation), labels

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """The loss of a batch, a scalar."""
        clips, labels = batch
        logits, _ = network(clips)
        return frame_loss(logits, labels, self._weights, self._recipe.smoothing)

    def validate(self, network: nn.Module) -> float:
        """Macro-F1 of a network on the recordings that choose, in per cent."""
        return self.evaluate(network).scores.macro_f1

    def evaluate(self, network: nn.Module) -> Evaluation:
        """Lets a network, in evaluation mode, label the recordings that choose."""
        return evaluate(self.choosing, predictor_of(network))

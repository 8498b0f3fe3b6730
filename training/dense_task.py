"""The dense task: windows of continuous recordings, a label for every frame.

What `training.fit` learns: batches drawn from the recordings that train, the loss over positions,
and the validation, online, on those that choose.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from model.pose.artifact import ArtifactSpec
from model.pose.layout import layout_named
from training.augment import augment
from training.dense_recordings import DenseRecordings
from training.frame_loss import frame_loss, position_weights
from training.labellers import predictor_of
from training.online import Evaluation, OnlineRecording, evaluate
from training.recipes import Recipe
from training.windows import WindowSampler

Batch = tuple[Tensor, Tensor]
"""Clips ``(B, 3, T, V, M)`` and labels ``(B, T)``."""


def names_sides(labels: Iterable[str]) -> bool:
    """Whether a label says left or right, so that its mirror image is another action."""
    return any({"left", "right"} & set(label.lower().split()) for label in labels)


class DenseTask:
    """The frames of recordings, to be labelled."""

    def __init__(
        self,
        recordings: DenseRecordings,
        spec: ArtifactSpec,
        recipe: Recipe,
        device: torch.device,
    ) -> None:
        """Takes the recordings that train and those that choose, and no other.

        Raises:
            StoreError: A recording has no labels, or none has a window that can be learnt.
        """
        self._layout = recordings.store.data_set.layout
        self._choosing = recordings.choosing()
        self._spec = spec
        self._sampler = WindowSampler(recordings.training(), self._layout, spec)
        self._skeleton = layout_named(spec.layout)
        self._recipe = recipe
        self._augmentation = recipe.augmentation
        if names_sides(spec.labels):
            # Somebody in a mirror swipes to the other side.
            self._augmentation = replace(recipe.augmentation, mirror_share=0.0)
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
            yield augment(clips, self._skeleton, self._augmentation), labels

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """The loss of a batch, a scalar."""
        clips, labels = batch
        logits, _ = network(clips)
        return frame_loss(logits, labels, self._weights, self._recipe.smoothing)

    def validate(self, network: nn.Module) -> float | None:
        """Macro-F1 of a network on the recordings that choose, in per cent; None without any."""
        return self.evaluate(network).scores.macro_f1 if self._choosing else None

    def evaluate(self, network: nn.Module) -> Evaluation:
        """Lets a network, in evaluation mode, label the recordings that choose.

        Their windows are cut anew each time, one recording after another: those of a long one
        take a hundred megabytes.
        """
        cut = (OnlineRecording(clip, self._layout, self._spec) for clip in self._choosing)
        return evaluate(cut, predictor_of(network))

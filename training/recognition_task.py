"""The recognition task: whole clips with their classes, learnt from one gentle view at a time.

What `training.fit` learns when a recogniser is fine-tuned, or trained from scratch: an epoch has as
many batches whatever share of the labels is used, so that runs compare at equal numbers of steps.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from training.clip_source import ClipBatch, ClipSource
from training.optimisation import Optimisation
from training.read_ahead import made_ahead, readers
from training.representation import whole_clips
from training.subsets import classes_of
from training.views import ViewSettings, random_views

Batch = tuple[ClipBatch, Tensor]
"""Clips and their classes ``(B,)``, or how much each is of each class, ``(B, K)``."""

SPACE_VIEWS = ViewSettings(
    shortest_crop=0.6,
    crop_frames=8,
    corrupted_share=0.3,
    corrupted_joints=0.15,
    shear=0.1,
    turn_degrees=45.0,
    tilt_degrees=10.0,
    scale=0.1,
    always_map=True,
)
"""Gentler than those of pretraining: what is seen must still be the action."""

PICTURE_VIEWS = ViewSettings(
    shortest_crop=0.6,
    crop_frames=8,
    corrupted_share=0.3,
    corrupted_joints=0.15,
    zeroed_share=1.0,
    picture=True,
    shear=0.0,
    turn_degrees=15.0,
    scale=0.1,
    always_map=True,
)
"""Of picture keypoints, whose third channel is a score: turned in the picture alone."""


@dataclass(frozen=True)
class RecognitionRecipe:
    """All that a clip fine-tune is told, beside its data and its encoder.

    Attributes:
        optimisation: How long and how fast it learns; its batches are set from the data. No
            validation chooses an epoch: what is kept is the average at the end.
        head_dropout: Share of the feature that the head does not see in training.
        drop_path: Chance that a branch of the encoder is skipped in training.
        smoothing: Of labels.
        softened: Share of each target that a probe of the pretrained encoder says, fitted to other
            people; 0 for labels alone. See `training.softened`.
        views: How a view differs from its clip in space.
        picture_views: The same for picture keypoints.
    """

    optimisation: Optimisation = field(
        default_factory=lambda: Optimisation(
            epochs=100,
            batch=64,
            learning_rate=2e-3,
            weight_decay=0.05,
            average_decay=0.99,
            validate_every=1_000_000,
        )
    )
    head_dropout: float = 0.3
    drop_path: float = 0.2
    smoothing: float = 0.1
    softened: float = 0.0
    views: ViewSettings = SPACE_VIEWS
    picture_views: ViewSettings = PICTURE_VIEWS


class RecognitionTask:
    """Some clips of a source, to be told by class."""

    def __init__(
        self,
        source: ClipSource,
        places: Sequence[int],
        views: ViewSettings,
        frames: int,
        optimisation: Optimisation,
        smoothing: float,
        device: torch.device,
        targets: Tensor | None = None,
    ) -> None:
        """Takes the clips that train.

        Args:
            source: Where clips are read.
            places: Which clips of it.
            views: How a view differs from its clip.
            frames: T.
            optimisation: Says batches, their size and the seed of their order.
            smoothing: Of labels.
            device: Where views are made.
            targets: ``(N, K)`` how much each of them is of each class; None for its own class.

        Raises:
            StoreError: A clip has no class.
        """
        self._source = source
        self._places = np.asarray(places, np.int64)
        classes = torch.from_numpy(classes_of(source.entry(place) for place in places))
        self._targets = classes if targets is None else targets
        self._views = views
        self._frames = frames
        self._optimisation = optimisation
        self._smoothing = smoothing
        self._device = device

    def batches(self, epoch: int) -> Iterator[Batch]:
        """The batches of an epoch, in an order of seed and epoch alone.

        Each clip comes again only when all have come; few clips come several times in an
        epoch. What comes next is read while a batch is learnt.
        """
        for clips, targets in made_ahead(self._plans(epoch), self._read, readers(self._device)):
            yield clips.to(self._device), targets.to(self._device)

    def _read(self, chosen: NDArray[np.int64]) -> Batch:
        """A batch of the clips at some of the places, not on the device yet."""
        return self._source.read(self._places[chosen]), self._targets[torch.from_numpy(chosen)]

    def _plans(self, epoch: int) -> Iterator[NDArray[np.int64]]:
        """Which of the places are in each batch; torch's generator is left alone."""
        batch, wanted = self._optimisation.batch, self._optimisation.batches
        generator = np.random.default_rng([self._optimisation.seed, epoch])
        rounds = -(-batch * wanted // len(self._places))
        order = np.concatenate([generator.permutation(len(self._places)) for _ in range(rounds)])
        for start in range(0, batch * wanted, batch):
            yield order[start : start + batch]

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """Cross-entropy of one view of each clip, a scalar."""
        clips, targets = batch
        logits, _ = network(random_views(clips.clips, clips.lengths, self._frames, self._views))
        return functional.cross_entropy(logits.float(), targets, label_smoothing=self._smoothing)

    def validate(self, network: nn.Module) -> None:
        """Gives no score: nothing chooses an epoch, for every clip here trains."""


def clip_logits(
    network: nn.Module,
    source: ClipSource,
    places: Sequence[int],
    frames: int,
    observed: float = 1.0,
    crop: float = 1.0,
    skipped: float = 0.0,
) -> NDArray[np.float32]:
    """The logits ``(N, K)`` of clips by a recogniser of clips; see `whole_clips` for shares."""
    device = next(network.parameters()).device
    with torch.inference_mode():
        parts = [
            network(clips)[0].float().cpu().numpy()
            for clips in whole_clips(source, places, frames, device, observed, crop, skipped)
        ]
    return np.concatenate(parts)

"""Recognition streams: fine-tuned recognisers with the clips of a protocol as each reads them.

The counterpart of `training.frozen_streams`: here the network itself says classes, and several
streams average their probabilities.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from model.network.checkpoint import load_checkpoint
from model.network.ensemble import Ensemble
from model.network.recogniser import Recogniser
from model.network.weights import CheckpointError
from model.pose.artifact import spec_of
from model.pose.store import PoseStore, StoreError
from training.clip_source import ClipSource
from training.frozen_streams import compute_device
from training.recognition_task import clip_logits

CROPS = (
    (1.0, 0.0),
    (0.875, 0.0),
    (0.875, 0.0625),
    (0.875, 0.125),
    (0.75, 0.0),
    (0.75, 0.125),
    (0.75, 0.25),
)
"""Shares of a clip: what is kept, and what comes before. Recognisers learn from crops; see
docs/training.md for why they are asked about several."""


@dataclass(frozen=True)
class RecognitionStream:
    """One recogniser and the clips that it reads.

    Attributes:
        network: In evaluation mode, on its device.
        source: Clips as it reads them.
    """

    network: Recogniser
    source: ClipSource

    def probabilities(
        self, places: Sequence[int], observed: float = 1.0, crop: float = 1.0, skipped: float = 0.0
    ) -> NDArray[np.float64]:
        """The probability ``(N, K)`` of each class for clips; see `whole_clips` for shares."""
        frames = self.network.config.encoder.frames
        logits = clip_logits(self.network, self.source, places, frames, observed, crop, skipped)
        spread: NDArray[np.float64] = softmax(logits.astype(np.float64), axis=1)
        return spread


def open_recogniser(path: Path, store: PoseStore, project: bool) -> RecognitionStream:
    """Opens a fine-tuned checkpoint, and a store as it reads it.

    Args:
        path: Of the checkpoint.
        store: Whose clips it reads.
        project: Whether clips in space are projected to a picture.

    Raises:
        CheckpointError: It is no checkpoint of a recogniser of clips.
        ArtifactError: Its notes are no specification.
        StoreError: The store has other classes, or cannot be read as the checkpoint says.
    """
    checkpoint = load_checkpoint(path)
    spec = spec_of(checkpoint.artifact)
    if spec.task != "clip":
        raise CheckpointError(f"{path}: expected a recogniser of clips, found one of {spec.task}")
    network = checkpoint.network
    if isinstance(network, Ensemble):
        raise CheckpointError(f"{path}: expected one recogniser, found an ensemble")
    if spec.labels != store.data_set.labels:
        raise StoreError(
            f"{store.path}: expected the classes of {path} ({', '.join(spec.labels)}), "
            f"got {', '.join(store.data_set.labels)}"
        )
    try:
        source = ClipSource([store], spec.layout, spec.normalisation, spec.persons, project)
    except StoreError as error:
        raise StoreError(f"{path}: {error}") from error
    return RecognitionStream(network.to(compute_device()), source)


def mean_probabilities(
    streams: Sequence[RecognitionStream],
    places: Sequence[int],
    crops: Sequence[tuple[float, float]] = CROPS,
) -> NDArray[np.float64]:
    """The mean over streams, and crops of each clip, of their probabilities ``(N, K)``."""
    spread: NDArray[np.float64] = np.mean(
        [stream.probabilities(places, 1.0, *crop) for stream in streams for crop in crops], axis=0
    )
    return spread

"""Frozen streams: pretrained encoders with the clips of a protocol as each of them reads them.

Several streams are an ensemble (one encoder a modality, way (a) of USDRL's multi-modal
consistency); how their answers come together is the task's.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.network.pretrained import Pretrained, load_pretrained, pretraining_network
from model.network.tokens import SingleModality, derive
from model.network.weights import CheckpointError
from model.pose.layout import LayoutError, layout_named
from model.pose.store import PoseStore, StoreError
from training.clip_source import ClipBatch, ClipSource
from training.protocols import Partition
from training.representation import (
    BATCH,
    Labelled,
    features_of,
    labelled,
    newest_frames,
    whole_clips,
)
from training.views import resized


@dataclass(frozen=True)
class FrozenStream:
    """One encoder and the clips that it reads.

    Attributes:
        pretrained: The encoder, on its device.
        source: Clips as it reads them.
        modalities: What a multi-modal encoder is given; None for all.
    """

    pretrained: Pretrained
    source: ClipSource
    modalities: tuple[SingleModality, ...] | None = None

    def features(self, places: Sequence[int], observed: float = 1.0) -> NDArray[np.float32]:
        """Features ``(N, F)`` of clips, of which a share is seen."""
        network = self.pretrained.network
        device = next(network.parameters()).device
        frames = network.backbone.config.frames
        clips = whole_clips(self.source, places, frames, device, observed)
        return features_of(self._feature, clips)

    @property
    def one_pass(self) -> bool:
        """Whether one reading of a clip gives its beginnings: no feature looks at a later frame."""
        return self.pretrained.network.backbone.config.causal and not self.source.looks_ahead

    def beginnings(
        self, places: Sequence[int], shares: Sequence[float]
    ) -> list[NDArray[np.float32]]:
        """Features of the beginnings of clips, ``(N, F)`` for each share that is seen.

        A causal encoder reads each clip once, resized to T as a whole, and its dense feature at the
        newest frame that is seen is the feature of a beginning. Any other, and one whose
        normalisation looks ahead, reads each beginning by itself, resized to T.

        Raises:
            CheckpointError: A causal encoder has too few frames for the smallest share.
        """
        if not self.one_pass:
            return [self.features(places, share) for share in shares]
        frames, least = self.pretrained.network.backbone.config.frames, math.ceil(1 / min(shares))
        if frames < least:
            raise CheckpointError(
                f"{self.pretrained.path}: expected a causal encoder of at least {least} frames to "
                f"be asked for {100 * min(shares):.0f} % of a clip, found one of {frames}"
            )
        with torch.inference_mode():
            batches = self.source.in_order(places, BATCH)
            parts = [self._so_far(batch, shares) for batch in batches]
        return list(np.concatenate(parts, axis=1))

    def labelled(self, places: Sequence[int], observed: float = 1.0) -> Labelled:
        """Features of clips beside their classes and subjects.

        Raises:
            StoreError: A clip has no class.
        """
        return labelled(self.features(places, observed), self.source, places)

    def _so_far(self, batch: ClipBatch, shares: Sequence[float]) -> NDArray[np.float32]:
        """The dense features ``(S, B, F)`` at the newest frames that are seen, from one pass."""
        backbone, reading = self.pretrained.network.backbone, self.pretrained.reading
        moved, frames = batch.to(backbone.dense_pooling.device), backbone.config.frames
        newest = torch.stack([newest_frames(moved.lengths, share, frames) for share in shares])
        clips = resized(moved.clips, torch.zeros_like(moved.lengths), moved.lengths, frames)
        parents = layout_named(reading.layout).parents
        streams = backbone(derive(clips, reading.modality, parents))
        dense = backbone.dense_feature(streams)
        features: NDArray[np.float32] = (
            dense[torch.arange(len(dense), device=dense.device), newest].float().cpu().numpy()
        )
        return features

    def _feature(self, clips: Tensor) -> Tensor:
        return self.pretrained.clip_feature(clips, self.modalities)


@dataclass(frozen=True)
class Frozen:
    """What a task is given.

    Attributes:
        streams: At least one.
        partition: Which clips train and which are asked.
        classes: Names of the classes.
        seed: Of whatever the task draws.
    """

    streams: tuple[FrozenStream, ...]
    partition: Partition
    classes: tuple[str, ...]
    seed: int

    def training(self, observed: float = 1.0) -> list[Labelled]:
        """The training clips as each stream sees them."""
        return [stream.labelled(self.partition.train, observed) for stream in self.streams]

    def asked(self, observed: float = 1.0) -> list[Labelled]:
        """The clips that are asked as each stream sees them."""
        return [stream.labelled(self.partition.test, observed) for stream in self.streams]

    def randomised(self, seed: int) -> "Frozen":
        """The same with encoders of the same sizes and random weights."""
        streams = tuple(
            replace(stream, pretrained=_randomised(stream.pretrained, seed))
            for stream in self.streams
        )
        return replace(self, streams=streams)


def open_stream(
    path: Path,
    store: PoseStore,
    project: bool,
    modalities: Sequence[SingleModality] | None = None,
    through: str | None = None,
) -> FrozenStream:
    """Opens a pretrained file, and a store as it reads it.

    Args:
        path: Of the pretrained file.
        store: Whose clips it reads.
        project: Whether clips in space are projected to a picture.
        modalities: What a multi-modal encoder is given; None for all.
        through: Name of a layout that clips are reduced to first; None for none.

    Raises:
        CheckpointError: It is no pretrained file, or does not read these modalities.
        StoreError: The store cannot be read as the file says.
    """
    if modalities is not None and len(set(modalities)) < len(modalities):
        raise CheckpointError(
            f"--modalities: expected each once, got {' '.join(modalities)} for {path}"
        )
    pretrained = load_pretrained(path)
    pretrained.network.to(compute_device())
    persons = pretrained.network.backbone.config.persons
    reading = pretrained.reading
    if modalities is not None and reading.modality not in ("all", *modalities):
        raise CheckpointError(
            f"{path}: expected an encoder of {', '.join(modalities)} or of all modalities, "
            f"found one of {reading.modality}"
        )
    try:
        source = ClipSource(
            [store], reading.layout, reading.normalisation, persons, project, through
        )
    except LayoutError as error:
        raise CheckpointError(f"{path}: it reads clips in a way unknown here: {error}") from error
    except StoreError as error:
        raise StoreError(f"{path}: {error}") from error
    chosen = tuple(modalities) if modalities and reading.modality == "all" else None
    return FrozenStream(pretrained, source, chosen)


def compute_device() -> torch.device:
    """The accelerator where there is one, else the processor."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _randomised(pretrained: Pretrained, seed: int) -> Pretrained:
    device = next(pretrained.network.parameters()).device
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = pretraining_network(pretrained.network.backbone.config, pretrained.reading)
    return replace(pretrained, network=network.eval().to(device), provenance={})

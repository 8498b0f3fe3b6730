"""A run of clip fine-tuning: where it begins, what it learns from, what it keeps.

What is learnt is `training.recognition_task`'s, the loop `training.fit`'s. Runs from a pretrained
encoder and from scratch follow one recipe for one number of steps.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import msgspec
import numpy as np
import torch
from torch import Tensor

from model.network.checkpoint import Checkpoint, save_checkpoint
from model.network.config import EncoderConfig
from model.network.pretrained import Pretrained, Reading, load_backbone
from model.network.recogniser import Recogniser, RecogniserConfig
from model.network.weights import digest
from model.pose.artifact import ArtifactSpec, Provenance
from model.pose.figures import commit
from model.pose.layout import layout_named
from model.pose.store import PoseStore
from training.clip_source import ClipSource
from training.devices import Devices
from training.fit import fit
from training.frozen_streams import FrozenStream
from training.optimisation import FitError
from training.protocols import Protocol
from training.recognition_task import RecognitionRecipe, RecognitionTask
from training.softened import softened
from training.subsets import classes_of, share_of_each_class

VERSION = "0.1.0"
STATE_NAME = "finetune.state.pt"
CHECKPOINT_NAME = "finetuned.ckpt"


@dataclass(frozen=True)
class Beginning:
    """Where a run begins.

    Attributes:
        encoder: Sizes of the encoder.
        reading: How clips are prepared for it.
        weights: Whose weights it begins with; None for random ones.
    """

    encoder: EncoderConfig
    reading: Reading
    weights: Pretrained | None = None


@dataclass(frozen=True)
class LabelledClips:
    """What a run learns from.

    Attributes:
        protocol: That says which clips train.
        store: Where they lie.
        places: Which of its clips are learnt from.
        full: Number of clips that train when all labels are known; it gives the steps.
        project: Whether clips in space are projected to a picture.
    """

    protocol: Protocol
    store: PoseStore
    places: tuple[int, ...]
    full: int
    project: bool


def labelled_clips(
    protocol: Protocol,
    store: PoseStore,
    choosing: bool,
    percent: float,
    seed: int,
    project: bool = False,
) -> LabelledClips:
    """The clips of a protocol's training part whose labels are known.

    Raises:
        ProtocolError: The store is not of the protocol.
        StoreError: A clip has no class.
    """
    train = protocol.partition(store, choosing).train
    known: Sequence[int] = train
    if percent < 100:
        labels = classes_of(store.entries[place] for place in train)
        known = share_of_each_class(train, labels, percent, seed)
    return LabelledClips(protocol, store, tuple(known), len(train), project)


def finetune(
    clips: LabelledClips,
    beginning: Beginning,
    recipe: RecognitionRecipe,
    out: Path,
    devices: Devices,
    *,
    restart: bool = False,
) -> Path:
    """Trains a recogniser, or takes up its run, and writes its checkpoint.

    Args:
        clips: What it learns from.
        beginning: Encoder and weights to begin with.
        recipe: All other settings.
        out: Directory of the run.
        devices: On what it learns, in one process.
        restart: Whether to begin anew, whatever state is in ``out``.

    Returns:
        The checkpoint's file.

    Raises:
        StoreError: A clip has no class, the store cannot be read so, or labels are to be softened
            and the clips are of one person.
        FitError: The run in ``out`` began with other settings, or labels are to be softened
            without weights to begin with.
        CheckpointError: The checkpoint cannot be written.
    """
    fabric = devices.fabric()
    fabric.launch()
    optimisation = replace(
        recipe.optimisation, batches=max(clips.full // recipe.optimisation.batch, 1)
    )
    torch.manual_seed(optimisation.seed)
    classes = len(clips.store.data_set.labels)
    network = recogniser_of(beginning, recipe, classes)
    frames, reading, weights = beginning.encoder.frames, beginning.reading, beginning.weights
    source = ClipSource(
        [clips.store],
        reading.layout,
        reading.normalisation,
        beginning.encoder.persons,
        clips.project,
    )
    task = RecognitionTask(
        source,
        clips.places,
        recipe.views if source.in_space else recipe.picture_views,
        frames,
        optimisation,
        recipe.smoothing,
        fabric.device,
        _softened_targets(weights, source, clips.places, classes, recipe.softened, fabric.device),
    )
    settings: dict[str, object] = msgspec.to_builtins(
        {"recipe": replace(recipe, optimisation=optimisation), "network": network.config}
        | {"reading": reading, "protocol": clips.protocol.name, "clips": list(clips.places)}
        | {"project": clips.project, "precision": devices.precision}
        | {"pretrained": weights and digest(weights.network.backbone)}
    )
    out.mkdir(parents=True, exist_ok=True)
    if restart:
        (out / STATE_NAME).unlink(missing_ok=True)
    progress = fit(fabric, network, task, optimisation, settings, out / STATE_NAME)
    path = out / CHECKPOINT_NAME
    notes = {"settings": settings, "progress": asdict(progress), "commit": commit()}
    notes["data"] = source.seen(clips.places)
    if weights is not None:
        notes["encoder"] = dict(weights.provenance)
    spec = specification(clips, beginning)
    save_checkpoint(Checkpoint(network, asdict(spec), notes), path)
    return path


def _softened_targets(
    weights: Pretrained | None,
    source: ClipSource,
    places: Sequence[int],
    classes: int,
    share: float,
    device: torch.device,
) -> Tensor | None:
    """Targets ``(N, K)`` of clips, of which the frozen encoder says a share; None for labels."""
    if not share:
        return None
    if weights is None:
        raise FitError("softened labels: expected a pretrained encoder that a probe asks, got none")
    frozen = replace(weights, network=deepcopy(weights.network).to(device))
    known = FrozenStream(frozen, source).labelled(places)
    return torch.from_numpy(softened(known, classes, share))


def recogniser_of(beginning: Beginning, recipe: RecognitionRecipe, labels: int) -> Recogniser:
    """The network that a run begins with."""
    config = RecogniserConfig(
        replace(beginning.encoder, drop_path=recipe.drop_path),
        "clip",
        labels,
        beginning.reading.modality,
        layout_named(beginning.reading.layout).parents,
        recipe.head_dropout,
    )
    network = Recogniser(config)
    if beginning.weights is not None:
        load_backbone(network, beginning.weights)
    return network


def specification(clips: LabelledClips, beginning: Beginning) -> ArtifactSpec:
    """What the recogniser says of itself; its window is as long as the median clip it learnt."""
    reading, encoder, data_set = beginning.reading, beginning.encoder, clips.store.data_set
    median = float(np.median([clips.store.entries[place].frames for place in clips.places]))
    return ArtifactSpec(
        name=clips.protocol.name.replace("/", "-"),
        version=VERSION,
        task="clip",
        layout=reading.layout,
        joints=layout_named(reading.layout).joints,
        persons=encoder.persons,
        frames=encoder.frames,
        rate_hz=min(max(data_set.rate_hz * encoder.frames / median, 1.0), 240.0),
        hop_frames=1,
        lookahead_frames=0,
        labels=data_set.labels,
        normalisation=reading.normalisation,
        provenance=Provenance(
            data=f"{data_set.name}, training part of {clips.protocol.name}: "
            f"{len(clips.places):,} clips",
            terms=data_set.terms,
            commit=commit(),
        ),
    )

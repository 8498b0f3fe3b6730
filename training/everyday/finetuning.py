"""Fine-tuning of the everyday models: what a run begins with, what it keeps, what is noted.

Which windows are learnt from is `label_windows`', the loop `training.fit`'s; the weights come out
uncalibrated.
"""

from dataclasses import asdict, fields, replace
from pathlib import Path

import msgspec
import torch

from model.network.pretrained import Pretrained, load_backbone, load_pretrained
from model.network.recogniser import Recogniser, RecogniserConfig
from model.network.weights import digest
from model.pose.artifact import ArtifactSpec, Provenance
from model.pose.figures import commit
from model.pose.layout import layout_named
from model.pose.store import PoseStore
from training.clip_source import seen_by_data_set, seen_of
from training.devices import Devices
from training.everyday.choosing import Choosing
from training.everyday.filmed import FilmedPeople
from training.everyday.label_windows import LabelWindows
from training.everyday.pretraining import READING, TIMING
from training.everyday.recipe import EverydayRecipe
from training.everyday.splits import check_held_out
from training.everyday.stream_source import StreamSource
from training.everyday.vocabulary import Vocabulary
from training.fit import fit
from training.labellers import Weights, save_weights
from training.optimisation import FitError
from training.progress import Progress
from training.recipes import Network, network_of

VERSION = "0.3.0"
"""Of weights and calibration together."""
FILMS = "and on MediaPipe's keypoints of UP-Fall, trial 2: for research"
TERMS = "research and other non-commercial use; the strictest terms of its data (CC BY-NC 4.0)"


def finetune_on_streams(
    train: PoseStore,
    choose: PoseStore,
    vocabulary: Vocabulary,
    recipe: EverydayRecipe,
    out: Path,
    devices: Devices | None = None,
    pretrained: Path | None = None,
    filmed: FilmedPeople | None = None,
    *,
    held_out: str = "",
    frames: int | None = None,
    restart: bool = False,
) -> Progress:
    """Trains one model, or takes up its run, and writes its weights to `finetuned_path`.

    Args:
        train: Streams that it learns from.
        choose: Streams that choose the epoch that is kept.
        vocabulary: Of their labels, which it will say.
        recipe: All settings.
        out: Directory of the run.
        devices: One device that it learns on; None for a processor in float32.
        pretrained: The encoder's file, where the recipe begins with one.
        filmed: Real videos that it learns from beside the streams.
        held_out: The hash of who and what the streams kept from training.
        frames: T, where no encoder brings its own; None for the pretraining's default.
        restart: Whether to begin anew, whatever is in ``out``.

    Raises:
        StoreError: A stream has no labels, or is too short.
        FitError: The run in ``out`` began with other settings, or the recipe and the encoder do
            not belong together.
        SplitError: Others were kept from the encoder's training.
        CheckpointError: A checkpoint cannot be read or written.
        OSError: ``out`` cannot be written to.
    """
    if recipe.pretrained != (pretrained is not None):
        wanted = "a pretrained encoder" if recipe.pretrained else "no pretrained encoder"
        raise FitError(f"{recipe.name}: expected {wanted}, got {pretrained}")
    devices = devices or Devices()
    fabric = devices.fabric()
    begun_with = None if pretrained is None else load_pretrained(pretrained)
    if begun_with is not None:
        kept = str(begun_with.provenance.get("held_out", ""))
        check_held_out(str(pretrained), kept, held_out)
    spec = specification(train, vocabulary, recipe, begun_with, held_out, frames)
    if filmed is not None:
        spec = replace(spec, provenance=_with_films(spec.provenance))
    torch.manual_seed(recipe.optimisation.seed)
    network = _network(recipe, spec, begun_with)
    settings = _settings(recipe, network, train, choose) | {
        "films": None if filmed is None else {"names": filmed.names, "digest": filmed.digest},
        "precision": devices.precision,
        "held_out": held_out,
        "frames": spec.frames,
    }
    if begun_with is not None:
        settings["pretrained"] = digest(begun_with.network.backbone)
    source = StreamSource(train, READING, spec.window, vocabulary.mirror)
    task = LabelWindows(
        source,
        filmed,
        Choosing(choose, vocabulary, spec),
        recipe.rounds,
        recipe.optimisation,
        recipe.weighed,
        spec.window,
        fabric.device,
    )
    path = finetuned_path(out, recipe)
    path.parent.mkdir(parents=True, exist_ok=True)
    state = path.with_suffix(".state.pt")
    if restart:
        state.unlink(missing_ok=True)
    progress = fit(fabric, network, task, recipe.optimisation, settings, state)
    entries = [(store, entry) for store in (train, choose) for entry in store.entries]
    notes: dict[str, object] = {
        "settings": settings,
        "data": seen_by_data_set(entries),
        "progress": asdict(progress),
    }
    if begun_with is not None:
        notes["encoder"] = dict(begun_with.provenance)
    save_weights(Weights(network, spec, notes), path)
    return progress


def finetuned_path(out: Path, recipe: EverydayRecipe) -> Path:
    """Where the weights of a model lie that is not calibrated yet."""
    return out / "finetuned" / f"{recipe.name}.ckpt"


def specification(
    train: PoseStore,
    vocabulary: Vocabulary,
    recipe: EverydayRecipe,
    pretrained: Pretrained | None = None,
    held_out: str = "",
    frames: int | None = None,
) -> ArtifactSpec:
    """What a model says of itself before it is calibrated; an encoder brings its own T."""
    skeleton = layout_named(READING.layout)
    own = pretrained.network.backbone.config.frames if pretrained else frames
    return ArtifactSpec(
        name=recipe.name,
        version=VERSION,
        task="frames",
        layout=READING.layout,
        joints=skeleton.joints,
        persons=1,
        frames=own or TIMING.frames,
        rate_hz=TIMING.rate_hz,
        hop_frames=TIMING.hop_frames,
        lookahead_frames=TIMING.lookahead_frames,
        labels=vocabulary.labels,
        experimental=vocabulary.experimental,
        normalisation=READING.normalisation,
        provenance=Provenance(
            data=f"streams composed of, and recorded in, {train.data_set.terms}",
            terms=TERMS,
            commit=commit(),
            held_out=held_out,
        ),
    )


def _with_films(provenance: Provenance) -> Provenance:
    return replace(provenance, data=f"{provenance.data}; {FILMS}")


def _network(recipe: EverydayRecipe, spec: ArtifactSpec, pretrained: Pretrained | None) -> Network:
    """The network of a recipe, with random weights or a pretrained encoder of its own sizes."""
    config = recipe.network(spec.skeleton, spec.frames, len(spec.labels))
    if pretrained is not None and isinstance(config, RecogniserConfig):
        drop_path = config.encoder.drop_path
        sizes = replace(pretrained.network.backbone.config, drop_path=drop_path)
        config = replace(config, encoder=sizes)
    network = network_of(config)
    if pretrained is not None and isinstance(network, Recogniser):
        load_backbone(network, pretrained)
    return network


def _settings(
    recipe: EverydayRecipe, network: Network, train: PoseStore, choose: PoseStore
) -> dict[str, object]:
    """All settings as plain values: what is noted, and what a run must not change."""
    told = {
        entry.name: getattr(recipe, entry.name)
        for entry in fields(recipe)
        if entry.name != "network"
    }
    data = {"train": seen_of(train.entries), "choose": seen_of(choose.entries)}
    settings: dict[str, object] = msgspec.to_builtins(told | data | {"network": network.config})
    return settings

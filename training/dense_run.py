"""A run of dense fine-tuning: what it begins with, what it keeps, what is noted beside the weights.

Which recordings are learnt from is `training.dense_recordings`', what is learnt is
`training.dense_task`'s, the loop `training.fit`'s.
"""

from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import msgspec
import torch
from lightning.fabric import Fabric

from model.network.pretrained import Reading, load_backbone
from model.network.recogniser import Recogniser, RecogniserConfig
from model.network.weights import digest
from model.pose.artifact import ArtifactSpec, Calibration, Provenance
from model.pose.figures import commit
from model.pose.layout import layout_named
from model.pose.normalise import dimensions
from model.pose.store import StoreError
from training.calibration import fit_temperature
from training.dense_recordings import DenseRecordings
from training.dense_task import DenseTask
from training.devices import Precision
from training.encoders import load_encoder
from training.fit import fit
from training.labellers import Weights, save_weights
from training.recipes import Network, Recipe, network_of

VERSION = "0.1.0"
IN_SPACE = 3


@dataclass(frozen=True)
class FineTuned:
    """What a fine-tune left behind.

    Attributes:
        model: Which of the recipes.
        checkpoint: Its file.
        parameters: Number of weights.
        epochs: Epochs of training.
        kept_epoch: The one whose averaged weights were kept; 0 for the last.
        figures: Scores on the recordings that choose, of these weights; none where none do.
        temperature: Of the calibration.
    """

    model: str
    checkpoint: str
    parameters: int
    epochs: int
    kept_epoch: int
    figures: dict[str, float]
    temperature: float


def finetune(
    recordings: DenseRecordings,
    out: Path,
    model: str,
    recipe: Recipe,
    precision: Precision = "32-true",
    pretrained: Path | None = None,
    *,
    restart: bool = False,
) -> FineTuned:
    """Trains one model, or takes up its run, and writes its checkpoint.

    Args:
        recordings: What it learns from, and who chooses.
        out: Directory of the run.
        model: Name of the model and of its files.
        recipe: All settings.
        precision: Of the arithmetic, as Lightning names it.
        pretrained: File of the encoder that it begins with, or of a recogniser on top of one; None
            for random weights.
        restart: Whether to begin anew, whatever state is in ``out``.

    Raises:
        StoreError: A recording has no labels, or cannot be read as the encoder reads.
        FitError: The run in ``out`` began with other settings.
        CheckpointError: The checkpoint cannot be written, or the pretrained encoder cannot be read.
        OSError: ``out`` cannot be written to.
    """
    fabric = Fabric(accelerator="auto", devices=1, precision=precision)
    begun_with = None if pretrained is None else load_encoder(pretrained)
    reading = Reading("joint", recordings.store.data_set.layout, "kinect-3d")
    if begun_with is not None:
        reading = begun_with.reading
        recipe = recipe.around(begun_with.network.backbone.config, reading.modality)
    spec = specification(recordings, model, recipe, reading)
    torch.manual_seed(recipe.optimisation.seed)
    network = network_of(recipe.network(spec.skeleton, spec.frames, len(spec.labels)))
    settings = _settings(recipe, network, recordings) | {
        "reading": msgspec.to_builtins(reading),
        "precision": precision,
    }
    if begun_with is not None and isinstance(network, Recogniser):
        load_backbone(network, begun_with)
        settings["pretrained"] = digest(begun_with.network.backbone)
    task = DenseTask(recordings, spec, recipe, fabric.device)
    out.mkdir(parents=True, exist_ok=True)
    state = state_path(out, model)
    if restart:
        state.unlink(missing_ok=True)
    progress = fit(fabric, network, task, recipe.optimisation, settings, state)
    if recordings.choose:
        spec = _measured_on_choosing(spec, task, network, recordings.chosen_by)
    path = out / f"{model}.ckpt"
    notes: dict[str, object] = {"settings": settings, "progress": asdict(progress)}
    notes["data"] = recordings.seen()
    if begun_with is not None:
        notes["encoder"] = dict(begun_with.provenance)
    save_weights(Weights(network, spec, notes), path)
    return FineTuned(
        model=model,
        checkpoint=str(path),
        parameters=sum(weights.numel() for weights in network.parameters()),
        epochs=progress.epoch,
        kept_epoch=progress.best_epoch,
        figures=spec.figures,
        temperature=spec.calibration.temperature,
    )


def specification(
    recordings: DenseRecordings, model: str, recipe: Recipe, reading: Reading
) -> ArtifactSpec:
    """What a model of these recordings says of itself, before it is measured.

    Raises:
        StoreError: The recordings or what is read of them lie in a picture: windows are augmented
            in space.
    """
    data_set, skeleton = recordings.store.data_set, layout_named(reading.layout)
    held = layout_named(data_set.layout).dimensions
    if (held, dimensions(reading.normalisation, skeleton)) != (IN_SPACE, IN_SPACE):
        raise StoreError(
            f"{recordings.store.path}: expected keypoints in space, read in space, got "
            f"{data_set.layout} of {held} dimensions, normalised as {reading.normalisation}"
        )
    config = recipe.network(skeleton, recipe.frames, len(data_set.labels))
    sizes = config.encoder if isinstance(config, RecogniserConfig) else config
    return ArtifactSpec(
        name=f"{recordings.named}-{model}",
        version=VERSION,
        task="frames",
        layout=reading.layout,
        joints=skeleton.joints,
        persons=sizes.persons,
        frames=recipe.frames,
        rate_hz=recipe.rate_hz,
        hop_frames=1,
        lookahead_frames=0,
        labels=data_set.labels,
        normalisation=reading.normalisation,
        provenance=Provenance(data=recordings.data, terms=recordings.terms, commit=commit()),
    )


def state_path(out: Path, model: str) -> Path:
    """Where the state of a run is kept, from which it is taken up after a kill."""
    return out / f"{model}.state.pt"


def _measured_on_choosing(
    spec: ArtifactSpec, task: DenseTask, network: Network, chosen_by: str
) -> ArtifactSpec:
    """Adds temperature and scores, both of the recordings that choose."""
    evaluation = task.evaluate(network)
    logits, truth = evaluation.log_probabilities(spec.labels)
    calibration = Calibration(temperature=fit_temperature(logits, truth))
    scores = asdict(evaluation.scores)
    figures = {
        f"{chosen_by}.{name}": round(scores[name], 2)
        for name in ("frame_accuracy", "macro_f1", "edit", "f1_10", "f1_25", "f1_50")
    }
    return replace(spec, calibration=calibration, figures=figures)


def _settings(recipe: Recipe, network: Network, recordings: DenseRecordings) -> dict[str, object]:
    """All settings as plain values: what is noted, and what a run must not change."""
    shared = {
        entry.name: getattr(recipe, entry.name)
        for entry in fields(recipe)
        if entry.name != "network"
    }
    data = {
        "protocol": recordings.protocol,
        "train": recordings.train,
        "choose": recordings.choose,
    }
    settings: dict[str, object] = msgspec.to_builtins(shared | data | {"network": network.config})
    return settings

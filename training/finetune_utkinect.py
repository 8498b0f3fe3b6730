"""``finetune utkinect``: dense models of continuous recordings, and their baselines.

It knows what a run reads, what it keeps and what is noted beside the weights; the task, the loop
and the networks are others'.
"""

import argparse
import json
import sys
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import msgspec
import torch
from lightning.fabric import Fabric

from model.network.checkpoint import Checkpoint, save_checkpoint
from model.network.pretrained import Reading, load_backbone, load_pretrained
from model.network.recogniser import Recogniser
from model.network.weights import CheckpointError, digest
from model.pose.artifact import ArtifactError, ArtifactSpec, Calibration, Provenance
from model.pose.figures import commit
from model.pose.layout import layout_named
from model.pose.store import PoseStore, StoreError
from training.calibration import fit_temperature
from training.dense_task import DenseTask
from training.devices import PRECISIONS, Precision
from training.fit import fit
from training.labellers import save_baseline
from training.optimisation import FitError
from training.recipes import FROM_SCRATCH, RECIPES, Network, Recipe, network_of
from training.splits import UTKINECT

VERSION = "0.1.0"
DATA = (
    "UTKinect-Action3D as continuous recordings: subjects 1, 3, 5, 7 trained it, "
    "subject 9 chose settings and calibration"
)
TERMS = "research use, as UTKinect-Action3D"


@dataclass(frozen=True)
class FineTuned:
    """What a fine-tune left behind.

    Attributes:
        model: Which of the recipes.
        checkpoint: Its file.
        parameters: Number of weights.
        epochs: Epochs of training.
        kept_epoch: The one whose averaged weights were kept.
        figures: Scores on the subject that chooses, of these weights.
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
    store: PoseStore,
    out: Path,
    model: str,
    recipe: Recipe,
    precision: Precision = "32-true",
    pretrained: Path | None = None,
) -> FineTuned:
    """Trains one model, or takes up its run, and writes its checkpoint.

    Args:
        store: Prepared recordings of UTKinect.
        out: Directory of the run.
        model: Name of the model and of its files.
        recipe: All settings.
        precision: Of the arithmetic, as Lightning names it.
        pretrained: File of the encoder that it begins with; None for random weights.

    Raises:
        StoreError: Where the store lacks a subject or labels.
        FitError: Where the run in ``out`` began with other settings.
        CheckpointError: Where the checkpoint cannot be written, or the pretrained encoder does
            not fit the recipe.
        OSError: Where ``out`` cannot be written to.
    """
    fabric = Fabric(accelerator="auto", devices=1, precision=precision)
    begun_with = None if pretrained is None else load_pretrained(pretrained)
    if begun_with is not None:
        recipe = recipe.around(begun_with.network.backbone.config)
    spec = specification(store, f"utkinect-{model}", recipe)
    torch.manual_seed(recipe.optimisation.seed)
    network = network_of(recipe.network(layout_named(spec.layout), spec.frames, len(spec.labels)))
    settings = _settings(recipe, network) | {"precision": precision}
    if begun_with is not None and isinstance(network, Recogniser):
        _check_reading(begun_with.reading, spec, pretrained)
        load_backbone(network, begun_with)
        settings["pretrained"] = digest(begun_with.network.backbone)
    task = DenseTask(store, UTKINECT, spec, recipe, fabric.device)
    out.mkdir(parents=True, exist_ok=True)
    progress = fit(fabric, network, task, recipe.optimisation, settings, state_path(out, model))
    spec = _measured_on_choosing(spec, task, network)
    path = out / f"{model}.ckpt"
    notes: dict[str, object] = {"settings": settings, "progress": asdict(progress)}
    if begun_with is not None:
        notes["encoder"] = dict(begun_with.provenance)
    _save(network, spec, notes, path)
    return FineTuned(
        model=model,
        checkpoint=str(path),
        parameters=sum(weights.numel() for weights in network.parameters()),
        epochs=progress.epoch,
        kept_epoch=progress.best_epoch,
        figures=spec.figures,
        temperature=spec.calibration.temperature,
    )


def specification(store: PoseStore, name: str, recipe: Recipe) -> ArtifactSpec:
    """What a model of this store and recipe says of itself, before it is measured."""
    return ArtifactSpec(
        name=name,
        version=VERSION,
        task="frames",
        layout=store.data_set.layout,
        joints=layout_named(store.data_set.layout).joints,
        persons=1,
        frames=recipe.frames,
        rate_hz=recipe.rate_hz,
        hop_frames=1,
        lookahead_frames=0,
        labels=store.data_set.labels,
        normalisation="kinect-3d",
        provenance=Provenance(data=DATA, terms=TERMS, commit=commit()),
    )


def _check_reading(reading: Reading, spec: ArtifactSpec, path: Path | None) -> None:
    """Refuses an encoder that was pretrained on clips prepared otherwise."""
    expected, found = (spec.layout, spec.normalisation), (reading.layout, reading.normalisation)
    if expected != found:
        raise CheckpointError(
            f"{path}: expected an encoder of {' clips, normalised as '.join(expected)}; found one "
            f"of {' clips, normalised as '.join(found)}"
        )


def state_path(out: Path, model: str) -> Path:
    """Where the state of a run is kept, from which it is taken up after a kill."""
    return out / f"{model}.state.pt"


def _measured_on_choosing(spec: ArtifactSpec, task: DenseTask, network: Network) -> ArtifactSpec:
    """Adds temperature and scores, both of the recordings that choose."""
    evaluation = task.evaluate(network)
    logits, truth = evaluation.log_probabilities(spec.labels)
    calibration = Calibration(temperature=fit_temperature(logits, truth))
    scores = asdict(evaluation.scores)
    figures = {
        f"utkinect.subject_9.{name}": round(scores[name], 2)
        for name in ("frame_accuracy", "macro_f1", "edit", "f1_10", "f1_25", "f1_50")
    }
    return replace(spec, calibration=calibration, figures=figures)


def _save(network: Network, spec: ArtifactSpec, provenance: dict[str, object], path: Path) -> None:
    artifact = asdict(spec)
    if isinstance(network, Recogniser):
        save_checkpoint(Checkpoint(network, artifact, provenance), path)
    else:
        save_baseline(network, artifact, path)


def _settings(recipe: Recipe, network: Network) -> dict[str, object]:
    """All settings as plain values: what is noted, and what a run must not change."""
    shared = {
        entry.name: getattr(recipe, entry.name)
        for entry in fields(recipe)
        if entry.name != "network"
    }
    settings: dict[str, object] = msgspec.to_builtins(shared | {"network": network.config})
    return settings


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds ``utkinect`` to what ``finetune`` trains."""
    parser = subparsers.add_parser(
        "utkinect",
        help="labels for every frame: a DSTE and its baselines",
        description="Trains models that label every frame, on subjects 1, 3, 5 and 7; subject 9 "
        "chooses. A run that was interrupted is taken up where it was.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "--store",
        metavar="DIR",
        type=Path,
        required=True,
        default=argparse.SUPPRESS,
        help="its prepared store",
    )
    parser.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        required=True,
        default=argparse.SUPPRESS,
        help="directory for checkpoints",
    )
    parser.add_argument(
        "--model",
        choices=[*RECIPES, "all"],
        default="all",
        help="which model; all means those that begin with random weights",
    )
    parser.add_argument(
        "--pretrained",
        metavar="FILE",
        type=Path,
        help="what `--model pretrained` begins with: a checkpoint of `pretrain`",
    )
    parser.add_argument("--epochs", metavar="N", type=int, help="epochs, if not the recipe's")
    parser.add_argument("--seed", metavar="N", type=int, help="seed, if not the recipe's")
    parser.add_argument(
        "--precision", choices=PRECISIONS, default=PRECISIONS[0], help="of the arithmetic"
    )
    parser.add_argument("--restart", action="store_true", help="begin anew, whatever is in --out")
    parser.add_argument(
        "--json", action="store_true", help="print one machine-readable line last on stdout"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Runs the command and returns its exit status: 2, and one sentence, on bad input."""
    done = []
    if (args.model == "pretrained") != (args.pretrained is not None):
        print(
            "finetune: expected --pretrained FILE together with --model pretrained, got "
            f"--model {args.model} {'with' if args.pretrained else 'without'} such a file",
            file=sys.stderr,
        )
        return 2
    try:
        store = PoseStore(args.store)
        for model in FROM_SCRATCH if args.model == "all" else [args.model]:
            recipe = _chosen(RECIPES[model], args.epochs, args.seed)
            if args.restart:
                state_path(args.out, model).unlink(missing_ok=True)
            done.append(finetune(store, args.out, model, recipe, args.precision, args.pretrained))
            print(_line(done[-1]), flush=True)
    except (StoreError, ArtifactError, FitError, CheckpointError, OSError) as error:
        print(f"finetune: {error}", file=sys.stderr)
        return 2
    if args.json:
        print(json.dumps([asdict(result) for result in done]))
    return 0


def _chosen(recipe: Recipe, epochs: int | None, seed: int | None) -> Recipe:
    optimisation = recipe.optimisation
    if epochs is not None:
        optimisation = replace(optimisation, epochs=epochs)
    if seed is not None:
        optimisation = replace(optimisation, seed=seed)
    return replace(recipe, optimisation=optimisation)


def _line(result: FineTuned) -> str:
    scores = ", ".join(
        f"{name.rpartition('.')[2]} {value:.1f}" for name, value in result.figures.items()
    )
    return (
        f"{result.model}: {result.parameters:,} weights, epoch {result.kept_epoch} of "
        f"{result.epochs} kept, temperature {result.temperature:.2f}\n"
        f"  on subject 9 (%): {scores}\n  {result.checkpoint}"
    )

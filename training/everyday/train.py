"""``python -m training everyday``: the everyday models, from prepared stores to checkpoints.

It knows flags, the order of stages and what is printed; what a stage does is its module's.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from model.network.weights import CheckpointError
from model.pose.artifact import ArtifactError
from model.pose.layout import layout_named
from model.pose.store import PoseStore, StoreError
from training.arguments import (
    above_zero,
    add_directory,
    add_json,
    add_precision,
    add_run_directory,
    add_seed,
    positive,
)
from training.consistency import CollapseError
from training.devices import (
    ACCELERATORS,
    AUTO,
    PRECISIONS,
    DeviceError,
    Devices,
    ThisMachine,
    choose_devices,
)
from training.everyday.calibration import ALARMS_PER_MINUTE, calibrated
from training.everyday.choosing import Choosing
from training.everyday.filmed import FilmedPeople
from training.everyday.films import FilmError, read_films
from training.everyday.finetuning import VERSION, finetune_on_streams, finetuned_path
from training.everyday.joined import joined
from training.everyday.picture_recording import PictureRecordingError, read_picture_recordings
from training.everyday.pretraining import READING, StreamPreset, pretrain_on_streams
from training.everyday.recipe import JOINED, NAME, RECIPES, EverydayRecipe
from training.everyday.splits import PATH as SPLITS
from training.everyday.splits import Part, SplitError, check_held_out, held_out, read_splits
from training.everyday.stream_store import open_stores, write_streams
from training.everyday.vocabulary import Vocabulary, VocabularyError, read_vocabulary
from training.labellers import Weights, load_weights, save_weights
from training.optimisation import FitError
from training.pretraining import CHECKPOINT

STAGES = ("streams", "pretrain", "finetune", "calibrate")
MODELS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"everyday": JOINED, **{name: (name,) for name in RECIPES}, "all": tuple(RECIPES)}
)
"""What `--model` can be → the recipes that are fine-tuned for it."""
EXPECTED_ERRORS = (
    StoreError,
    SplitError,
    VocabularyError,
    FilmError,
    PictureRecordingError,
    DeviceError,
    FitError,
    CollapseError,
    CheckpointError,
    ArtifactError,
    OSError,
)
"""Bad input: each says in one sentence what was expected and what came."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Says what ``everyday`` can be told."""
    parser.description = (
        "Trains the default model, of everyday actions, from prepared stores to a calibrated "
        "checkpoint: composes streams, pretrains without labels, fine-tunes, calibrates. What is "
        "done already is not done again, and what was interrupted is taken up."
    )
    add_directory(parser, "--stores", "of prepared stores, each named after its data set")
    parser.add_argument(
        "--recordings",
        metavar="DIR",
        type=Path,
        help="of real videos' keypoints, as python -m service poses writes them (default: "
        "recordings beside the stores)",
    )
    parser.add_argument(
        "--splits",
        metavar="FILE",
        type=Path,
        default=SPLITS,
        help="of which data sets, and who of them trains, chooses and tests (default: the "
        "model's own)",
    )
    add_run_directory(parser, "begin the stages that learn anew, whatever is in --out")
    parser.add_argument(
        "--stage",
        choices=STAGES,
        help="the only stage that is run, after streams (default: all of them)",
    )
    parser.add_argument(
        "--model",
        choices=list(MODELS),
        default="everyday",
        help="which model is fine-tuned and calibrated: what is shipped, an encoder that was "
        "pretrained and a GRU that answer together; that encoder alone, the same from scratch, or "
        "the GRU alone; or all of these",
    )
    _add_settings(parser)
    add_json(parser)
    parser.set_defaults(run=run)


def _add_settings(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("settings")
    for option, metavar, default, what in (
        ("--hours", "HOURS", 12.0, "hours of composed streams that train"),
        ("--choose-minutes", "MIN", 30.0, "minutes of composed streams that choose an epoch"),
        ("--calibrate-minutes", "MIN", 180.0, "minutes of the same people's that calibrate"),
        ("--alarms", "RATE", ALARMS_PER_MINUTE, "false alarms allowed a minute of background"),
    ):
        group.add_argument(option, metavar=metavar, type=above_zero, default=default, help=what)
    for option, metavar, what in (
        ("--pretrain-epochs", "N", "epochs of pretraining"),
        ("--pretrain-batch", "B", "windows of a batch of pretraining"),
        ("--hidden-size", "D", "width of the encoder that is pretrained"),
        ("--frames", "T", "frames of a window"),
        ("--finetune-epochs", "N", "epochs of fine-tuning"),
        ("--finetune-batches", "N", "batches of an epoch of fine-tuning"),
    ):
        said = f"{what} (default: the recipe's)"
        group.add_argument(option, metavar=metavar, type=positive, help=said)
    for option, what in (
        ("--learning-rate", "of fine-tuning, at its highest"),
        ("--encoder-rate-share", "of it, at which a pretrained encoder learns"),
    ):
        said = f"{what} (default: the recipe's)"
        group.add_argument(option, metavar="RATE", type=above_zero, help=said)
    add_seed(group)
    group.add_argument(
        "--accelerator",
        choices=[AUTO, *ACCELERATORS],
        default=AUTO,
        help="what to learn on; auto is CUDA where it is here",
    )
    add_precision(group, [AUTO, *PRECISIONS])


@dataclass(frozen=True)
class _Streams:
    """What the first stage leaves to the others."""

    train: PoseStore
    choose: PoseStore
    calibrate: PoseStore
    held_out: str
    """The hash of who and what they keep from training."""


def run(args: argparse.Namespace) -> int:
    """Runs the stages and returns the exit status: 2, and one sentence, on bad input."""
    stages = STAGES if args.stage is None else (args.stage,)
    try:
        devices = choose_devices(ThisMachine(), args.accelerator, 1, args.precision)
        recipes = {name: _recipe(RECIPES[name], args) for name in MODELS[args.model]}
        preset = _preset(args)
        vocabulary = read_vocabulary()
        filmed = _filmed(args, vocabulary) if "finetune" in stages else None
        streams = _streams(args, vocabulary)
        done: dict[str, Any] = {"streams": len(streams.train), "choosing": len(streams.choose)}
        learnt = recipes.values()
        if "pretrain" in stages and (args.stage or any(recipe.pretrained for recipe in learnt)):
            done["pretrained"] = _pretrained(args, streams, preset, devices)
        if "finetune" in stages:
            done["finetuned"] = [
                _finetuned(args, streams, vocabulary, filmed, recipe, devices) for recipe in learnt
            ]
        if "calibrate" in stages:
            done["models"] = [
                _calibrated(args, streams, vocabulary, *model) for model in _tuned(args, recipes)
            ]
    except EXPECTED_ERRORS as error:
        print(f"everyday: {error}", file=sys.stderr)
        return 2
    if args.json:
        print(json.dumps(done))
    return 0


def _streams(args: argparse.Namespace, vocabulary: Vocabulary) -> _Streams:
    splits = read_splits(args.splits)
    stores = open_stores(args.stores, splits)

    def written(name: str, part: Part, hours: float) -> PoseStore:
        path = args.out / "streams" / name
        return write_streams(stores, vocabulary, splits, part, path, hours, args.seed)

    streams = _Streams(
        written("train", "train", args.hours),
        written("choose", "choose", args.choose_minutes / 60),
        written("calibrate", "choose", args.calibrate_minutes / 60),
        held_out(splits, vocabulary),
    )
    print(
        f"streams: {len(streams.train):,} train, {len(streams.choose):,} choose, "
        f"{len(streams.calibrate):,} calibrate"
    )
    return streams


def _pretrained(
    args: argparse.Namespace,
    streams: _Streams,
    preset: StreamPreset,
    devices: Devices,
) -> str:
    done = pretrain_on_streams(
        streams.train,
        preset,
        args.out / "pretrain",
        devices,
        held_out=streams.held_out,
        restart=args.restart,
    )
    print(f"pretrained: {done.checkpoint}, {done.clips_per_second:,.0f} windows/s on {devices}")
    return str(done.checkpoint)


def _finetuned(
    args: argparse.Namespace,
    streams: _Streams,
    vocabulary: Vocabulary,
    filmed: FilmedPeople | None,
    recipe: EverydayRecipe,
    devices: Devices,
) -> str:
    encoder = args.out / "pretrain" / CHECKPOINT if recipe.pretrained else None
    progress = finetune_on_streams(
        streams.train,
        streams.choose,
        vocabulary,
        recipe,
        args.out,
        devices,
        encoder,
        filmed,
        held_out=streams.held_out,
        frames=args.frames,
        restart=args.restart,
    )
    kept = f"epoch {progress.best_epoch}" if progress.best_epoch else "the last"
    print(f"{recipe.name}: {kept} of {progress.epoch} epochs kept")
    return str(finetuned_path(args.out, recipe))


def _filmed(args: argparse.Namespace, vocabulary: Vocabulary) -> FilmedPeople:
    recordings = read_picture_recordings(args.recordings or args.stores / "recordings")
    skeleton = layout_named(READING.layout)
    return FilmedPeople(recordings, read_films(vocabulary), skeleton, vocabulary.mirror)


def _tuned(
    args: argparse.Namespace, recipes: Mapping[str, EverydayRecipe]
) -> Iterator[tuple[EverydayRecipe, Weights]]:
    """The models that are asked for, as they were fine-tuned."""
    if args.model in ("everyday", "all"):
        first, second = (recipes[name] for name in JOINED)
        weights = joined(NAME, *(finetuned_path(args.out, each) for each in (first, second)))
        yield replace(first, name=NAME), weights
    if args.model != "everyday":
        for recipe in recipes.values():
            yield recipe, load_weights(finetuned_path(args.out, recipe))


def _calibrated(
    args: argparse.Namespace,
    streams: _Streams,
    vocabulary: Vocabulary,
    recipe: EverydayRecipe,
    weights: Weights,
) -> dict[str, object]:
    kept = weights.spec.provenance.held_out
    check_held_out(weights.spec.name, kept, streams.held_out)
    choosing = Choosing(streams.calibrate, vocabulary, weights.spec)
    spec = calibrated(weights, choosing, args.alarms, recipe.weighed.smoothing)
    spec = replace(spec, version=VERSION)
    path: Path = args.out / f"{recipe.name}.ckpt"
    save_weights(replace(weights, spec=spec), path)
    said = ", ".join(f"{name.rpartition('.')[2]} {value:g}" for name, value in spec.figures.items())
    print(f"{path}: temperature {spec.calibration.temperature:g}, {said}")
    return {"checkpoint": str(path), "figures": spec.figures}


def _preset(args: argparse.Namespace) -> StreamPreset:
    """The preset of pretraining with what the flags say in its place."""
    preset = StreamPreset()
    told = _given(epochs=args.pretrain_epochs, batch=args.pretrain_batch, seed=args.seed)
    sizes = _given(hidden_size=args.hidden_size, frames=args.frames)
    optimisation = replace(preset.network.optimisation, **told)
    return replace(preset, network=replace(preset.network, optimisation=optimisation, **sizes))


def _recipe(recipe: EverydayRecipe, args: argparse.Namespace) -> EverydayRecipe:
    """A recipe with what the flags say in its place."""
    told = _given(
        epochs=args.finetune_epochs,
        batches=args.finetune_batches,
        learning_rate=args.learning_rate,
        seed=args.seed,
    )
    if recipe.pretrained:
        told |= _given(encoder_rate_share=args.encoder_rate_share)
    return replace(recipe, optimisation=replace(recipe.optimisation, **told))


def _given(**flags: Any) -> dict[str, Any]:
    return {name: value for name, value in flags.items() if value is not None}

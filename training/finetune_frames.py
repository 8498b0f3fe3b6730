"""``finetune frames``: dense models of any prepared recordings whose frames have labels.

``finetune utkinect`` is the same command for one data set; what both are told stands here. The run
is `training.dense_run`'s.
"""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from model.network.weights import CheckpointError
from model.pose.artifact import ArtifactError
from model.pose.layout import LayoutError
from model.pose.store import PoseStore, StoreError
from training.arguments import (
    add_epochs,
    add_json,
    add_precision,
    add_protocol,
    add_run_directory,
    add_seed,
    add_store,
)
from training.dense_recordings import DenseRecordings, recordings_of
from training.dense_run import FineTuned, finetune
from training.devices import PRECISIONS
from training.optimisation import FitError
from training.protocols import ProtocolError, protocol_named
from training.recipes import FROM_SCRATCH, RECIPES, Recipe

EXPECTED_ERRORS = (
    StoreError,
    LayoutError,
    ArtifactError,
    ProtocolError,
    FitError,
    CheckpointError,
    OSError,
)
"""Bad input: each says in one sentence what was expected and what came."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Says what ``finetune frames`` can be told."""
    parser.description = (
        "Trains models that label every frame, on the training part of a protocol, from scratch or "
        "from a pretrained encoder. A run that was interrupted is taken up where it was."
    )
    add_protocol(parser, required=True)
    add_store(parser, "its prepared store, with labels for frames")
    parser.add_argument(
        "--choosing",
        action="store_true",
        help="hold out the training subjects who choose: they choose which epoch is kept, and the "
        "temperature; without them the last epoch is kept as it is",
    )
    add_dense_arguments(parser)
    parser.set_defaults(run=run)


def add_dense_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds what every dense fine-tune is told: models, run, and what stands in a recipe's place."""
    add_run_directory(parser)
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
        help="what `--model pretrained` begins with: a checkpoint of `pretrain`, or of a dense "
        "model (default: none)",
    )
    add_epochs(parser, "the recipe's")
    add_seed(parser, otherwise="the recipe's")
    add_precision(parser, PRECISIONS)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Runs the command and returns its exit status: 2, and one sentence, on bad input."""
    return run_dense(
        args,
        lambda: recordings_of(protocol_named(args.protocol), PoseStore(args.store), args.choosing),
    )


def run_dense(args: argparse.Namespace, recordings: Callable[[], DenseRecordings]) -> int:
    """Trains the models that are asked for; 2, and one sentence, on bad input.

    Args:
        args: As `add_dense_arguments` has them.
        recordings: Opens what is learnt from.
    """
    if (args.model == "pretrained") != (args.pretrained is not None):
        print(
            "finetune: expected --pretrained FILE together with --model pretrained, got "
            f"--model {args.model} {'with' if args.pretrained else 'without'} such a file",
            file=sys.stderr,
        )
        return 2
    done = []
    try:
        learnt = recordings()
        for model in FROM_SCRATCH if args.model == "all" else [args.model]:
            recipe = _chosen(RECIPES[model], args.epochs, args.seed)
            done.append(
                finetune(
                    learnt,
                    args.out,
                    model,
                    recipe,
                    args.precision,
                    args.pretrained,
                    restart=args.restart,
                )
            )
            print(_line(done[-1], learnt), flush=True)
    except EXPECTED_ERRORS as error:
        print(f"finetune: {error}", file=sys.stderr)
        return 2
    if args.json:
        print(json.dumps([asdict(result) for result in done]))
    return 0


def _chosen(recipe: Recipe, epochs: int | None, seed: int | None) -> Recipe:
    changed: dict[str, Any] = {"epochs": epochs, "seed": seed}
    given = {name: value for name, value in changed.items() if value is not None}
    return replace(recipe, optimisation=replace(recipe.optimisation, **given))


def _line(result: FineTuned, recordings: DenseRecordings) -> str:
    kept = f"epoch {result.kept_epoch}" if result.kept_epoch else "the last"
    lines = [
        f"{result.model}: {result.parameters:,} weights, {kept} of {result.epochs} epochs kept, "
        f"temperature {result.temperature:.2f}"
    ]
    if result.figures:
        scores = ", ".join(
            f"{name.rpartition('.')[2]} {value:.1f}" for name, value in result.figures.items()
        )
        lines.append(f"  {recordings.chosen_by} (%): {scores}")
    return "\n".join([*lines, f"  {result.checkpoint}"])

"""``finetune recognition``: a recogniser of clips, from a pretrained encoder or scratch."""

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import get_args

from model.network.pretrained import Reading, load_pretrained
from model.network.tokens import Modality
from model.pose.layout import layout_named
from model.pose.normalise import NORMALISATIONS
from model.pose.store import PoseStore
from training.arguments import (
    add_epochs,
    add_json,
    add_learning_rate,
    add_precision,
    add_protocol,
    add_run_directory,
    add_seed,
    add_store,
    percent,
)
from training.clip_evaluation import EXPECTED_ERRORS
from training.devices import AUTO, PRECISIONS, DeviceError, ThisMachine, choose_devices
from training.encoders import load_encoder
from training.optimisation import FitError
from training.presets import PRESETS
from training.protocols import protocol_named
from training.recognition_run import Beginning, finetune, labelled_clips
from training.recognition_task import RecognitionRecipe

READING = Reading("joint", "kinect20", "kinect-3d")
"""How clips are read where neither a file nor an option says it."""
FROM_SCRATCH = "small"
"""The preset of pretraining whose sizes a run from scratch takes, unless a file gives them."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Says what ``finetune recognition`` can be told."""
    parser.description = (
        "Trains a recogniser of whole clips on the training part of a protocol, from a pretrained "
        "encoder or from scratch, by one recipe for one number of steps."
    )
    add_protocol(parser, required=True)
    add_store(parser)
    add_run_directory(parser)
    parser.add_argument(
        "--pretrained", metavar="FILE", type=Path, help="encoder to begin with (default: none)"
    )
    parser.add_argument(
        "--from-scratch",
        action="store_true",
        help="take the sizes of --pretrained but not its weights",
    )
    parser.add_argument(
        "--modality",
        choices=get_args(Modality),
        help="what is read, as --pretrained says where it is given (default: joint)",
    )
    parser.add_argument("--layout", help="of the joints, likewise (default: kinect20)")
    parser.add_argument(
        "--normalisation",
        choices=NORMALISATIONS,
        help="of the clips, likewise (default: kinect-3d)",
    )
    parser.add_argument(
        "--labels", metavar="PERCENT", type=percent, default=100.0, help="labels that are known"
    )
    parser.add_argument(
        "--soften",
        metavar="PERCENT",
        type=percent,
        help="of each target, how much a linear probe of the frozen --pretrained says that is "
        "fitted to other people (default: none, labels alone)",
    )
    parser.add_argument(
        "--choosing",
        action="store_true",
        help="leave out the training subjects who choose settings",
    )
    parser.add_argument(
        "--project", action="store_true", help="show clips in space as a camera's picture"
    )
    add_epochs(parser, "the recipe's")
    add_learning_rate(parser, "the recipe's")
    add_seed(parser, "of weights, order, views and labels")
    add_precision(parser, [AUTO, *PRECISIONS])
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Runs the command and returns its exit status: 2, and one sentence, on bad input."""
    recipe = RecognitionRecipe()
    changed = {"epochs": args.epochs, "learning_rate": args.learning_rate, "seed": args.seed}
    given = {name: value for name, value in changed.items() if value is not None}
    try:
        recipe = replace(
            recipe,
            optimisation=replace(recipe.optimisation, **given),
            softened=(args.soften or 0) / 100,
        )
        devices = choose_devices(ThisMachine(), precision=args.precision)
        if devices.processes > 1:
            raise DeviceError(f"expected one process to fine-tune in, got {devices.processes}")
        protocol, store = protocol_named(args.protocol), PoseStore(args.store)
        clips = labelled_clips(protocol, store, args.choosing, args.labels, args.seed, args.project)
        beginning = _beginning(args)
        path = finetune(clips, beginning, recipe, args.out, devices, restart=args.restart)
    except (*EXPECTED_ERRORS, DeviceError) as error:
        print(f"finetune recognition: {error}", file=sys.stderr)
        return 2
    print(f"{path}: {len(clips.places):,} of {clips.full:,} labelled clips")
    if args.json:
        print(json.dumps({"checkpoint": str(path), "clips": len(clips.places)}))
    return 0


def _beginning(args: argparse.Namespace) -> Beginning:
    """Where the run begins.

    Raises:
        CheckpointError: There is no encoder in the file.
        FitError: Clips are to be read in another way than the file says.
        LayoutError: The layout is unknown.
    """
    said = {"modality": args.modality, "layout": args.layout, "normalisation": args.normalisation}
    given = {name: value for name, value in said.items() if value is not None}
    if args.pretrained is None:
        reading = replace(READING, **given)
        joints = len(layout_named(reading.layout).joints)
        return Beginning(PRESETS[FROM_SCRATCH].encoder_config(joints), reading)
    # An encoder that learnt with labels knows them; nobody would be held out from its answers.
    pretrained = (load_pretrained if args.soften else load_encoder)(args.pretrained)
    for name, value in given.items():
        if value != (reads := getattr(pretrained.reading, name)):
            raise FitError(f"--{name}: {args.pretrained} reads {reads}, got {value}")
    weights = None if args.from_scratch else pretrained
    return Beginning(pretrained.network.backbone.config, pretrained.reading, weights)

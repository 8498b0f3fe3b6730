"""``python -m training everyday``: the everyday model, from prepared stores to its checkpoint.

It knows flags, stages and what is printed; what a stage does is its module's.
"""

import argparse
import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from model.network.weights import CheckpointError
from model.pose.store import PoseStore, StoreError
from training.arguments import (
    above_zero,
    add_directory,
    positive,
    add_json,
    add_precision,
    add_run_directory,
    add_seed,
)
from training.consistency import CollapseError
from training.devices import ACCELERATORS, AUTO, PRECISIONS, DeviceError, ThisMachine
from training.devices import choose_devices
from training.everyday.pretraining import StreamPreset, pretrain_on_streams
from training.everyday.splits import SplitError, read_splits
from training.everyday.stream_store import open_stores, write_streams
from training.everyday.vocabulary import VocabularyError, read_vocabulary
from training.optimisation import FitError

STAGES = ("streams", "pretrain")


def configure(parser: argparse.ArgumentParser) -> None:
    """Says what ``everyday`` can be told."""
    add_directory(parser, "--stores", "of the prepared stores, each named after its data set")
    add_run_directory(parser)
    parser.add_argument("--stage", choices=STAGES, help="x")
    parser.add_argument("--hours", type=above_zero, default=10.0)
    parser.add_argument("--choose-minutes", type=above_zero, default=30.0)
    parser.add_argument("--pretrain-epochs", metavar="N", type=positive)
    add_seed(parser)
    parser.add_argument("--accelerator", choices=[AUTO, *ACCELERATORS], default=AUTO)
    add_precision(parser, [AUTO, *PRECISIONS])
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    try:
        splits, vocabulary = read_splits(), read_vocabulary()
        stores = open_stores(args.stores, splits)
        train = write_streams(
            stores,
            vocabulary,
            splits,
            "train",
            args.out / "streams" / "train",
            args.hours,
            args.seed,
        )
        choose = write_streams(
            stores,
            vocabulary,
            splits,
            "choose",
            args.out / "streams" / "choose",
            args.choose_minutes / 60,
            args.seed,
        )
        print(len(train), len(choose))
        if args.stage == "streams":
            return 0
        preset = StreamPreset()
        opt = preset.network.optimisation
        opt = replace(opt, seed=args.seed, epochs=args.pretrain_epochs or opt.epochs)
        preset = replace(preset, network=replace(preset.network, optimisation=opt))
        devices = choose_devices(ThisMachine(), args.accelerator, 1, args.precision)
        done = pretrain_on_streams(
            train, preset, args.out / "pretrain", devices, restart=args.restart
        )
        print(done.checkpoint, done.clips_per_second)
    except (
        StoreError,
        SplitError,
        VocabularyError,
        DeviceError,
        FitError,
        CollapseError,
        CheckpointError,
        OSError,
    ) as error:
        print(f"everyday: {error}", file=sys.stderr)
        return 2
    return 0

"""What the tasks on frozen features have in common: their options, and how they are run."""

import argparse
from collections.abc import Callable
from pathlib import Path

from model.network.tokens import MODALITIES
from model.pose.layout import LAYOUTS
from model.pose.store import PoseStore
from training.arguments import positive
from training.clip_evaluation import Outcome, add_arguments, mean_outcome, run_task
from training.frozen_streams import Frozen, open_stream
from training.protocols import Partition

Measure = Callable[[Frozen], Outcome]


def add_frozen_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options that every task on frozen features has."""
    add_pretrained_argument(parser, required=True)
    add_encoder_arguments(parser)
    add_arguments(parser)


def add_pretrained_argument(parser: argparse._ActionsContainer, required: bool) -> None:
    """Adds ``--pretrained``."""
    parser.add_argument(
        "--pretrained",
        metavar="FILE",
        type=Path,
        nargs="+",
        required=required,
        help="pretrained encoders; several are an ensemble"
        + ("" if required else " (default: fine-tuned ones)"),
    )


def add_encoder_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds ``--random-weights``, ``--modalities`` and ``--through``: how encoders are asked."""
    parser.add_argument(
        "--random-weights",
        metavar="N",
        type=positive,
        help="the mean over N seeds of encoders of the same sizes with random weights "
        "(default: the weights of the files)",
    )
    parser.add_argument(
        "--modalities",
        choices=MODALITIES,
        nargs="+",
        help="what a multi-modal encoder is given (default: all that it was trained on)",
    )
    parser.add_argument(
        "--through",
        metavar="LAYOUT",
        choices=sorted(LAYOUTS),
        help="reduce clips to the joints of this layout first, as if they had been recorded in it "
        "(default: not)",
    )


def run_frozen(args: argparse.Namespace, task: str, measure: Measure) -> int:
    """Runs a task on frozen features; returns the command's exit status."""

    def measured(store: PoseStore, partition: Partition) -> Outcome:
        streams = tuple(
            open_stream(path, store, args.project, args.modalities, args.through)
            for path in args.pretrained
        )
        frozen = Frozen(streams, partition, store.data_set.labels, args.seed)
        if args.random_weights is None:
            return measure(frozen)
        seeds = range(args.seed, args.seed + args.random_weights)
        outcomes = [measure(frozen.randomised(seed)) for seed in seeds]
        return mean_outcome(outcomes, "encoders with random weights")

    weights = args.pretrained if args.random_weights is None else ()
    return run_task(args, task, measured, weights)

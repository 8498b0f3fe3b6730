"""``evaluate recognition``: fine-tuned recognisers of clips; streams average probabilities."""

import argparse
from pathlib import Path

from model.pose.store import PoseStore
from training.clip_evaluation import Outcome, accuracy, add_arguments, run_task
from training.protocols import Partition
from training.recognition_streams import CROPS, mean_probabilities, open_recogniser
from training.subsets import classes_of


def recognition(
    store: PoseStore, partition: Partition, checkpoints: list[Path], project: bool
) -> Outcome:
    """Asks recognisers about the clips of a partition.

    Raises:
        CheckpointError: A file is no checkpoint of a recogniser of clips.
        StoreError: The store does not fit one.
    """
    streams = [open_recogniser(path, store, project) for path in checkpoints]
    truth = classes_of(store.entries[place] for place in partition.test)
    predicted = mean_probabilities(streams, partition.test).argmax(axis=1)
    return Outcome(
        {"": accuracy(truth, predicted)},
        truth,
        predicted,
        notes=(
            "Fine-tuned; the averaged weights of the last epoch, "
            f"asked about {len(CROPS)} crops of each clip.",
        ),
    )


def add_checkpoint_argument(parser: argparse._ActionsContainer, required: bool) -> None:
    """Adds ``--checkpoint``."""
    parser.add_argument(
        "--checkpoint",
        metavar="FILE",
        type=Path,
        nargs="+",
        required=required,
        help="recognisers of finetune recognition; several are an ensemble"
        + ("" if required else " (default: pretrained encoders)"),
    )


def configure(parser: argparse.ArgumentParser) -> None:
    """Says what ``evaluate recognition`` can be told."""
    parser.description = (
        "Asks checkpoints of finetune recognition for the class of each clip: the mean of what "
        "they say of the whole clip and of crops of it."
    )
    add_checkpoint_argument(parser, required=True)
    add_arguments(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Runs the command and returns its exit status: 2, and one sentence, on bad input."""
    return run_task(
        args,
        "recognition",
        lambda store, partition: recognition(store, partition, args.checkpoint, args.project),
        args.checkpoint,
    )

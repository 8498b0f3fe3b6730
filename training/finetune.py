"""``python -m training finetune``: what is trained with labels, each in a file of its own."""

import argparse

from training.commands import Command, add_commands

TASKS = (
    Command("recognition", "training.finetune_recognition", "a class for every clip"),
    Command(
        "linear",
        "training.finetune_linear",
        "a linear head on an encoder that stays as it is",
    ),
    Command(
        "frames",
        "training.finetune_frames",
        "labels for every frame of recordings, by any protocol",
    ),
    Command(
        "utkinect",
        "training.finetune_utkinect",
        "labels for every frame of UTKinect: a DSTE and its baselines",
    ),
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Says what ``finetune`` can be told."""
    parser.description = "Trains with labels. A run that was interrupted is taken up where it was."
    add_commands(parser, "task", TASKS)

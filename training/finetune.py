"""``python -m training finetune``: what is trained with labels, each in a file of its own."""

import argparse

from training import finetune_recognition, finetune_utkinect

TASKS = (finetune_recognition, finetune_utkinect)


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds ``finetune`` to the commands of ``python -m training``."""
    parser = subparsers.add_parser(
        "finetune",
        help="train with labels, from a pretrained encoder or from scratch",
        description="Trains with labels. A run that was interrupted is taken up where it was.",
    )
    tasks = parser.add_subparsers(dest="task", required=True, metavar="TASK")
    for task in TASKS:
        task.add_parser(tasks)

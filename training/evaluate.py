"""``python -m training evaluate``: tasks by which weights are measured, each in its own file."""

import argparse

from training import (
    evaluate_detection,
    evaluate_early,
    evaluate_few_shot,
    evaluate_knn,
    evaluate_linear,
    evaluate_recognition,
    evaluate_segmentation,
    evaluate_utkinect,
)

TASKS = (
    evaluate_linear,
    evaluate_knn,
    evaluate_few_shot,
    evaluate_early,
    evaluate_recognition,
    evaluate_detection,
    evaluate_segmentation,
    evaluate_utkinect,
)


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds ``evaluate`` to the commands of ``python -m training``."""
    parser = subparsers.add_parser(
        "evaluate",
        help="measure weights on a task",
        description="Measures pretrained encoders, fine-tuned checkpoints and artifacts on tasks.",
    )
    tasks = parser.add_subparsers(dest="task", required=True, metavar="TASK")
    for task in TASKS:
        task.add_parser(tasks)

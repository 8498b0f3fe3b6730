"""``python -m training evaluate``: tasks by which weights are measured, each in its own file."""

import argparse

from training.commands import Command, add_commands

TASKS = (
    Command("linear", "training.evaluate_linear", "a linear probe on frozen features"),
    Command("knn", "training.evaluate_knn", "retrieval of the nearest clip by frozen features"),
    Command("few-shot", "training.evaluate_few_shot", "recognition from 1, 3 and 5 clips a class"),
    Command("early", "training.evaluate_early", "recognition from the beginning of a clip"),
    Command("recognition", "training.evaluate_recognition", "fine-tuned recognition of clips"),
    Command(
        "detection",
        "training.evaluate_detection",
        "temporal action detection: mAP_a and mAP_v at tIoU 0.1 to 0.9",
    ),
    Command(
        "segmentation",
        "training.evaluate_segmentation",
        "temporal action segmentation: frame accuracy, edit score, F1@10, 25, 50",
    ),
    Command(
        "utkinect",
        "training.evaluate_utkinect",
        "labels for every frame, online, over whole recordings",
    ),
    Command(
        "everyday",
        "training.everyday.evaluate",
        "an everyday model on streams of held-out people, by virtual webcams",
    ),
    Command(
        "everyday-videos",
        "training.everyday.evaluate_videos",
        "an everyday model on keypoints of real videos",
    ),
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Says what ``evaluate`` can be told."""
    parser.description = (
        "Measures pretrained encoders, fine-tuned checkpoints and artifacts on tasks."
    )
    add_commands(parser, "task", TASKS)

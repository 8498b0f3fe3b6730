"""``python -m training evaluate segmentation``: a dense model's labels against the true ones.

Temporal action segmentation (USDRL, AAAI 2025, task 6): frame accuracy, edit score and F1@k.
"""

import argparse
import json
import sys

from model.pose.figures import measured
from model.pose.metrics import SegmentationScores
from training.dense_evaluation import (
    EXPECTED_ERRORS,
    MEASURES,
    add_arguments,
    command_of,
    evaluate_dense,
    score_lines,
)
from training.results import Result, check_name, write_result

TASK = "segmentation"


def configure(parser: argparse.ArgumentParser) -> None:
    """Says what ``evaluate segmentation`` can be told."""
    parser.description = (
        "Runs a dense model over whole recordings and prints how well the labels of frames agree "
        "with the truth."
    )
    add_arguments(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Runs the command and returns its exit status: 2, and one sentence, on bad input."""
    try:
        check_name(args.name)
        dense = evaluate_dense(args)
        scores = dense.said.scores
        command = command_of(TASK, args)
        figures = tuple(
            measured(
                f"{args.name}.{field}", round(getattr(scores, field), 4), "%", command, dense.asked
            )
            for field in MEASURES
        )
        result = Result(
            args.name,
            TASK,
            dense.protocol,
            figures,
            dense.spec.labels,
            notes=(dense.asked,),
            choosing=dense.learnt,
        )
        path = write_result(result, args.out)
    except EXPECTED_ERRORS as error:
        print(f"evaluate: {error}", file=sys.stderr)
        return 2
    print("\n".join([*_lines(dense.spec.name, scores), str(path)]))
    if args.json:
        print(json.dumps({figure.name: figure.value for figure in figures}))
    return 0


def _lines(name: str, scores: SegmentationScores) -> list[str]:
    heading = f"{name}: {scores.recordings} recordings, {scores.frames:,} frames"
    return [heading, *score_lines(scores)]

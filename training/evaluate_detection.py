"""``python -m training evaluate detection``: a dense model's segments against the true ones.

Temporal action detection (USDRL, AAAI 2025, task 5): mAP_a and mAP_v at tIoU 0.1 to 0.9.
"""

import argparse
import json
import sys

from model.pose.figures import measured
from model.pose.store import StoreError
from training.average_precision import Recording
from training.dense_evaluation import (
    EXPECTED_ERRORS,
    DenseEvaluation,
    add_arguments,
    command_of,
    evaluate_dense,
)
from training.detection import (
    OF_A_CLASS,
    TIOUS,
    DetectionScores,
    class_curves,
    detected,
    score_detection,
)
from training.results import Point, Result, check_name, write_result

TASK = "detection"
CURVES_AT = 0.5


def configure(parser: argparse.ArgumentParser) -> None:
    """Says what ``evaluate detection`` can be told."""
    parser.description = (
        "Runs a dense model over whole recordings, takes the runs of frames in which a class is "
        "likely for proposals, and prints their mean average precision over classes and over "
        "recordings."
    )
    add_arguments(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Runs the command and returns its exit status: 2, and one sentence, on bad input."""
    try:
        check_name(args.name)
        dense = evaluate_dense(args)
        recordings = proposed(dense)
        if not any(recording.truth for recording in recordings):
            raise StoreError(f"{args.store}: expected an action in some frame, got background only")
        scores = score_detection(recordings)
        result = _result(dense, recordings, scores, args)
        path = write_result(result, args.out)
    except EXPECTED_ERRORS as error:
        print(f"evaluate: {error}", file=sys.stderr)
        return 2
    print("\n".join([*_lines(dense.spec.name, scores), str(path)]))
    if args.json:
        print(json.dumps({figure.name: figure.value for figure in result.figures}))
    return 0


def proposed(dense: DenseEvaluation) -> list[Recording]:
    """What a model proposes in each recording, and what is true of it."""
    return [
        detected(dense.probabilities(clip.name), dense.said.truths[clip.name], clip.segments)
        for clip in dense.clips
    ]


def _result(
    dense: DenseEvaluation,
    recordings: list[Recording],
    scores: DetectionScores,
    args: argparse.Namespace,
) -> Result:
    command = command_of(TASK, args)
    measures = {"map_a": scores.by_action, "map_v": scores.by_recording}
    figures = [
        measured(
            f"{args.name}.{measure}_{round(100 * tiou)}",
            round(by_tiou[tiou], 4),
            "%",
            command,
            dense.asked,
        )
        for measure, by_tiou in measures.items()
        for tiou in TIOUS
    ]
    curves: dict[str, tuple[Point, ...]] = {
        measure: tuple((tiou, by_tiou[tiou]) for tiou in TIOUS)
        for measure, by_tiou in measures.items()
    }
    for label, curve in class_curves(recordings, CURVES_AT).items():
        points = zip(curve.recall.tolist(), curve.precision.tolist(), strict=True)
        curves[f"{OF_A_CLASS}{dense.spec.labels[label]}"] = tuple(points)
    return Result(
        name=args.name,
        task=TASK,
        protocol=dense.protocol,
        figures=tuple(figures),
        classes=dense.spec.labels,
        curves=curves,
        notes=(
            f"{scores.recordings} recordings, {scores.segments} true segments, "
            f"{scores.proposals} proposals; precision-recall at tIoU {CURVES_AT:g}; "
            f"look-ahead {dense.spec.lookahead_frames} frames.",
            *dense.notes,
        ),
        choosing=dense.learnt,
    )


def _lines(name: str, scores: DetectionScores) -> list[str]:
    return [
        f"{name}: {scores.recordings} recordings, {scores.segments} true segments, "
        f"{scores.proposals:,} proposals",
        "  tIoU    mAP_a   mAP_v",
        *(
            f"  {tiou:.1f}   {scores.by_action[tiou]:6.1f}  {scores.by_recording[tiou]:6.1f} %"
            for tiou in TIOUS
        ),
    ]

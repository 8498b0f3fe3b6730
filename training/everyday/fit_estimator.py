"""``python -m training fit-estimator``: recordings of real video in, an estimator's errors out.

It prints what `training.everyday.estimator_fit` measures; the defaults of
`training.everyday.errors` were set from it by hand.
"""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from model.pose.layout import layout_named
from training.arguments import add_json
from training.everyday.estimator_fit import QUANTILES, Measured, measure
from training.everyday.picture_recording import PictureRecordingError, read_picture_recordings

LAYOUT = "body13"
FOR_TESTING = "upfall_*_trial1_*.jsonl"
"""Recordings by which nothing is fitted."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Says what ``fit-estimator`` is told, and what runs it."""
    parser.description = (
        "Measures, without ground truth, how a pose estimator trembles, scores, loses and swaps "
        "joints. Recordings are made with python -m service poses VIDEO … --out DIR."
    )
    parser.add_argument(
        "--recordings",
        metavar="DIR",
        type=Path,
        required=True,
        default=argparse.SUPPRESS,
        help="directory of recordings in pixels (*.jsonl), none of them UP-Fall's trial 1",
    )
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Runs the command and returns its exit status: 2, after one sentence, on bad input."""
    try:
        measured = _measured(args.recordings)
    except (PictureRecordingError, ValueError) as error:
        print(f"fit-estimator: {error}", file=sys.stderr)
        return 2
    print("\n".join(table(measured)))
    if args.json:
        print(json.dumps(_finite(asdict(measured))))
    return 0


def _measured(directory: Path) -> Measured:
    for path in sorted(directory.glob(FOR_TESTING)):
        raise PictureRecordingError(f"{path} is for testing alone; put it somewhere else")
    return measure(read_picture_recordings(directory), layout_named(LAYOUT))


def table(measured: Measured) -> list[str]:
    """The lines that say what was measured; lengths are in thousandths of a torso."""
    lines = [
        f"{measured.frames} frames; nobody found in {100 * measured.nobody:.1f} %; of the joints "
        f"of people {100 * measured.lost:.1f} % missing, {100 * measured.outside:.1f} % outside",
        f"{'1/1000 torso':12}{'rest':>8}{'moving':>8}{'lag 1':>8}{'wander':>8}{'swaps/min':>11}"
        f"{'score':>8}",
    ]
    for kind, rest in measured.rest.items():
        swaps = f"{measured.swaps[kind]:11.1f}" if kind in measured.swaps else f"{'':11}"
        lines.append(
            f"{kind:12}{1000 * rest:8.2f}{1000 * measured.moving[kind]:8.1f}"
            f"{measured.autocorrelation[kind]:8.2f}{1000 * measured.wander[kind]:8.2f}{swaps}"
            f"{measured.seen[kind]:8.3f}"
        )
    lines.append(f"{'scores':12}" + "".join(f"{100 * share:7.0f}%" for share in QUANTILES))
    for zone, values in measured.scores.items():
        lines.append(f"{zone:12}" + "".join(f"{value:8.3f}" for value in values))
    return lines


def _finite(value: object) -> object:
    """The same with None for what is not a number, which JSON cannot say."""
    if isinstance(value, dict):
        return {name: _finite(held) for name, held in value.items()}
    if isinstance(value, tuple):
        return [_finite(held) for held in value]
    return None if value != value else value

"""``python -m training evaluate everyday``: a model against streams of people whom it never saw."""

import argparse
import json
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from model.pose.artifact import ArtifactSpec
from model.pose.figures import measured
from training.arguments import above_zero, add_directory, add_json, add_result, natural
from training.dense_evaluation import EXPECTED_ERRORS, add_model, opened_model
from training.everyday.cost import cost_of
from training.everyday.evaluation import UNITS, Findings, Plan, evaluate_streams
from training.everyday.splits import Part, SplitError, check_held_out, held_out, read_splits
from training.everyday.stream_store import open_stores
from training.everyday.vocabulary import Vocabulary, VocabularyError, read_vocabulary
from training.results import Result, check_name, write_result

TASK = "everyday"
PROTOCOLS: Mapping[Part, str] = MappingProxyType(
    {
        "test": "everyday/held-out people",
        "choose": "everyday/people who choose",
        "train": "everyday/people who trained",
    }
)
SHOWN = ("macro_f1", "frame_accuracy", "false_alarms_per_minute", "onset_delay_s", "ece")


def configure(parser: argparse.ArgumentParser) -> None:
    """Says what ``evaluate everyday`` can be told."""
    parser.description = (
        "Lets a model label streams of held-out people online, seen by virtual webcams, composed "
        "streams and real ones apart, and writes all that is measured as a result."
    )
    add_model(parser)
    add_directory(parser, "--stores", "of prepared stores, each named after its data set")
    plan = Plan()
    parser.add_argument(
        "--minutes",
        metavar="N",
        type=above_zero,
        default=plan.minutes,
        help="of composed streams",
    )
    parser.add_argument(
        "--unknown-minutes",
        metavar="N",
        type=natural,
        default=round(plan.unknown_minutes),
        help="of streams with actions that were kept from training; 0 for none",
    )
    parser.add_argument(
        "--robustness-minutes",
        metavar="N",
        type=natural,
        default=round(plan.robustness_minutes),
        help="of streams for each point of the curves and each layout; 0 for none",
    )
    people = parser.add_mutually_exclusive_group()
    people.add_argument(
        "--choosing",
        action="store_const",
        const="choose",
        default="test",
        dest="part",
        help="on the people who choose settings, instead of those who test",
    )
    people.add_argument(
        "--trained",
        action="store_const",
        const="train",
        default="test",
        dest="part",
        help="on other streams of the people who trained it: what is left when nobody is new to it",
    )
    add_result(parser, "everyday.joined")
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Runs the command and returns its exit status: 2, and one sentence, on bad input."""
    part: Part = args.part
    plan = Plan(args.minutes, args.unknown_minutes, args.robustness_minutes)
    try:
        check_name(args.name)
        vocabulary, splits = read_vocabulary(), read_splits()
        labeller = opened_model(args)
        _check_held_out(labeller.spec, held_out(splits, vocabulary))
        stores = open_stores(args.stores, splits)
        findings = evaluate_streams(labeller, stores, vocabulary, splits, part, plan)
        values = dict(findings.values) | _cost(args.artifact)
        result = _result(args, findings, values, vocabulary)
        path = write_result(result, args.out)
    except (*EXPECTED_ERRORS, VocabularyError, SplitError) as error:
        print(f"evaluate: {error}", file=sys.stderr)
        return 2
    print(f"{labeller.spec.name}: {part}, {values['minutes']:.0f} minutes composed; {path}")
    for name in SHOWN:
        if name in values:
            print(f"  {name:<24}{values[name]:8.2f} {unit_of(name)}")
    if args.json:
        print(json.dumps(values))
    return 0


def _check_held_out(spec: ArtifactSpec, wanted: str) -> None:
    """Refuses a model that may have learnt what it is asked; one that does not say is told of.

    Raises:
        SplitError: Other people or actions were kept from its training.
    """
    if spec.provenance.held_out:
        check_held_out(spec.name, spec.provenance.held_out, wanted)
    else:
        print(f"{spec.name} does not say what was kept from its training: it may know all of this.")


def unit_of(name: str) -> str:
    """The unit of a value."""
    return UNITS.get(name.rpartition(".")[2], "%")


def _cost(artifact: Path | None) -> dict[str, float]:
    if artifact is None:
        return {}
    cost = cost_of(artifact)
    return {"window_ms": cost.window_ms, "size_mb": cost.size_mb}


def _result(
    args: argparse.Namespace, findings: Findings, values: dict[str, float], vocabulary: Vocabulary
) -> Result:
    command = _command(args)
    figures = [
        measured(f"{args.name}.{name}", round(value, 4), unit_of(name), command)
        for name, value in values.items()
    ]
    return Result(
        args.name,
        TASK,
        PROTOCOLS[args.part],
        tuple(figures),
        vocabulary.labels,
        findings.truth,
        findings.predicted,
        dict(findings.curves),
        choosing=args.part == "choose",
    )


def _command(args: argparse.Namespace) -> str:
    model = ("--artifact", args.artifact) if args.artifact else ("--checkpoint", args.checkpoint)
    words = ["python", "-m", "training", "evaluate", TASK, *model, "--stores", args.stores]
    words += ["--minutes", f"{args.minutes:g}", "--unknown-minutes", args.unknown_minutes]
    words += ["--robustness-minutes", args.robustness_minutes]
    words += {"choose": ["--choosing"], "train": ["--trained"]}.get(args.part, [])
    return shlex.join(str(word) for word in [*words, "--name", args.name, "--out", args.out])

"""What the commands have in common that evaluate clips by a protocol: options, outcome, result.

Each task is a file of its own that says how it predicts; it is given encoders and clips, and gives
an outcome.
"""

import argparse
import json
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score

from model.network.weights import CheckpointError
from model.pose.artifact import ArtifactError
from model.pose.figures import measured
from model.pose.layout import LayoutError
from model.pose.store import PoseStore, StoreError
from training.arguments import add_json, add_protocol, add_result, add_seed, add_store
from training.comparison import DEVIATION
from training.leaks import LeakError, check_unseen
from training.optimisation import FitError
from training.protocols import Partition, ProtocolError, protocol_named
from training.results import FeatureMap, Point, Result, ResultError, check_name, write_result

EXPECTED_ERRORS = (
    StoreError,
    LayoutError,
    CheckpointError,
    ArtifactError,
    ProtocolError,
    LeakError,
    ResultError,
    FitError,
    OSError,
)
"""Bad input: each says in one sentence what was expected and what came."""


@dataclass(frozen=True)
class Outcome:
    """What a task found.

    Attributes:
        values: What follows the result's name (``""``, ``".5"``) to a figure in per cent.
        truth: ``(N,)`` class of each clip that was asked, where there is one answer a clip.
        predicted: ``(N,)`` the answers.
        curves: Name to points, where accuracy depends on something.
        feature_map: Features in a plane.
        notes: Sentences.
    """

    values: dict[str, float]
    truth: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    predicted: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    curves: dict[str, tuple[Point, ...]] = field(default_factory=dict)
    feature_map: FeatureMap | None = None
    notes: tuple[str, ...] = ()


def accuracy(truth: NDArray[np.int64], predicted: NDArray[np.int64]) -> float:
    """Share of right answers, in per cent."""
    return float(100 * accuracy_score(truth, predicted))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options that every such task has."""
    add_protocol(parser, required=True)
    add_store(parser)
    add_result(parser, "nw_ucla.linear.single")
    parser.add_argument(
        "--choosing",
        action="store_true",
        help="ask training subjects who are held out, and look at no test clip",
    )
    parser.add_argument(
        "--project", action="store_true", help="show clips in space as a camera's picture"
    )
    add_seed(parser)
    add_json(parser)


def opened(args: argparse.Namespace) -> tuple[PoseStore, Partition]:
    """Opens the store and splits it, and checks the result's name before anything is measured.

    Raises:
        StoreError: It is no store.
        ProtocolError: The protocol is unknown or does not fit.
        ResultError: The name cannot be one of a file.
    """
    check_name(args.name)
    protocol = protocol_named(args.protocol)
    store = PoseStore(args.store)
    return store, protocol.partition(store, args.choosing)


def run_task(
    args: argparse.Namespace,
    task: str,
    measure: Callable[[PoseStore, Partition], Outcome],
    weights: Sequence[Path],
) -> int:
    """Measures, writes the result and says it; 2, and one sentence, on bad input.

    Args:
        args: Of the command.
        task: Its name.
        measure: The task itself.
        weights: Files whose weights are asked, and should not have seen the clips that are.
    """
    try:
        store, partition = opened(args)
        notes = _unseen(args, weights, store, partition)
        outcome = measure(store, partition)
        outcome = replace(outcome, notes=(*outcome.notes, *notes))
        path = write_result(_result(args, task, store, outcome), args.out)
    except EXPECTED_ERRORS as error:
        print(f"evaluate {task}: {error}", file=sys.stderr)
        return 2
    named = {f"{args.name}{suffix}": round(value, 4) for suffix, value in outcome.values.items()}
    for name, value in named.items():
        print(f"{name:<48}{value:6.2f} %")
    print(path)
    if args.json:
        print(json.dumps(named))
    return 0


def _unseen(
    args: argparse.Namespace, weights: Sequence[Path], store: PoseStore, partition: Partition
) -> tuple[str, ...]:
    """What the result has to say of what the weights saw.

    Whoever chooses settings may have chosen an epoch by the same clips, so that is said, here and
    in the result, which no report takes; of clips that test it is refused.
    """
    try:
        return check_unseen(weights, protocol_named(args.protocol).name, store, partition.test)
    except LeakError as leak:
        if not args.choosing:
            raise
        print(leak, file=sys.stderr)
        return (f"{leak}.",)


def mean_outcome(outcomes: Sequence[Outcome], what: str) -> Outcome:
    """The mean of several outcomes, and its deviation; answers and curves are those of the first.

    Args:
        outcomes: Of the same task on the same clips, at least one.
        what: What differs between them, for the note.
    """
    first = outcomes[0]
    if len(outcomes) == 1:
        return first
    found = {
        suffix: [outcome.values[suffix] for outcome in outcomes]
        for suffix in first.values
        if not suffix.endswith(DEVIATION)
    }
    means = {suffix: float(np.mean(values)) for suffix, values in found.items()}
    deviations = {
        f"{suffix}{DEVIATION}": float(np.std(values, ddof=1)) for suffix, values in found.items()
    }
    return Outcome(
        values=means | deviations,
        truth=first.truth,
        predicted=first.predicted,
        curves=first.curves,
        feature_map=first.feature_map,
        notes=(*first.notes, f"Mean and deviation of {len(outcomes)} {what}."),
    )


def _result(args: argparse.Namespace, task: str, store: PoseStore, outcome: Outcome) -> Result:
    notes = [protocol_named(args.protocol).says.capitalize() + "."]
    if args.choosing:
        notes.append("Choosing subjects stand in for the test; no test clip was read.")
    notes += outcome.notes
    command = _command(args, task)
    return Result(
        name=args.name,
        task=task,
        protocol=args.protocol,
        figures=tuple(
            measured(f"{args.name}{suffix}", round(value, 4), "%", command, " ".join(notes))
            for suffix, value in outcome.values.items()
        ),
        classes=store.data_set.labels,
        truth=tuple(outcome.truth.tolist()),
        predicted=tuple(outcome.predicted.tolist()),
        curves=outcome.curves,
        feature_map=outcome.feature_map,
        notes=tuple(notes),
        choosing=args.choosing,
        data_set=store.data_set.name,
    )


def _command(args: argparse.Namespace, task: str) -> str:
    """The command that measures the same again, with all settings spelt out."""
    words = ["python", "-m", "training", "evaluate", task]
    for option, value in vars(args).items():
        if option in _NO_SETTINGS or value is None or value is False:
            continue
        words.append(f"--{option.replace('_', '-')}")
        if value is not True:
            words += map(str, value) if isinstance(value, list) else [str(value)]
    return shlex.join(words)


_NO_SETTINGS = frozenset(("command", "task", "run", "json"))

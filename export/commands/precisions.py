"""``export precisions``: all precisions of an artifact, side by side on this machine."""

import argparse
import shlex
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from export.artifact_file import Artifact, open_artifact
from export.fidelity import Contender, Fidelity, compare
from export.precision_arguments import add_recordings, recordings_of
from export.printing import say
from export.quantise import PRECISIONS, check_float32
from export.trial import tried, window_ms
from model.pose.figures import Figure, machine, measured, record_figures

FLOAT32 = "fp32"


@dataclass(frozen=True)
class Row:
    """One precision.

    Attributes:
        precision: its name.
        artifact: in memory.
        window_ms: median time of one window on one core.
        fidelity: its labels beside those of float32.
        dependence: what neighbours in a batch change, over the logits' spread.
        servable: whether that is next to nothing.
    """

    precision: str
    artifact: Artifact
    window_ms: float
    fidelity: Fidelity
    dependence: float = 0.0
    servable: bool = True


def configure(parser: argparse.ArgumentParser) -> None:
    """Says what ``precisions`` can be told."""
    parser.description = (
        "Makes an artifact's other precisions in memory and prints size, time of one window on "
        "one core, and how their labels of real recordings agree with float32's and with the "
        "truth. Times are of artifacts that take turns; nothing is written."
    )
    parser.add_argument("artifact", type=Path, help="the .onnx file at fp32")
    add_recordings(parser)
    parser.add_argument(
        "--record", action="store_true", help="write the figures to benchmarks/figures.json"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Runs the command."""
    source = open_artifact(options.artifact)
    check_float32(source.spec)
    recordings = recordings_of(options, source.spec)
    windows = recordings.calibration()
    trials = {name: tried(source, name, windows, Path(name)) for name in PRECISIONS}
    contenders = {FLOAT32: Contender(source.session)} | {
        name: trial.contender for name, trial in trials.items()
    }
    fidelities = compare(contenders[FLOAT32], contenders, recordings.cut())
    artifacts = {FLOAT32: source} | {name: trial.artifact for name, trial in trials.items()}
    times_ms = window_ms(artifacts, windows[0])
    rows = [Row(FLOAT32, source, times_ms[FLOAT32], fidelities[FLOAT32])] + [
        Row(
            name,
            trial.artifact,
            times_ms[name],
            fidelities[name],
            trial.dependence,
            trial.servable,
        )
        for name, trial in trials.items()
    ]
    if options.record:
        record_figures(figure for row in rows for figure in _figures(row, recordings.said))
    say(options, [*_table(rows), recordings.said, machine()], {"machine": machine()} | _plain(rows))
    return 0


def _table(rows: list[Row]) -> list[str]:
    first = rows[0]
    heading = (
        f"{'':13}{'MB':>7}{'× fp32':>8}{'ms':>8}{'× fp32':>8}{'differs':>9}{'agrees %':>10}"
        f"{'right %':>9}  in a batch"
    )
    lines = [heading]
    for row in rows:
        size, least = len(row.artifact.content), len(first.artifact.content)
        right = row.fidelity.accuracy
        lines.append(
            f"{row.precision:13}{size / 1e6:7.2f}{size / least:8.2f}{row.window_ms:8.2f}"
            f"{row.window_ms / first.window_ms:8.2f}{row.fidelity.difference:9.1e}"
            f"{row.fidelity.agreement:10.2f}{'-' if right is None else f'{right:.2f}':>9}"
            f"  {'alike' if row.servable else f'differs by {row.dependence:.1e}: not served'}"
        )
    return lines


def _plain(rows: list[Row]) -> dict[str, object]:
    return {
        row.precision: {
            "bytes": len(row.artifact.content),
            "window_ms": row.window_ms,
            "dependence": row.dependence,
            "servable": row.servable,
            **asdict(row.fidelity),
        }
        for row in rows
    }


def _figures(row: Row, said: str) -> list[Figure]:
    command = shlex.join(["python", "-m", "export", *sys.argv[1:]])
    found = {
        "size_mb": (len(row.artifact.content) / 1e6, "MB"),
        "window_ms": (row.window_ms, "ms"),
        "agreement": (row.fidelity.agreement, "%"),
    }
    if row.fidelity.accuracy is not None:
        found["accuracy"] = (row.fidelity.accuracy, "%")
    name = f"precision.{row.precision.replace('-', '_')}"
    return [
        measured(f"{name}.{what}", round(value, 4), unit, command, f"{said}.")
        for what, (value, unit) in found.items()
    ]

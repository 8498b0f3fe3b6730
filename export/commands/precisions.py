"""``export precisions``: all precisions of an artifact, side by side on this machine."""

import argparse
import shlex
from pathlib import Path

import numpy as np

from export.artifact_file import Artifact, open_artifact
from export.fidelity import Contender, compare
from export.precision_arguments import Recordings, add_recordings, recordings_of
from export.precision_table import TOGETHER, Row, figures, lines, values
from export.printing import say
from export.quantise import PRECISIONS, check_float32
from export.trial import Trial, timings, tried
from model.pose.figures import machine, record_figures

FLOAT32 = "fp32"


def configure(parser: argparse.ArgumentParser) -> None:
    """Says what ``precisions`` can be told."""
    parser.description = (
        f"Makes an artifact's other precisions in memory and prints size, time of a window alone "
        f"and of one of {TOGETHER}, both on one core, and how their labels of real recordings "
        "agree with float32's and with the truth. Times are of artifacts that take turns; no "
        "artifact is written."
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
    rows = measured_rows(source, recordings)
    if options.record:
        command = shlex.join(["python", "-m", "export", *options.words])
        note = f"{source.spec.name}. {recordings.said}."
        record_figures(figures(rows, command, note))
    value = {"machine": machine()} | values(rows)
    say(options, [*lines(rows), recordings.said, machine()], value)
    return 0


def measured_rows(source: Artifact, recordings: Recordings) -> list[Row]:
    """Makes and measures all precisions of an artifact, float32 first.

    Raises:
        ArtifactError: one of them contradicts its specification.
        ValueError: no recording is long enough for a window to warm.
    """
    windows = recordings.calibration()
    trials: dict[str, Trial] = {
        name: tried(source, name, windows, Path(name)) for name in PRECISIONS
    }
    contenders = {FLOAT32: Contender(source.session)} | {
        name: trial.contender for name, trial in trials.items()
    }
    fidelities = compare(contenders[FLOAT32], contenders, recordings.cut())
    artifacts = {FLOAT32: source} | {name: trial.artifact for name, trial in trials.items()}
    shared = {
        name: artifact
        for name, artifact in artifacts.items()
        if name not in trials or trials[name].servable
    }
    alone = timings(artifacts, windows[:1])
    together = timings(shared, np.resize(windows, (TOGETHER, *windows.shape[1:])))
    dependence = {name: trial.dependence for name, trial in trials.items()}
    return [
        Row(
            name,
            artifact,
            alone[name],
            together.get(name),
            fidelities[name],
            dependence.get(name, 0.0),
        )
        for name, artifact in artifacts.items()
    ]

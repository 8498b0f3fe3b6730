"""``export quantise``: an artifact at less precision, if it says what float32 says."""

import argparse
from dataclasses import asdict, replace
from pathlib import Path

from export.artifact_file import (
    UNSERVED_KEY,
    Artifact,
    keep_artifact,
    make_artifact,
    open_artifact,
    write_unserved,
)
from export.fidelity import Contender, Fidelity, compare
from export.precision_arguments import Recordings, add_recordings, recordings_of
from export.printing import FAILED, say
from export.quantise import PRECISIONS, check_float32
from export.trial import Trial, tried

LEAST_AGREEMENT = 97.0


def configure(parser: argparse.ArgumentParser) -> None:
    """Says what ``quantise`` can be told."""
    parser.description = (
        "Writes an artifact at less precision once it has labelled real recordings as float32 "
        "does; exit 1, and nothing written, where it does not. int8-dynamic scales activations "
        "over the whole batch, so that a clip's labels depend on its neighbours: it is written "
        f"under the metadata key {UNSERVED_KEY}, which no service reads."
    )
    parser.add_argument("artifact", type=Path, help="the .onnx file at fp32")
    parser.add_argument("--precision", choices=PRECISIONS, required=True, help="to be written")
    parser.add_argument("--out", type=Path, required=True, help="the .onnx file to write")
    parser.add_argument(
        "--least-agreement",
        metavar="PERCENT",
        type=float,
        default=LEAST_AGREEMENT,
        help="share of frames that must get float32's label (default %(default)s)",
    )
    add_recordings(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Runs the command."""
    source = open_artifact(options.artifact)
    check_float32(source.spec)
    recordings = recordings_of(options, source.spec)
    trial = tried(source, options.precision, recordings.calibration(), options.out)
    fidelity = _held(source, trial, recordings, options.precision)
    enough = fidelity.agreement >= options.least_agreement
    if enough:
        _write(trial, fidelity)
    lines = [
        f"{options.precision}: {len(trial.artifact.content) / 1e6:.2f} MB, float32 has "
        f"{len(source.content) / 1e6:.2f}",
        f"difference {fidelity.difference:.1e} of the logits' spread, over "
        f"{fidelity.windows:,} windows",
        f"agreement {fidelity.agreement:.2f} % of {fidelity.frames:,} frames with float32's label; "
        f"{options.least_agreement:g} % is asked for",
        _accuracy(fidelity),
        f"neighbours in a batch change a clip by {trial.dependence:.1e} of the spread",
        recordings.said,
        _outcome(options, trial, enough),
    ]
    value = {
        "artifact": str(options.out) if enough else None,
        "servable": trial.servable,
        "bytes": len(trial.artifact.content),
        "dependence": trial.dependence,
        **asdict(fidelity),
    }
    say(options, lines, value)
    return 0 if enough else FAILED


def _held(source: Artifact, trial: Trial, recordings: Recordings, precision: str) -> Fidelity:
    reference = Contender(source.session)
    return compare(reference, {precision: trial.contender}, recordings.cut())[precision]


def _write(trial: Trial, fidelity: Fidelity) -> None:
    measured = {
        "precision.agreement": round(fidelity.agreement, 3),
        "precision.difference": round(fidelity.difference, 6),
    }
    if fidelity.accuracy is not None:
        measured["precision.accuracy"] = round(fidelity.accuracy, 3)
    made = trial.artifact
    spec = replace(made.spec, figures=measured)
    if trial.servable:
        keep_artifact(make_artifact(made.model, spec, made.path, made.profile))
    else:
        write_unserved(made.model, spec, made.path)


def _accuracy(fidelity: Fidelity) -> str:
    if fidelity.accuracy is None:
        return "accuracy unknown: the store has no labels that the artifact knows"
    return f"accuracy {fidelity.accuracy:.2f} % of the frames that have a true label"


def _outcome(options: argparse.Namespace, trial: Trial, enough: bool) -> str:
    if not enough:
        return "nothing was written: it says too often what float32 does not say"
    if not trial.servable:
        return f"{options.out}: for batches of one alone; no service will take it for an artifact"
    return f"{options.out}: written"

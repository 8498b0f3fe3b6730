"""``export published``: weights that USDRL's authors published become an artifact."""

import argparse
import hashlib
from pathlib import Path
from typing import get_args

from export.artifact_file import write_artifact
from export.graph import check_network, to_onnx
from export.printing import Stages, say
from export.published import (
    Intent,
    Serving,
    pretrained_of,
    read_labels,
    released_recogniser,
    specification,
)
from model.network.pretrained import save_pretrained
from model.network.recogniser import Task
from model.network.tokens import MODALITIES
from model.pose.artifact import ArtifactError
from model.pose.normalise import NORMALISATIONS

AUTHORS = "weights published by the authors of USDRL (arXiv 2412.09220)"
THEIRS = "those of the authors of the weights and of the owners of the data"


def configure(parser: argparse.ArgumentParser) -> None:
    """Says what ``published`` can be told."""
    parser.description = (
        "Writes a published checkpoint that has a head (NTU or PKU, 17 or 25 joints, DSTE or STTR, "
        "two persons) as an artifact. One of pretraining has none: --as-pretrained hands it to "
        "`python -m training finetune`, whose checkpoint `python -m export onnx` takes."
    )
    parser.add_argument("checkpoint", type=Path, help="the published file, with its state_dict")
    parser.add_argument("--labels", type=Path, metavar="FILE", help="its classes, one a line")
    out = parser.add_mutually_exclusive_group(required=True)
    out.add_argument("--out", type=Path, metavar="FILE", help="the .onnx file to write")
    out.add_argument(
        "--as-pretrained", type=Path, metavar="FILE", help="the pretrained checkpoint to write"
    )
    parser.add_argument(
        "--task",
        choices=get_args(Task),
        default="frames",
        help="what its head scores: frames for detection, clip for recognition "
        "(default %(default)s)",
    )
    parser.add_argument(
        "--modality",
        choices=MODALITIES,
        default="joint",
        help="what its encoder reads (default %(default)s)",
    )
    parser.add_argument(
        "--normalisation",
        choices=NORMALISATIONS,
        help="of clips (default: the published readers', 2s-agcn in space, published-2d in "
        "pictures)",
    )
    parser.add_argument(
        "--rate-hz",
        metavar="HZ",
        type=float,
        default=30.0,
        help="frames a second of its window (default %(default)g, as the sensor's)",
    )
    parser.add_argument("--name", help="of the model (default: the file's)")
    parser.add_argument("--model-version", default="1", help="of the model (default %(default)s)")
    parser.add_argument("--data", default=AUTHORS, help="what trained it (default: %(default)s)")
    parser.add_argument("--terms", default=THEIRS, help="of the weights (default: %(default)s)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Runs the command."""
    intent = Intent(options.task, options.modality, options.normalisation)
    if options.as_pretrained is not None:
        save_pretrained(pretrained_of(options.checkpoint, intent), options.as_pretrained)
        lines = [f"{options.as_pretrained}: written, for `python -m training finetune`"]
        say(options, lines, {"pretrained": str(options.as_pretrained)})
        return 0
    if options.labels is None:
        raise ArtifactError("an artifact needs its labels: --labels FILE, with one a line")
    return _serve(options, intent, read_labels(options.labels))


def _serve(options: argparse.Namespace, intent: Intent, labels: tuple[str, ...]) -> int:
    with Stages("export", 3) as stages:
        network = released_recogniser(options.checkpoint, intent)
        serving = Serving(
            name=options.name or options.checkpoint.stem,
            version=options.model_version,
            labels=labels,
            rate_hz=options.rate_hz,
            data=options.data,
            terms=options.terms,
            checkpoint_sha256=hashlib.sha256(options.checkpoint.read_bytes()).hexdigest(),
        )
        spec = specification(options.checkpoint, network, intent, serving)
        try:
            check_network(network.config, spec)
        except ArtifactError as error:
            raise ArtifactError(f"{options.checkpoint}: {error}") from None
        stages.done("drawing the graph")
        graph = to_onnx(network)
        stages.done("writing")
        artifact = write_artifact(graph, spec, options.out)
        stages.done("")
    lines = [
        f"{options.out}: {spec.name}, {len(labels)} labels for {spec.task} of {spec.persons} "
        f"persons in {spec.layout}, normalised by {spec.normalisation}, "
        f"{len(artifact.content) / 1e6:.2f} MB"
    ]
    value = {"artifact": str(options.out), "bytes": len(artifact.content)}
    say(options, lines, {**value, "sha256": artifact.sha256})
    return 0

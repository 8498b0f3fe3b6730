"""``export onnx``: a checkpoint of ours becomes an artifact."""

import argparse
import hashlib
from dataclasses import replace
from pathlib import Path

from export.artifact_file import write_artifact
from export.graph import check_network, to_onnx
from export.printing import Stages, say
from model.network.checkpoint import load_checkpoint
from model.pose.artifact import CONTRACT, ArtifactError, spec_of


def configure(parser: argparse.ArgumentParser) -> None:
    """Says what ``onnx`` can be told."""
    parser.add_argument("checkpoint", type=Path, help="what `python -m training` wrote")
    parser.add_argument("--out", type=Path, required=True, help="the .onnx file to write")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Runs the command."""
    with Stages("export", 3) as stages:
        checkpoint = load_checkpoint(options.checkpoint)
        try:
            spec = spec_of(checkpoint.artifact)
            check_network(checkpoint.network.config, spec)
        except ArtifactError as error:
            raise ArtifactError(f"{options.checkpoint}: {error}") from None
        stages.done("drawing the graph")
        sha256 = hashlib.sha256(options.checkpoint.read_bytes()).hexdigest()
        provenance = replace(spec.provenance, checkpoint_sha256=sha256)
        spec = replace(spec, contract=CONTRACT, provenance=provenance)
        graph = to_onnx(checkpoint.network)
        stages.done("writing")
        artifact = write_artifact(graph, spec, options.out)
        stages.done("")
    size = len(artifact.content)
    say(
        options,
        [f"{options.out}: {spec.name} {spec.version}, {size / 1e6:.2f} MB"],
        {
            "artifact": str(options.out),
            "name": spec.name,
            "bytes": size,
            "sha256": artifact.sha256,
        },
    )
    return 0

"""``export inspect``: what an artifact says of itself."""

import argparse
from dataclasses import asdict
from pathlib import Path

from export.artifact_file import open_artifact
from export.description import describe
from export.printing import say


def configure(parser: argparse.ArgumentParser) -> None:
    """Says what ``inspect`` can be told."""
    parser.add_argument("artifact", type=Path, help="the .onnx file")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Runs the command."""
    artifact = open_artifact(options.artifact)
    say(options, describe(artifact), {**asdict(artifact.spec), "sha256": artifact.sha256})
    return 0

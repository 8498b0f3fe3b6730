"""``export manifest``: the list of artifacts that a service may be told to trust."""

import argparse
from pathlib import Path

from export.artifact_file import open_artifact
from export.printing import say
from model.pose.manifest import Trusted, write_manifest


def configure(parser: argparse.ArgumentParser) -> None:
    """Says what ``manifest`` can be told."""
    parser.description = (
        "Opens artifacts, with every check that opening one makes, and lists them with the hash "
        "of their files. A service that demands the list loads nothing else."
    )
    parser.add_argument("artifacts", type=Path, nargs="+", metavar="ARTIFACT", help=".onnx files")
    parser.add_argument("--out", type=Path, required=True, help="the manifest to write")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Runs the command."""
    entries = [_entry(path) for path in options.artifacts]
    write_manifest(entries, options.out)
    lines = [f"{entry.sha256}  {entry.file}" for entry in entries]
    hashes: dict[str, object] = {entry.file: entry.sha256 for entry in entries}
    say(options, [*lines, f"{options.out}: written"], {"manifest": str(options.out)} | hashes)
    return 0


def _entry(path: Path) -> Trusted:
    artifact = open_artifact(path)
    spec = artifact.spec
    return Trusted(
        file=path.name,
        sha256=artifact.sha256,
        bytes=len(artifact.content),
        name=spec.name,
        version=spec.version,
        terms=spec.provenance.terms,
    )

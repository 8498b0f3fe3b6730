"""``export verify``: an artifact is held to its checkpoint on real clips."""

import argparse
import hashlib
from dataclasses import asdict, fields, replace
from pathlib import Path

from export.artifact_file import Artifact, open_artifact
from export.clips import real_clips
from export.neighbours import NEIGHBOURS
from export.printing import FAILED, followed, say
from export.verify import BATCHES, CHECKS, TOLERANCES, verify
from model.network.checkpoint import load_checkpoint
from model.pose.artifact import ArtifactError, ArtifactSpec, spec_of
from model.pose.store import PoseStore

NOT_FROM_TRAINING = ("contract", "precision", "figures")
"""What an artifact says of itself that is not from its checkpoint."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Says what ``verify`` can be told."""
    batches = ", ".join(str(batch) for batch in BATCHES)
    allowed = ", ".join(f"{share:g} at {name}" for name, share in TOLERANCES.items())
    parser.description = (
        f"Compares ONNX Runtime with torch at batch {batches} on real clips, and one clip alone "
        f"with the same clip among up to {max(NEIGHBOURS) - 1} hostile neighbours. Exit 1 where "
        f"they differ by more than this share of the output's spread: {allowed}."
    )
    parser.add_argument("artifact", type=Path, help="the .onnx file")
    parser.add_argument("--checkpoint", type=Path, required=True, help="what it was made from")
    parser.add_argument(
        "--store", type=Path, required=True, help="what `python -m training prepare` wrote"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the choice of clips (default 0)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Runs the command."""
    artifact = open_artifact(options.artifact)
    checkpoint = load_checkpoint(options.checkpoint)
    sha256 = hashlib.sha256(options.checkpoint.read_bytes()).hexdigest()
    if artifact.spec.provenance.checkpoint_sha256 != sha256:
        raise ArtifactError(
            f"{options.artifact} was exported from another checkpoint than {options.checkpoint}"
        )
    _check_spec(artifact, spec_of(checkpoint.artifact))
    clips = real_clips(PoseStore(options.store), artifact.spec, max(BATCHES), options.seed)
    checks = verify(artifact, checkpoint.network, clips)
    results = [result for check in followed(checks, "verify", "check", CHECKS) for result in check]
    held = all(result.holds for result in results)
    lines = [
        f"{result.check:22} {result.output:9} {result.difference:.1e} "
        f"of {result.tolerance:g} allowed: {'agrees' if result.holds else 'DIFFERS'}"
        for result in results
    ]
    lines.append("largest difference over the output's spread")
    say(options, lines, {"verified": held, "agreements": [asdict(result) for result in results]})
    return 0 if held else FAILED


def _check_spec(artifact: Artifact, trained: ArtifactSpec) -> None:
    """Refuses an artifact that says something else of itself than its checkpoint does."""
    said = artifact.spec
    sha256 = said.provenance.checkpoint_sha256
    expected = replace(trained, provenance=replace(trained.provenance, checkpoint_sha256=sha256))
    for field in fields(ArtifactSpec):
        values = getattr(said, field.name), getattr(expected, field.name)
        if field.name not in NOT_FROM_TRAINING and values[0] != values[1]:
            raise ArtifactError(
                f"{artifact.path}: expected the checkpoint's {field.name}, {values[1]!s:.200}, got "
                f"{values[0]!s:.200}"
            )

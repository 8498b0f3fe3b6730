"""The commands of export: a checkpoint becomes one verified artifact.

`onnx` writes it, `verify` holds it to its checkpoint on real clips, `inspect` says what it is.
"""

import argparse
import hashlib
import json
import sys
from dataclasses import asdict, replace
from pathlib import Path

from export.artifact_file import open_artifact, write_artifact
from export.clips import real_clips
from export.description import describe
from export.graph import check_network, to_onnx
from export.verify import BATCHES, NEIGHBOURS, TOLERANCE, verify
from model.network.checkpoint import load_checkpoint
from model.pose.artifact import CONTRACT, ArtifactError, spec_of
from model.pose.command_line import UNUSABLE, Parser
from model.pose.store import PoseStore

FAILED, INTERRUPTED = 1, 130


def main(arguments: list[str] | None = None) -> int:
    """Runs a command and returns its exit status: 1 where a check fails, 2 after bad input."""
    options = _parser().parse_args(arguments)
    try:
        status: int = options.run(options)
    except ValueError as error:
        print(f"export: {error}", file=sys.stderr)
        return UNUSABLE
    except KeyboardInterrupt:
        return INTERRUPTED
    return status


def _onnx(options: argparse.Namespace) -> int:
    checkpoint = load_checkpoint(options.checkpoint)
    try:
        spec = spec_of(checkpoint.artifact)
        check_network(checkpoint.network.config, spec)
    except ArtifactError as error:
        raise ArtifactError(f"{options.checkpoint}: {error}") from None
    sha256 = hashlib.sha256(options.checkpoint.read_bytes()).hexdigest()
    provenance = replace(spec.provenance, checkpoint_sha256=sha256)
    spec = replace(spec, contract=CONTRACT, provenance=provenance)
    artifact = write_artifact(to_onnx(checkpoint.network), spec, options.out)
    size = artifact.path.stat().st_size
    _say(
        options,
        [f"{options.out}: {spec.name} {spec.version}, {size / 1e6:.2f} MB"],
        {"artifact": str(options.out), "name": spec.name, "bytes": size},
    )
    return 0


def _verify(options: argparse.Namespace) -> int:
    artifact = open_artifact(options.artifact)
    checkpoint = load_checkpoint(options.checkpoint)
    sha256 = hashlib.sha256(options.checkpoint.read_bytes()).hexdigest()
    if artifact.spec.provenance.checkpoint_sha256 != sha256:
        raise ArtifactError(
            f"{options.artifact} was exported from another checkpoint than {options.checkpoint}"
        )
    clips = real_clips(PoseStore(options.store), artifact.spec, max(BATCHES), options.seed)
    results = verify(artifact, checkpoint.network, clips)
    held = all(result.holds for result in results)
    lines = [
        f"{result.check:22} {result.output:9} {result.difference:.1e} "
        f"{'agrees' if result.holds else 'DIFFERS'}"
        for result in results
    ]
    lines.append(f"largest difference over the spread; at most {TOLERANCE:g} is allowed")
    _say(options, lines, {"verified": held, "agreements": [asdict(result) for result in results]})
    return 0 if held else FAILED


def _inspect(options: argparse.Namespace) -> int:
    artifact = open_artifact(options.artifact)
    _say(options, describe(artifact), asdict(artifact.spec))
    return 0


def _say(options: argparse.Namespace, lines: list[str], value: dict[str, object]) -> None:
    print(json.dumps(value) if options.json else "\n".join(lines))


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="python -m export", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    command = commands.add_parser("onnx", help="write a checkpoint as an artifact")
    command.add_argument("checkpoint", type=Path, help="what `python -m training` wrote")
    command.add_argument("--out", type=Path, required=True, help="the .onnx file to write")
    command.set_defaults(run=_onnx)

    batches = ", ".join(str(batch) for batch in BATCHES)
    command = commands.add_parser(
        "verify",
        help="hold an artifact to its checkpoint on real clips",
        description=f"Compares ONNX Runtime with torch at batch {batches} on real clips, and one "
        f"clip alone with the same clip among up to {max(NEIGHBOURS) - 1} hostile neighbours. "
        f"Exit 1 where they differ by more than {TOLERANCE:g} of the output's spread.",
    )
    command.add_argument("artifact", type=Path, help="the .onnx file")
    command.add_argument("--checkpoint", type=Path, required=True, help="what it was made from")
    command.add_argument(
        "--store", type=Path, required=True, help="what `python -m training prepare` wrote"
    )
    command.add_argument("--seed", type=int, default=0, help="of the choice of clips (default 0)")
    command.set_defaults(run=_verify)

    command = commands.add_parser("inspect", help="say what an artifact is")
    command.add_argument("artifact", type=Path, help="the .onnx file")
    command.set_defaults(run=_inspect)
    for command in commands.choices.values():
        command.add_argument("--json", action="store_true", help="one machine-readable line")
    return parser


if __name__ == "__main__":
    sys.exit(main())

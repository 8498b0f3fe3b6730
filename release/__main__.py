"""What is given to others: `python -m release bundle` and `licences`; nothing is uploaded."""

import argparse
import json
import sys
from pathlib import Path

from model.pose.command_line import UNUSABLE, Parser
from release.bundle import bundle, check_committed, images, source_of
from release.licences import PAGE, licences

ROOT = Path(__file__).resolve().parents[1]


def main(arguments: list[str] | None = None) -> int:
    """Runs a command and returns its exit status."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "licences":
            return _licences(options)
        return _bundle(options)
    except ValueError as error:
        print(f"release: {error}", file=sys.stderr)
        return UNUSABLE
    except OSError as error:
        reason = error.strerror or str(error)
        print(f"release: {error.filename} cannot be read or written: {reason}", file=sys.stderr)
        return UNUSABLE
    except KeyboardInterrupt:
        return 130


def _bundle(options: argparse.Namespace) -> int:
    if not options.allow_dirty:
        check_committed(ROOT)
    source = source_of(ROOT)
    files = bundle(source, options.out)
    built = images(source, options.images) if options.images else []
    for file in files:
        print(f"{file.stat().st_size:10,}  {file}")
    print("\n".join(f"image       {name}" for name in built) or "images: --images docker")
    if options.json:
        names = {"files": [str(file) for file in files], "images": built}
        print(json.dumps({"version": source.version, "commit": source.commit, **names}))
    return 0


def _licences(options: argparse.Namespace) -> int:
    (ROOT / PAGE).write_text(licences(ROOT), encoding="utf-8")
    print(f"{PAGE}: written")
    if options.json:
        print(json.dumps({"page": str(PAGE)}))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="python -m release", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    description = (
        "Builds the wheel of posewire-client and the npm package, and lays the artifacts, their "
        "manifest, the licences and all hashes beside them."
    )
    command = commands.add_parser("bundle", help=description, description=description)
    command.add_argument(
        "--out", type=Path, default=Path("dist"), help="folder (default %(default)s)"
    )
    command.add_argument(
        "--images",
        metavar="ENGINE",
        help="docker, podman or what takes their words, to build the images too (default: none)",
    )
    command.add_argument(
        "--allow-dirty",
        action="store_true",
        help="build from files that are in no commit too, for trying it out (default: refuse)",
    )
    description = f"Writes {PAGE}, from what is installed and locked."
    other = commands.add_parser("licences", help=description, description=description)
    for each in (command, other):
        each.add_argument("--json", action="store_true", help="one machine-readable line")
    return parser


if __name__ == "__main__":
    sys.exit(main())

"""The commands of export: weights become one verified artifact."""

import sys
from argparse import Namespace
from importlib import import_module

from model.pose.command_line import UNUSABLE, Parser, exit_status

# Each is a module of `export.commands` with `configure(parser)`, which says what it is told and
# what runs it. The one that is asked for is loaded alone: torch takes seconds to import.
COMMANDS = {
    "onnx": "write a checkpoint as an artifact",
    "published": "write a published USDRL checkpoint as an artifact",
    "verify": "hold an artifact to its checkpoint on real clips",
    "inspect": "say what an artifact is",
    "quantise": "write an artifact at less precision, held to float32 on real recordings",
    "precisions": "set all precisions of an artifact side by side",
    "tensorrt": "hold an artifact to what TensorRT supports, and build its engine",
    "manifest": "list artifacts that are trusted",
}


def main(arguments: list[str] | None = None) -> int:
    """Runs a command and returns its exit status: 1 where a check fails, 2 after bad input."""
    words = sys.argv[1:] if arguments is None else arguments

    def work() -> int:
        try:
            options = _parsed(words)
            status: int = options.run(options)
        except ValueError as error:
            print(f"export: {error}", file=sys.stderr)
            return UNUSABLE
        return status

    return exit_status("export", work)


def _parsed(words: list[str]) -> Namespace:
    """Loads the command that is asked for, and reads what it is told."""
    parser = Parser(prog="python -m export", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, says in COMMANDS.items():
        command = commands.add_parser(name, help=says)
        if name in words[:1]:
            import_module(f"export.commands.{name}").configure(command)
        command.add_argument("--json", action="store_true", help="one machine-readable line")
    options = parser.parse_args(words)
    options.words = words
    return options


if __name__ == "__main__":
    sys.exit(main())

"""``python -m training``: the commands that learn weights."""

import sys
from collections.abc import Sequence

from model.pose.command_line import Parser
from training import ablate, doctor, evaluate, finetune, prepare, pretrain, report

INTERRUPTED = 130
"""The exit status after Ctrl-C; a run that keeps its state is taken up by the same command."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit status."""
    parser = Parser(prog="python -m training", description=__doc__)
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in (prepare, pretrain, ablate, finetune, evaluate, report, doctor):
        command.add_parser(subparsers)
    args = parser.parse_args(arguments)
    try:
        status: int = args.run(args)
    except KeyboardInterrupt:
        return INTERRUPTED
    return status


if __name__ == "__main__":
    sys.exit(main())

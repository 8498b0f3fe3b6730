"""``python -m training``: the commands that learn weights."""

import argparse
import sys
from collections.abc import Sequence

from training import evaluate, finetune, prepare, pretrain, report


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in (prepare, pretrain, finetune, evaluate, report):
        command.add_parser(subparsers)
    args = parser.parse_args(arguments)
    status: int = args.run(args)
    return status


if __name__ == "__main__":
    sys.exit(main())

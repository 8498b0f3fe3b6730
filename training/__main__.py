"""``python -m training``: the commands that learn weights."""

import sys
from collections.abc import Sequence

from model.pose.command_line import exit_status
from training.commands import Command, CommandParser, add_commands

COMMANDS = (
    Command("prepare", "training.prepare", "read a data set's raw files into a store"),
    Command("pretrain", "training.pretrain", "pretrain an encoder without labels"),
    Command(
        "ablate",
        "training.ablate",
        "take the parts of pretraining away one by one, on NW-UCLA",
    ),
    Command(
        "finetune",
        "training.finetune",
        "train with labels, from a pretrained encoder or from scratch",
    ),
    Command(
        "everyday",
        "training.everyday.train",
        "train the default model: everyday actions, from prepared stores to its checkpoint",
    ),
    Command("evaluate", "training.evaluate", "measure weights on a task"),
    Command("report", "training.report", "tables and pictures of what was measured"),
    Command(
        "fit-estimator",
        "training.everyday.fit_estimator",
        "measure a pose estimator's errors on recordings of real video",
    ),
    Command("doctor", "training.doctor", "say what there is to learn on"),
)


def command_line() -> CommandParser:
    """The parser of all commands, of which none is loaded yet."""
    parser = CommandParser(prog="python -m training", description=__doc__)
    add_commands(parser, "command", COMMANDS)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit status."""

    def work() -> int:
        args = command_line().parse_args(arguments)
        status: int = args.run(args)
        return status

    return exit_status("training", work)


if __name__ == "__main__":
    sys.exit(main())

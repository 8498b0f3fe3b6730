"""The command line: what is wrong with an argument is said in one line, as all bad input is."""

import argparse
import sys
from collections.abc import Callable
from typing import NoReturn

UNUSABLE = 2
"""The exit status after bad input."""

INTERRUPTED = 130
"""The exit status after Ctrl-C."""


class Parser(argparse.ArgumentParser):
    """A parser, and the class of its subcommands' parsers; `--help` says what one line does not."""

    def error(self, message: str) -> NoReturn:
        """Says what is wrong and exits with `UNUSABLE`."""
        self.exit(UNUSABLE, f"posewire: {message}; see {self.prog} --help\n")


def exit_status(program: str, work: Callable[[], int]) -> int:
    """Runs a program's work and returns its exit status.

    Where a package is not installed that serving does not need, one sentence says what to do.

    Args:
        program: what that sentence begins with.
        work: reads the command line, does what it says and returns the status.
    """
    try:
        return work()
    except ModuleNotFoundError as error:
        advice = "`make setup` installs what this needs"
        print(
            f"{program}: the package {error.name} is not installed here; {advice}", file=sys.stderr
        )
        return UNUSABLE
    except KeyboardInterrupt:
        return INTERRUPTED

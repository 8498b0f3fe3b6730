"""The command line: what is wrong with an argument is said in one line, as all bad input is."""

import argparse
import os
import sys
from collections.abc import Callable
from typing import NoReturn

UNUSABLE = 2
"""The exit status after bad input."""

INTERRUPTED = 130
"""The exit status after Ctrl-C."""

BROKEN_PIPE = 141
"""The exit status where whoever reads the output has gone."""


class Parser(argparse.ArgumentParser):
    """A parser, and the class of its subcommands' parsers; `--help` says what one line does not."""

    def error(self, message: str) -> NoReturn:
        """Says what is wrong and exits with `UNUSABLE`."""
        self.exit(UNUSABLE, f"posewire: {message}; see {self.prog} --help\n")


def exit_status(program: str, work: Callable[[], int]) -> int:
    """Runs a program's work and returns its exit status.

    Where a package is not installed that serving does not need, one sentence says what to do, and
    where a file cannot be read or written that no command asked after, what the system says.

    Args:
        program: what that sentence begins with.
        work: reads the command line, does what it says and returns the status.
    """
    try:
        status = work()
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read has seen enough; nothing may be flushed to them at the end either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except ModuleNotFoundError as error:
        advice = "`make setup` installs what this needs"
        print(
            f"{program}: the package {error.name} is not installed here; {advice}", file=sys.stderr
        )
        return UNUSABLE
    except OSError as error:
        print(f"{program}: {error}", file=sys.stderr)
        return UNUSABLE
    except KeyboardInterrupt:
        return INTERRUPTED
    return status

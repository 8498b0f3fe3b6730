"""The command line: what is wrong with an argument is said in one line, as all bad input is."""

import argparse
from typing import NoReturn

UNUSABLE = 2
"""The exit status after bad input."""


class Parser(argparse.ArgumentParser):
    """A parser, and the class of its subcommands' parsers; `--help` says what one line does not."""

    def error(self, message: str) -> NoReturn:
        """Says what is wrong and exits with `UNUSABLE`."""
        self.exit(UNUSABLE, f"posewire: {message}; see {self.prog} --help\n")


def missing_package(error: ModuleNotFoundError) -> str:
    """What to do where a package is not installed that serving does not need."""
    return f"the package {error.name} is not installed here; `make setup` installs what this needs"

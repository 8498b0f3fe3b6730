"""Commands: what ``python -m training`` can be told, each a module that is loaded when it is asked.

A command's module has ``configure(parser)``, which says what it is told and what runs it. Loading
one alone keeps those short that need no network: torch takes seconds to import.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from model.pose.command_line import Parser
from training.arguments import HelpWithDefaults


@dataclass(frozen=True)
class Command:
    """One command, or one group of them.

    Attributes:
        name: The word that asks for it.
        module: Its module, which has ``configure``.
        says: What it does, in the list of commands.
    """

    name: str
    module: str
    says: str


class CommandParser(Parser):
    """The parser of a command; it has arguments once it is asked, or once they are loaded."""

    def __init__(self, *, module: str | None = None, **settings: Any) -> None:
        """Takes the module that is still to be loaded, and what every parser is told."""
        super().__init__(**settings, formatter_class=HelpWithDefaults)
        self._module = module

    def load(self) -> None:
        """Loads the command's module and adds its arguments, if they are not there yet."""
        if self._module is not None:
            module, self._module = self._module, None
            import_module(module).configure(self)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """Parses as any parser, with the command's arguments; argparse asks subcommands so."""
        self.load()
        return super().parse_known_args(args, namespace)


def add_commands(parser: argparse.ArgumentParser, what: str, commands: Sequence[Command]) -> None:
    """Adds commands to a parser, of which one has to be asked for.

    Args:
        parser: A `CommandParser`.
        what: The name under which it is kept which was asked for.
        commands: In the order in which ``--help`` lists them.
    """
    subparsers = parser.add_subparsers(
        dest=what, required=True, metavar=what.upper(), parser_class=CommandParser
    )
    for command in commands:
        subparsers.add_parser(command.name, help=command.says, module=command.module)

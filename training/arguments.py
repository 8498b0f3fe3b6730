"""Arguments that commands of training have in common, each worded and checked in one place.

It knows no task. An argument that is required has no default; every other says its own in
``--help``, in words where there is no value to print.
"""

import argparse
import math
from collections.abc import Sequence
from pathlib import Path

from training.seeds import SEEDS


class HelpWithDefaults(argparse.ArgumentDefaultsHelpFormatter):
    """Adds the default of an argument to its help: never "None", and "not" for a switch."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        said = action.help or ""
        if action.required or action.default is None or "(default" in said:
            return action.help
        if action.default is False:
            return f"{said} (default: not)"
        if isinstance(action.default, list | tuple):
            values = " ".join(map(str, action.default))
            return f"{said} (default: {values or 'none'})"
        return super()._get_help_string(action)


def natural(text: str) -> int:
    """A whole number of at least 0, as an argument."""
    return _whole(text, 0)


def positive(text: str) -> int:
    """A whole number of at least 1, as an argument."""
    return _whole(text, 1)


def seed(text: str) -> int:
    """A seed of random numbers, as an argument."""
    number = natural(text)
    if number >= SEEDS:
        raise argparse.ArgumentTypeError(f"expected a seed of at most {SEEDS - 1}, got {text}")
    return number


def above_zero(text: str) -> float:
    """A finite number above 0, as an argument."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"expected a number above 0, got {text!r}")
    return number


def percent(text: str) -> float:
    """A share above 0 and up to 100 %, as an argument."""
    try:
        share = float(text)
    except ValueError:
        share = 0.0
    if not 0 < share <= 100:
        raise argparse.ArgumentTypeError(f"expected per cent above 0 and up to 100, got {text!r}")
    return share


def add_directory(parser: argparse.ArgumentParser, option: str, what: str) -> None:
    """Adds a directory that has to be named."""
    parser.add_argument(option, metavar="DIR", type=Path, required=True, help=what)


def add_store(parser: argparse.ArgumentParser, what: str = "its prepared store") -> None:
    """Adds ``--store``: one prepared store."""
    add_directory(parser, "--store", what)


def add_run_directory(
    parser: argparse.ArgumentParser, anew: str = "begin anew, whatever is in --out"
) -> None:
    """Adds ``--out`` and ``--restart``: where a run lies, and what it is not to take up."""
    add_directory(parser, "--out", "of the run: its state and its checkpoint")
    parser.add_argument("--restart", action="store_true", help=anew)


def add_result(parser: argparse.ArgumentParser, example: str) -> None:
    """Adds ``--name`` and ``--out``: what a result is called, and where it is written."""
    parser.add_argument(
        "--name",
        required=True,
        help=f"of the figures and of the result's file, such as {example}",
    )
    add_directory(parser, "--out", "directory of results")


def add_report(parser: argparse.ArgumentParser, page: Path) -> None:
    """Adds what a report is made from, and whether it goes into the documents, to ``page``."""
    add_directory(parser, "--results", "that python -m training evaluate wrote results to")
    parser.add_argument(
        "--record",
        action="store_true",
        help="also put the figures into benchmarks/figures.json, and the pictures and "
        f"{page.name} into --out",
    )
    parser.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        default=page.parent,
        help=f"where --record puts pictures and {page.name} (default: {page.parent.name})",
    )
    add_json(parser)


def add_protocol(parser: argparse._ActionsContainer, required: bool, otherwise: str = "") -> None:
    """Adds ``--protocol``.

    Args:
        parser: Or a group of it.
        required: Whether it has to be named.
        otherwise: What is the case where it is not.
    """
    said = "which clips train and which test, such as nw_ucla/cross-view"
    parser.add_argument(
        "--protocol",
        metavar="NAME",
        required=required,
        help=said if required else f"{said} (default: {otherwise})",
    )


def add_epochs(parser: argparse._ActionsContainer, otherwise: str) -> None:
    """Adds ``--epochs``; without it they are another's, as ``otherwise`` says."""
    parser.add_argument(
        "--epochs",
        metavar="N",
        type=positive,
        help=f"times that the training data is gone through (default: {otherwise})",
    )


def add_learning_rate(parser: argparse._ActionsContainer, otherwise: str) -> None:
    """Adds ``--learning-rate``; without it, it is another's, as ``otherwise`` says."""
    parser.add_argument(
        "--learning-rate",
        metavar="RATE",
        type=above_zero,
        help=f"at its highest (default: {otherwise})",
    )


def add_seed(
    parser: argparse._ActionsContainer, what: str = "of everything random", otherwise: str = ""
) -> None:
    """Adds ``--seed``: 1 without it, or another's, as ``otherwise`` says."""
    said = f"{what} (default: {otherwise})" if otherwise else what
    default = None if otherwise else 1
    parser.add_argument("--seed", metavar="N", type=seed, default=default, help=said)


def add_precision(parser: argparse._ActionsContainer, choices: Sequence[str]) -> None:
    """Adds ``--precision``; the first of the choices is the default."""
    says = "of the arithmetic"
    if "auto" in choices:
        says += "; auto is bf16-mixed where the device is the faster for it"
    parser.add_argument("--precision", choices=choices, default=choices[0], help=says)


def add_json(parser: argparse.ArgumentParser) -> None:
    """Adds ``--json``."""
    parser.add_argument(
        "--json", action="store_true", help="print one machine-readable line last on stdout"
    )


def _whole(text: str, least: int) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < least:
        raise argparse.ArgumentTypeError(
            f"expected a whole number of at least {least}, got {text!r}"
        )
    return int(text)

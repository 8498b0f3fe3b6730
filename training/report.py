"""``python -m training report``: what was measured, as tables and pictures."""

import argparse

from training.commands import Command, add_commands

REPORTS = (
    Command(
        "utkinect",
        "training.report_utkinect",
        "compare the models of a run on the test subjects",
    ),
    Command("usdrl", "training.report_usdrl", "the tasks of USDRL beside published figures"),
    Command("everyday", "training.everyday.report", "the everyday model and its card"),
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Says what ``report`` can be told."""
    parser.description = "Prints what was measured as Markdown tables, and draws it."
    add_commands(parser, "what", REPORTS)

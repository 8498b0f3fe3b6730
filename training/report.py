"""``python -m training report``: what was measured, as tables and pictures."""

import argparse

from training import report_usdrl, report_utkinect


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds ``report`` to the commands of ``python -m training``."""
    parser = subparsers.add_parser(
        "report",
        help="tables and pictures of what was measured",
        description="Prints what was measured as Markdown tables, and draws it.",
    )
    reports = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    for report in (report_utkinect, report_usdrl):
        report.add_parser(reports)

"""``python -m training report usdrl``: all results of USDRL's tasks, as tables and pictures.

It measures nothing: it reads the results that ``python -m training evaluate`` wrote.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from model.pose.figures import (
    FIGURES_PATH,
    ROOT,
    Figure,
    FiguresError,
    read_figures,
    record_figures,
)
from training.arguments import add_report
from training.comparison import measurements, without_seed
from training.results import Result, ResultError, read_results
from training.results_page import PageError, picture_link, refreshed, table_text
from training.usdrl_pictures import PICTURES, drawn
from training.usdrl_tables import SAME_RECORDINGS, tables

PAGE = ROOT / "docs" / "results.md"


def figures_of(results: Mapping[str, Result]) -> dict[str, Figure]:
    """The figures of all results, by name.

    Raises:
        ResultError: Two results have one of the same name, a result is of clips that choose
            settings, or its protocol or form is not that of the table that shows it.
    """
    settings = {
        name: setting
        for table in tables(results).values()
        for name, setting in table.names().items()
    }
    figures: dict[str, Figure] = {}
    for result in results.values():
        if result.choosing:
            raise ResultError(
                f"{result.name}: expected a result of clips that test, got one of clips that "
                "choose or were learnt"
            )
        for figure in result.figures:
            setting = settings.get(without_seed(figure.name))
            asked = SAME_RECORDINGS.get(result.protocol, result.protocol)
            if setting is not None and setting.protocol != asked:
                raise ResultError(
                    f"{result.name}: expected protocol {setting.protocol} for {figure.name}, "
                    f"got {result.protocol}"
                )
            if setting is not None and result.data_set.endswith("_2d"):
                raise ResultError(
                    f"{result.name}: expected clips in space for {figure.name}, beside which those "
                    f"of others stand, got {result.data_set}; --name it otherwise"
                )
            if figure.name in figures:
                raise ResultError(
                    f"{result.name}: expected each figure in one result, got {figure.name} again"
                )
            figures[figure.name] = figure
    return figures


def report_text(figures: Mapping[str, Figure], pictures: Iterable[str]) -> str:
    """All tables, whatever else was measured, and the pictures, as Markdown.

    Args:
        figures: By name.
        pictures: Names of the files that lie beside the report.
    """
    measured = measurements(figures.values())
    made = tables(measured)
    parts = [f"## {table.title}\n\n{table_text(table, measured)}" for table in made.values()]
    shown = {name for table in made.values() for name in table.names()}
    others = {name: found for name, found in measured.items() if name not in shown}
    if others:
        rows = [f"| {name} | {found} |" for name, found in sorted(others.items())]
        parts.append("\n".join(["## Also measured", "", "| | % |", "|---|---:|", *rows, ""]))
    links = [picture_link(name, set(pictures)) for name in PICTURES]
    parts.append("\n\n".join(["## Pictures", *links]) + "\n")
    return "\n".join(parts)


def publish(
    figures: Mapping[str, Figure],
    pictures: Mapping[str, str],
    out: Path,
    figures_path: Path = FIGURES_PATH,
) -> None:
    """Records figures, and writes pictures and the page of results into a directory.

    Args:
        figures: By name.
        pictures: Name of a file → the SVG; those of earlier results stay.
        out: The directory.
        figures_path: Where figures are recorded.

    Raises:
        FiguresError: What is recorded there is no list of figures.
        PageError: The page asks for what there is not.
        OSError: A file cannot be read or written.
    """
    page = PAGE.read_text(encoding="utf-8")
    record_figures(figures.values(), figures_path)
    write_pictures(pictures, out)
    there = {path.name for path in out.glob("*.svg")}
    text = refreshed(page, read_figures(figures_path), there)
    (out / PAGE.name).write_text(text, encoding="utf-8")


def write_pictures(pictures: Mapping[str, str], directory: Path) -> None:
    """Writes each picture as a file.

    Raises:
        OSError: A file cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for name, svg in pictures.items():
        (directory / name).write_text(svg, encoding="utf-8")


def configure(parser: argparse.ArgumentParser) -> None:
    """Says what ``report usdrl`` can be told."""
    parser.description = (
        "Prints the results of all tasks as Markdown tables, with published figures beside them "
        "where the protocol is the same, and writes them to report.md beside the results, with "
        "confusion matrices, curves and a map of the features as SVG."
    )
    add_report(parser, PAGE)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Runs the command and returns its exit status: 2, and one sentence, on bad input."""
    try:
        results = read_results(args.results)
        if not results:
            raise ResultError(f"{args.results}: expected results (*.json), found none")
        figures = figures_of(results)
        pictures = drawn(results)
        text = report_text(figures, pictures)
        write_pictures(pictures, args.results)
        (args.results / "report.md").write_text(text, encoding="utf-8")
        if args.record:
            publish(figures, pictures, args.out)
    except (ResultError, FiguresError, PageError, OSError) as error:
        print(f"report: {error}", file=sys.stderr)
        return 2
    print(text, end="")
    if args.json:
        print(json.dumps({figure.name: figure.value for figure in figures.values()}))
    return 0

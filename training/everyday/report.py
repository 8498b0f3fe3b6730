"""``python -m training report everyday``: what was measured of the everyday models, and the card.

It measures nothing: it reads the results that ``python -m training evaluate everyday`` and
``everyday-videos`` wrote.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import msgspec

from model.pose.figures import FIGURES_PATH, Figure, FiguresError, read_figures, record_figures
from training.arguments import add_report
from training.everyday.card import (
    BLOCKS,
    CARD,
    CONFUSION,
    MODELS,
    ROBUSTNESS,
    TITLES,
    VIDEOS,
    CardError,
    refreshed,
)
from training.everyday.evaluate import PROTOCOLS, TASK
from training.everyday.evaluate_videos import TASK as VIDEO_TASK
from training.pictures.confusion import draw_confusion
from training.pictures.robustness import draw_robustness
from training.report_usdrl import write_pictures
from training.results import Result, ResultError, read_results

MAIN, TRAINED = "everyday.joined", "everyday.trained"
PUBLISHED: Mapping[str, str] = MappingProxyType(
    {MAIN: "everyday"} | {name: name for name in MODELS if name != "everyday"}
)
"""Name of a model's result → what its published figures begin with."""
_DETAILS = ("source.", "action.", "layout.", "unknown.")
"""Published of the main model alone."""


def figures_of(results: Mapping[str, Result]) -> dict[str, Figure]:
    """The figures to publish, by name.

    Raises:
        ResultError: A result is of people who choose settings, or of a model that the card does not
            know; or two have one figure.
    """
    figures: dict[str, Figure] = {}
    for result in results.values():
        for figure in _published(result):
            if figure.name in figures:
                raise ResultError(
                    f"{result.name}: expected each figure in one result, got {figure.name} again"
                )
            figures[figure.name] = figure
    return figures


def drawn(results: Mapping[str, Result]) -> dict[str, str]:
    """The pictures of streams: name of the file → the SVG."""
    found = results.get(MAIN)
    pictures = {}
    if found is not None and found.curves:
        pictures[ROBUSTNESS] = draw_robustness(TITLES[ROBUSTNESS], found.curves)
    if found is not None and found.truth:
        said = found.truth, found.predicted
        pictures[CONFUSION] = draw_confusion(TITLES[CONFUSION], *said, found.classes)
    return pictures


def report_text(figures: Mapping[str, Figure], pictures: frozenset[str]) -> str:
    """All blocks of the card, one below the other."""
    parts = [f"## {name}\n\n{block(figures, pictures)}\n" for name, block in BLOCKS.items()]
    return "\n".join(parts)


def publish(
    figures: Mapping[str, Figure], results: Path, out: Path, figures_path: Path = FIGURES_PATH
) -> None:
    """Records figures instead of all earlier ones, and puts pictures and the card into a directory.

    Args:
        figures: By name.
        results: Directory that holds the pictures.
        out: Where they go.
        figures_path: Where figures are recorded.

    Raises:
        FiguresError: What is recorded there is no list of figures.
        CardError: The card asks for what there is not.
        OSError: A file cannot be read or written.
    """
    card = CARD.read_text(encoding="utf-8")
    record_figures(figures.values(), figures_path, instead_of="everyday.")
    out.mkdir(parents=True, exist_ok=True)
    pictures = {path.name: path for path in results.glob("everyday-*.svg")}
    for path in out.glob("everyday-*.svg"):
        if path.name not in pictures:
            path.unlink()
    for name, path in pictures.items():
        shutil.copyfile(path, out / name)
    there = {path.name for path in out.glob("*.svg")}
    text = refreshed(card, read_figures(figures_path), there)
    (out / CARD.name).write_text(text, encoding="utf-8")


def configure(parser: argparse.ArgumentParser) -> None:
    """Says what ``report everyday`` can be told."""
    parser.description = (
        "Prints what was measured of the everyday models as Markdown tables, and writes them to "
        "everyday.md beside the results, with curves of robustness and a confusion matrix as SVG."
    )
    add_report(parser, CARD)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Runs the command and returns its exit status: 2, and one sentence, on bad input."""
    try:
        found = read_results(args.results)
        results = {name: each for name, each in found.items() if each.task in (TASK, VIDEO_TASK)}
        if not results:
            raise ResultError(f"{args.results}: expected results of everyday models, found none")
        figures = figures_of(results)
        write_pictures(drawn(results), args.results)
        pictures = frozenset(path.name for path in args.results.glob("everyday-*.svg"))
        text = report_text(figures, pictures)
        (args.results / CARD.name).write_text(text, encoding="utf-8")
        if args.record:
            publish(figures, args.results, args.out)
    except (ResultError, FiguresError, CardError, OSError) as error:
        print(f"report: {error}", file=sys.stderr)
        return 2
    print(text, end="")
    if args.json:
        print(json.dumps({figure.name: figure.value for figure in figures.values()}))
    return 0


def _published(result: Result) -> Iterator[Figure]:
    """A result's figures under the names that they are published by."""
    if result.choosing:
        raise ResultError(
            f"{result.name}: expected a result of people who test, got one of people who choose"
        )
    if (result.name == TRAINED) != (result.protocol == PROTOCOLS["train"]):
        raise ResultError(
            f"{result.name}: expected {TRAINED}, and it alone, to be of people who trained, got "
            f"{result.protocol}"
        )
    prefix = VIDEOS if result.task == VIDEO_TASK else PUBLISHED.get(result.name)
    if prefix is None:
        raise ResultError(
            f"{result.name}: expected a result called {', '.join(PUBLISHED)}, got another name"
        )
    for figure in result.figures:
        name = figure.name.removeprefix(f"{result.name}.")
        if prefix != "everyday" and name.startswith(_DETAILS):
            continue
        yield msgspec.structs.replace(figure, name=f"{prefix}.{name}")

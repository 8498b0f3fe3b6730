"""A table that sets figures of ours beside one another and beside published ones, as Markdown.

It is made of recorded figures alone, so that a document can be held to them. What was not measured
is said to be missing.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, stdev

from model.pose.figures import Figure
from training.literature import Published, Setting

MISSING = "–"
DEVIATION = ".deviation"
"""Ends the name of a figure that is the deviation of the figure without this ending."""

_SEED = re.compile(r"\.seed_\d+(?=\.|$)")


@dataclass(frozen=True)
class Measured:
    """What was measured under one name, by one seed or by several.

    Attributes:
        figures: A figure each seed.
        deviation: Where one figure is itself a mean: the deviation that was noted with it.
    """

    figures: tuple[Figure, ...]
    deviation: float | None = None

    @property
    def value(self) -> float:
        """The mean over the seeds."""
        return mean(figure.value for figure in self.figures)

    def __str__(self) -> str:
        """As in a table: ``86.1``, or ``86.1 ± 0.4``, the deviation of a sample."""
        if len(self.figures) > 1:
            return f"{self.value:.1f} ± {stdev(figure.value for figure in self.figures):.1f}"
        deviation = "" if self.deviation is None else f" ± {self.deviation:.1f}"
        return f"{self.value:.1f}{deviation}"


@dataclass(frozen=True)
class Row:
    """A row of ours: its title, and the name of its figures, in which ``{}`` is the column."""

    title: str
    pattern: str


@dataclass(frozen=True)
class Column:
    """A column: what stands for it in a figure's name, its title, and what its figures are of."""

    key: str
    title: str
    setting: Setting


@dataclass(frozen=True)
class Comparison:
    """One table.

    Attributes:
        title: Above it.
        rows: Ours, in their order.
        columns: In their order.
        full: Pattern of the row that the others are compared with in brackets, if any.
        says: What a reader should know, below it.
    """

    title: str
    rows: tuple[Row, ...]
    columns: tuple[Column, ...]
    full: str | None = None
    says: str = ""

    def names(self) -> dict[str, Setting]:
        """The name of each figure of the table, and what that figure has to be of."""
        return {
            row.pattern.format(column.key): column.setting
            for row in self.rows
            for column in self.columns
        }


def without_seed(name: str) -> str:
    """The name of a figure or result, whichever seed it is of."""
    return _SEED.sub("", name)


def measurements(figures: Iterable[Figure]) -> dict[str, Measured]:
    """Puts figures of the same name but for ``.seed_N`` together."""
    values: dict[str, list[Figure]] = {}
    deviations = {}
    for figure in figures:
        if figure.name.endswith(DEVIATION):
            deviations[figure.name.removesuffix(DEVIATION)] = figure.value
        else:
            values.setdefault(without_seed(figure.name), []).append(figure)
    return {name: Measured(tuple(found), deviations.get(name)) for name, found in values.items()}


def table_lines(
    table: Comparison, measured: Mapping[str, Measured], literature: Sequence[Published]
) -> list[str]:
    """The lines of a table, and below it what is missing and where all figures come from.

    Args:
        table: Which figures it shows.
        measured: Ours, by name.
        literature: Of these, those stand below ours that are of a column's setting.
    """
    published = [
        found
        for found in literature
        if any(column.setting in found.values for column in table.columns)
    ]
    figures = [figure for row in table.rows for figure in _shown(table, row, measured)]
    if not figures and not published:
        return [f"Not measured: {'; '.join(row.title for row in table.rows)}.", ""]
    lines = [
        f"| % | {' | '.join(column.title for column in table.columns)} |",
        f"|---|{'---:|' * len(table.columns)}",
        *(_row(row.title, _cells(table, row, measured)) for row in table.rows),
        *(_row(f"*{found.method}*", _published_cells(table, found)) for found in published),
        "",
    ]
    lines += [f"Published, in italics: {_sources(published)}.", ""] if published else []
    lines += [table.says, ""] if table.says else []
    return lines + (_origin(figures) if figures else [])


def _row(title: str, cells: Iterable[str]) -> str:
    return f"| {title} | {' | '.join(cells)} |"


def _cells(table: Comparison, row: Row, measured: Mapping[str, Measured]) -> list[str]:
    if not _shown(table, row, measured):
        return ["not measured", *[MISSING] * (len(table.columns) - 1)]
    cells = []
    for column in table.columns:
        found = measured.get(row.pattern.format(column.key))
        cell = MISSING if found is None else str(found)
        if found is not None and table.full not in (None, row.pattern):
            full = measured.get(str(table.full).format(column.key))
            cell += "" if full is None else f" ({_signed(found.value - full.value)})"
        cells.append(cell)
    return cells


def _signed(difference: float) -> str:
    return f"{difference:+.1f}".replace("-", "−")


def _published_cells(table: Comparison, found: Published) -> list[str]:
    values = (found.values.get(column.setting) for column in table.columns)
    return ["" if value is None else f"{value:.1f}" for value in values]


def _sources(published: Sequence[Published]) -> str:
    """Each source once, with the methods that were read there."""
    methods: dict[str, list[str]] = {}
    for found in published:
        methods.setdefault(found.source, []).append(found.method)
    return "; ".join(f"{'; '.join(read)} ({source})" for source, read in methods.items())


def _shown(table: Comparison, row: Row, measured: Mapping[str, Measured]) -> list[Figure]:
    return [
        figure
        for column in table.columns
        if (found := measured.get(row.pattern.format(column.key))) is not None
        for figure in found.figures
    ]


def _origin(figures: Sequence[Figure]) -> list[str]:
    """Machine and date of the figures that are shown; folded away, their notes and commands."""
    machines = sorted({f"{figure.machine}, {figure.date}" for figure in figures})
    notes = dict.fromkeys(figure.note for figure in figures if figure.note)
    return [
        f"Measured on {'; '.join(machines)}.",
        "",
        "<details><summary>How</summary>",
        "",
        *(f"- {note}" for note in notes),
        "",
        "```",
        *dict.fromkeys(figure.command for figure in figures),
        "```",
        "",
        "</details>",
        "",
    ]

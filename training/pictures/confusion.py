"""A confusion matrix: how many clips of each class were said to be of each class."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix

from training.pictures.sheet import FAINT, INK, PAPER, sheet, svg_of
from training.timeline import COLOURS

INCHES_A_CLASS = 0.3

_SHADES = LinearSegmentedColormap.from_list("shares", [PAPER, COLOURS[0]])
_DARK_SHARE = 0.6
"""Above this share of a row a cell is so dark that its count is written in the paper's colour."""


def draw_confusion(
    title: str, truth: Sequence[int], predicted: Sequence[int], classes: Sequence[str]
) -> str:
    """Draws counts of clips, shaded by their share of the row.

    Args:
        title: Above all.
        truth: Class of each of N clips, N > 0: a row each.
        predicted: Class that was said of each: a column each.
        classes: K names.

    Returns:
        The SVG as text; beside the name of each row stands how much of it was found.
    """
    counts = confusion_matrix(truth, predicted, labels=range(len(classes)))
    totals = counts.sum(axis=1)
    shares = counts / np.maximum(totals, 1)[:, None]
    side = 2.4 + INCHES_A_CLASS * len(classes)
    with sheet(title, side + 0.6, side) as figure:
        panel = figure.add_subplot()
        _cells(panel, counts, shares)
        middles = np.arange(len(classes)) + 0.5
        found = [
            f"{name}, {100 * share:.0f} %" if total else f"{name}, no clips"
            for name, share, total in zip(classes, np.diag(shares), totals, strict=True)
        ]
        panel.set_xticks(middles, classes, rotation=90)
        panel.set_yticks(middles, found)
        panel.tick_params(length=0)
        panel.set(xlabel="said", ylabel="true, and how much of it was found", aspect="equal")
        panel.invert_yaxis()
        return svg_of(figure)


def _cells(panel: Axes, counts: NDArray[np.integer[Any]], shares: NDArray[np.float64]) -> None:
    """Draws the cells ``(K, K)`` that are not empty."""
    edges = np.arange(len(counts) + 1)
    panel.hlines(edges, 0, len(counts), colors=FAINT, linewidth=0.4)
    panel.vlines(edges, 0, len(counts), colors=FAINT, linewidth=0.4)
    panel.set(xlim=(0, len(counts)), ylim=(0, len(counts)))
    for row, column in np.argwhere(counts):
        panel.add_patch(Rectangle((column, row), 1, 1, color=_SHADES(shares[row, column])))
        ink = PAPER if shares[row, column] > _DARK_SHARE else INK
        panel.text(
            *(column + 0.5, row + 0.5, str(counts[row, column])),
            ha="center", va="center", color=ink, size=8,
        )  # fmt: skip

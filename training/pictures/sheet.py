"""The sheet that all pictures of results are drawn on, and how it becomes the text of an SVG.

It is an opaque pale card, so that a picture reads on a light page and on a dark one. Words stay
words in the SVG: they can be searched, and a test can read them. It knows nothing of results.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.typing import RcKeyType

from training.timeline import COLOURS

PAPER, INK, FAINT = "#fcfcfc", "#303030", "#d0d0d0"
STROKES = ("-", "--", ":", "-.")
MARKERS = ("o", "s", "^", "D", "v", "P")

# Words are measured with DejaVu Sans, which comes with matplotlib and is wider than what browsers
# show instead of it: what does not overlap here does not overlap there.
_STYLE: dict[RcKeyType, Any] = {
    "axes.edgecolor": FAINT,
    "axes.facecolor": PAPER,
    "axes.labelcolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 9,
    "figure.facecolor": PAPER,
    "figure.titlesize": 11,
    "figure.titleweight": "bold",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "grid.color": FAINT,
    "grid.linewidth": 0.5,
    "legend.edgecolor": "none",
    "legend.facecolor": "none",
    "legend.fontsize": 8,
    "legend.title_fontsize": 8,
    "savefig.facecolor": PAPER,
    "svg.fonttype": "none",
    "svg.hashsalt": "posewire",
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": INK,
    "ytick.color": INK,
}


@contextmanager
def sheet(title: str, width_inches: float, height_inches: float) -> Iterator[Figure]:
    """A blank sheet with its title; what is drawn within the ``with`` block is in one style."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(width_inches, height_inches), layout="constrained")
        figure.suptitle(title, x=0.01, horizontalalignment="left")
        yield figure


def name_all(figure: Figure, panel: Axes, title: str = "", columns: int = 1) -> None:
    """Names what is drawn in a panel, right of all panels."""
    handles, names = panel.get_legend_handles_labels()
    figure.legend(
        handles, names, loc="outside right center", ncols=columns, title=title, alignment="left"
    )


def svg_of(figure: Figure) -> str:
    """The sheet as text, without date and version."""
    drawn = io.StringIO()
    figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None})
    return drawn.getvalue()


def colour(place: int) -> str:
    """The colour of the thing at ``place``; after ten they come again."""
    return COLOURS[place % len(COLOURS)]


def stroke(place: int) -> str:
    """The line of the thing at ``place``: another one each time the colours come again."""
    return STROKES[place // len(COLOURS) % len(STROKES)]


def marker(place: int) -> str:
    """The marker of the thing at ``place``, likewise."""
    return MARKERS[place // len(COLOURS) % len(MARKERS)]

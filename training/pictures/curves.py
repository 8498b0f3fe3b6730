"""Curves: accuracy against the share of a clip that was seen, precision against recall."""

from collections.abc import Mapping, Sequence

from matplotlib.ticker import MultipleLocator

from training.pictures.sheet import colour, name_all, sheet, stroke, svg_of
from training.results import Point

LEGEND_LINES = 26


def draw_early(title: str, curves: Mapping[str, Sequence[Point]]) -> str:
    """Draws what early prediction found, a curve a model.

    Args:
        title: Above all.
        curves: Name of a model → (share of the clip that was seen, accuracy), in per cent, at
            least one of each.

    Returns:
        The SVG as text; the legend says each curve's first and last accuracy.
    """
    with sheet(title, 8.2, 4.0) as figure:
        panel = figure.add_subplot()
        for place, (name, points) in enumerate(curves.items()):
            seen, accuracy = zip(*points, strict=True)
            panel.plot(
                *(seen, accuracy),
                label=f"{name}: {accuracy[0]:.1f}, {accuracy[-1]:.1f}",
                color=colour(place), linestyle=stroke(place), marker="o", markersize=3.5,
            )  # fmt: skip
        panel.set(xlim=(0, 102), ylim=(0, 102), xlabel="seen of a clip, %", ylabel="accuracy, %")
        panel.xaxis.set_major_locator(MultipleLocator(10))
        panel.yaxis.set_major_locator(MultipleLocator(20))
        panel.grid()
        name_all(figure, panel, "first and last accuracy, %")
        return svg_of(figure)


def draw_precision_recall(title: str, curves: Mapping[str, Sequence[Point]]) -> str:
    """Draws precision against recall of detected segments, a curve a class.

    Args:
        title: Above all; says the overlap from which a segment counts as found.
        curves: Name of a class → (recall, precision), 0 to 1, by growing recall; none of a class
            of which nothing was proposed.

    Returns:
        The SVG as text; the legend says each class's greatest recall.
    """
    columns = 1 + len(curves) // LEGEND_LINES
    with sheet(title, 6.6 + 1.6 * columns, max(4.0, 0.2 * len(curves) / columns)) as figure:
        panel = figure.add_subplot()
        for place, (name, points) in enumerate(curves.items()):
            recall, precision = zip(*points, strict=True) if points else ((0.0,), (0.0,))
            panel.plot(
                *(recall, precision),
                label=f"{name}: {100 * max(recall):.0f}",
                color=colour(place), linestyle=stroke(place), linewidth=1.3,
            )  # fmt: skip
        panel.set(xlim=(0, 1.02), ylim=(0, 1.02), xlabel="recall", ylabel="precision")
        panel.grid()
        name_all(figure, panel, "greatest recall, %", columns)
        return svg_of(figure)

"""Maps of features: clips as dots in a plane, coloured by class, one map beside another."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes

from training.pictures.sheet import colour, marker, name_all, sheet, svg_of
from training.results import FeatureMap

MOST_DOTS = 500
"""Of a map with more clips, evenly spaced ones are drawn: more would only hide one another."""
LEGEND_LINES = 18


def draw_feature_maps(title: str, maps: Mapping[str, FeatureMap], classes: Sequence[str]) -> str:
    """Draws maps side by side; where a dot lies says nothing but who its neighbours are.

    Args:
        title: Above all.
        maps: What a map is of → where its clips lie; at least one.
        classes: Names of the classes.

    Returns:
        The SVG as text.
    """
    columns = 1 + len(classes) // LEGEND_LINES
    with sheet(title, 0.4 + 3.6 * len(maps) + 1.6 * columns, 4.2) as figure:
        panels = figure.subplots(1, len(maps), squeeze=False)[0]
        for panel, (name, drawn) in zip(panels, maps.items(), strict=True):
            dots = _draw_dots(panel, drawn, classes)
            panel.set(xticks=[], yticks=[], title=f"{name}: {dots} clips", box_aspect=1)
        name_all(figure, panels[0], columns=columns)
        return svg_of(figure)


def _draw_dots(panel: Axes, drawn: FeatureMap, classes: Sequence[str]) -> int:
    """Draws the clips of a map and returns how many."""
    step = -(-len(drawn.truth) // MOST_DOTS) or 1
    dots = list(zip(drawn.points, drawn.truth, strict=True))[::step]
    for place, name in enumerate(classes):
        here = [point for point, label in dots if label == place]
        panel.plot(
            *([x for x, _ in here], [y for _, y in here]),
            label=name, color=colour(place), marker=marker(place), linestyle="none",
            markersize=3.2, markeredgewidth=0,
        )  # fmt: skip
    return len(dots)

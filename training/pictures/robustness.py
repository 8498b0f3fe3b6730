"""Curves of robustness: macro-F1 against one thing at a time that makes streams worse."""

from collections.abc import Mapping, Sequence

from training.pictures.sheet import colour, marker, sheet, svg_of
from training.results import Point

PANELS: Mapping[str, str] = {
    "noise": "error of keypoints, × as measured",
    "missing": "joints missing, %",
    "rate": "frames a second",
    "yaw": "seen from, ° (180: behind)",
    "size": "body, % of picture height",
}
"""Curve → what it is drawn against."""
PARTS: Mapping[str, str] = {"legs": "legs cut off", "arms": "arms and head only"}
"""Points that stand beside the curve of missing joints."""


def draw_robustness(title: str, curves: Mapping[str, Sequence[Point]]) -> str:
    """Draws a panel a curve.

    Args:
        title: Above all.
        curves: Name of a curve or of a part → (value, macro-F1 in per cent).

    Returns:
        The SVG as text.
    """
    drawn = {name: curves[name] for name in PANELS if curves.get(name)}
    with sheet(title, 2.3 * max(len(drawn), 2) + 0.4, 2.9) as figure:
        panels = figure.subplots(1, max(len(drawn), 1), sharey=True, squeeze=False)[0]
        for panel, (name, points) in zip(panels, drawn.items(), strict=False):
            values, scores = zip(*points, strict=True)
            panel.plot(values, scores, color=colour(0), marker="o", markersize=3.5)
            panel.set(ylim=(0, 102), xlabel=PANELS[name])
            panel.grid()
            if name == "missing":
                for place, (part, shown) in enumerate(PARTS.items(), start=1):
                    for value, score in curves.get(part, ()):
                        panel.plot(
                            *([value], [score]), label=shown,
                            color=colour(place), marker=marker(place), linestyle="",
                        )  # fmt: skip
                if panel.get_legend_handles_labels()[0]:
                    panel.legend(loc="lower left")
        panels[0].set_ylabel("macro-F1, %")
        return svg_of(figure)

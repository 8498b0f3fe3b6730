"""A film strip: what was said along a recording, above the drawn skeleton of whoever is seen.

It draws keypoints and labels; pixels of a recording it never has.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.patches import Patch
from numpy.typing import NDArray

from model.pose.layout import Layout
from model.pose.metrics import segments
from training.pictures.sheet import FAINT, INK, colour, sheet, svg_of

FIGURES = 16
_HEIGHT = 1.0
"""Of the largest figure; the others are drawn to the same scale."""
_ROW, _GAP = 0.16, 0.06
_FIGURE_INCHES = 0.62

Keypoints = NDArray[np.floating[Any]]


def draw_film_strip(
    title: str,
    times_ms: NDArray[np.float64],
    rows: Mapping[str, NDArray[np.integer[Any]]],
    labels: Sequence[str],
    keypoints: Keypoints,
    layout: Layout,
) -> str:
    """Draws rows of labels along time, and below them figures at even steps.

    Args:
        title: Above all.
        times_ms: ``(T,)``.
        rows: Name of a row → ``(T,)`` classes; background (0) stays empty.
        labels: Names of the classes.
        keypoints: ``(T, V, 4)`` rows x, y, z and score in a picture's pixels; score 0 is missing.
        layout: Of the V joints.

    Returns:
        The SVG as text; the same input gives the same bytes.
    """
    seconds = (times_ms - times_ms[0]) / 1000
    length_s = max(float(seconds[-1]), 1e-3)
    with sheet(title, 1.6 + _FIGURE_INCHES * FIGURES, 2.1 + _ROW * len(rows)) as figure:
        panel = figure.add_subplot()
        said = sorted({int(label) for row in rows.values() for label in row if label > 0})
        colours = {label: colour(place) for place, label in enumerate(said)}
        bottom = _HEIGHT + _GAP
        top = bottom + (_ROW + _GAP) * len(rows)
        _draw_rows(panel, seconds, rows, labels, colours, top)
        _draw_figures(panel, seconds, keypoints, layout)
        ticks = [top - _ROW / 2 - place * (_ROW + _GAP) for place in range(len(rows))]
        panel.set_yticks(ticks, list(rows))
        panel.tick_params(length=0)
        panel.set(xlim=(0, length_s), ylim=(-0.05, top + 0.05), xlabel="seconds")
        panel.axhline(bottom, color=FAINT, linewidth=0.5)
        panel.spines[:].set_visible(False)
        if said:
            patches = [Patch(color=colours[label], label=labels[label]) for label in said]
            figure.legend(handles=patches, loc="outside lower center", ncols=7)
        return svg_of(figure)


def _draw_rows(
    panel: Axes,
    seconds: NDArray[np.float64],
    rows: Mapping[str, NDArray[np.integer[Any]]],
    labels: Sequence[str],
    colours: Mapping[int, str],
    top: float,
) -> None:
    for place, classes in enumerate(rows.values()):
        floor = top - place * (_ROW + _GAP) - _ROW
        panel.broken_barh([(0, float(seconds[-1]))], (floor, _ROW), color=FAINT, alpha=0.5)
        for run in segments(classes):
            if run.label <= 0:
                continue
            start_s = float(seconds[run.start])
            wide_s = float(seconds[min(run.stop, len(seconds) - 1)]) - start_s
            panel.broken_barh([(start_s, wide_s)], (floor, _ROW), color=colours[run.label]).set_gid(
                f"{labels[run.label]} {start_s:.1f}"
            )


def _draw_figures(
    panel: Axes, seconds: NDArray[np.float64], keypoints: Keypoints, layout: Layout
) -> None:
    """Draws a figure in the middle of each of `FIGURES` even steps, feet down."""
    step_s = float(seconds[-1]) / FIGURES
    middles_s = (np.arange(FIGURES) + 0.5) * step_s
    frames = [int(np.abs(seconds - at_s).argmin()) for at_s in middles_s]
    scale = _HEIGHT / max(_tallest(keypoints[frames]), 1.0)
    # A height of 1 is about an inch on the sheet, a step `_FIGURE_INCHES`.
    wide = step_s / _FIGURE_INCHES
    for at_s, frame in zip(middles_s, frames, strict=True):
        seen = keypoints[frame, :, 3] > 0
        if not seen.any():
            continue
        points = keypoints[frame, :, :2] * scale
        middle, floor = np.median(points[seen, 0]), points[seen, 1].max()
        drawn = np.stack([at_s + (points[:, 0] - middle) * wide, floor - points[:, 1]], axis=1)
        bones = [(drawn[a], drawn[b]) for a, b in layout.bones if seen[a] and seen[b]]
        panel.add_collection(LineCollection(bones, colors=INK, linewidths=1.1))


def _tallest(keypoints: Keypoints) -> float:
    """Height of the tallest of some figures ``(N, V, 4)`` in pixels; 0 where nobody is seen."""
    seen = keypoints[..., 3] > 0
    y = keypoints[..., 1]
    top = np.where(seen, y, np.inf).min(axis=1)
    floor = np.where(seen, y, -np.inf).max(axis=1)
    heights = (floor - top)[seen.any(axis=1)]
    return float(heights.max()) if len(heights) else 0.0

"""A timeline of labels as an SVG: what was true above what was said, along a recording."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

from model.pose.metrics import segments

# Muted hues that stay apart for the colour-blind (after P. Tol) and on light and dark pages alike.
COLOURS = (
    "#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee",
    "#aa3377", "#ee7733", "#009988", "#997700", "#7755cc",
)  # fmt: skip
NEUTRAL = "#8a8a8a"

WIDTH, LEFT, RIGHT = 960, 90, 20
ROW, GAP, TOP = 26, 10, 34
LEGEND_COLUMN, LEGEND_LINE = 166, 20


def draw_timeline(
    title: str,
    times_ms: NDArray[np.float64],
    rows: Mapping[str, NDArray[np.integer[Any]]],
    labels: Sequence[str],
) -> str:
    """Draws rows of labels along time; background (0) and what is left out (-1) stay empty.

    Args:
        title: Above all.
        times_ms: ``(T,)``.
        rows: Name of a row → ``(T,)`` classes.
        labels: Names of the classes.

    Returns:
        The SVG as text; the same input gives the same bytes.
    """
    start_ms, end_ms = float(times_ms[0]), float(times_ms[-1])
    pixels_a_ms = (WIDTH - LEFT - RIGHT) / max(end_ms - start_ms, 1.0)

    def across(time_ms: float) -> float:
        return LEFT + (time_ms - start_ms) * pixels_a_ms

    parts = [_text(LEFT, 18, title, weight="bold")]
    bottom = TOP + len(rows) * (ROW + GAP)
    for place, (name, classes) in enumerate(rows.items()):
        top = TOP + place * (ROW + GAP)
        parts.append(_text(LEFT - 8, top + ROW * 0.68, name, anchor="end"))
        parts.append(_box(LEFT, top, WIDTH - LEFT - RIGHT, NEUTRAL, opacity=0.15))
        for run in segments(classes):
            if run.label > 0:
                first, last = times_ms[run.start], times_ms[min(run.stop, len(times_ms) - 1)]
                parts.append(_box(across(first), top, across(last) - across(first), _of(run.label)))
    parts += _axis(start_ms, end_ms, across, bottom)
    lines = _legend(labels, bottom + 40)
    height = bottom + 40 + LEGEND_LINE * -(-(len(labels) - 1) // 5)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'font-family="sans-serif" font-size="13" fill="{NEUTRAL}">'
    )
    return "\n".join([head, *parts, *lines, "</svg>", ""])


def _axis(
    start_ms: float, end_ms: float, across: Callable[[float], float], top: float
) -> list[str]:
    marks = range(0, int((end_ms - start_ms) / 1000) + 1, 10)
    return [
        _text(across(start_ms + 1000 * second), top + 8, f"{second} s", anchor="middle")
        for second in marks
    ]


def _legend(labels: Sequence[str], top: float) -> list[str]:
    parts = []
    for label in range(1, len(labels)):
        line, column = divmod(label - 1, 5)
        left, middle = LEFT + column * LEGEND_COLUMN, top + line * LEGEND_LINE
        parts.append(_box(left, middle - 10, 12, _of(label), height=12))
        parts.append(_text(left + 18, middle, labels[label]))
    return parts


def _of(label: int) -> str:
    return COLOURS[(label - 1) % len(COLOURS)]


def _box(
    left: float, top: float, width: float, colour: str, height: float = ROW, opacity: float = 1.0
) -> str:
    return (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{max(width, 1):.1f}" height="{height:.0f}" '
        f'fill="{colour}" opacity="{opacity:g}"/>'
    )


def _text(left: float, top: float, text: str, anchor: str = "start", weight: str = "normal") -> str:
    return (
        f'<text x="{left:.1f}" y="{top:.1f}" text-anchor="{anchor}" font-weight="{weight}">'
        f"{escape(text)}</text>"
    )

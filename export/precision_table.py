"""The table of precisions: size, time and fidelity, for a person, a machine and the figures."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from export.artifact_file import Artifact
from export.fidelity import Fidelity
from export.trial import Timing
from model.pose.figures import Figure, measured

TOGETHER = 8
"""Windows of the run that is timed beside one alone: as many as a busy service gathers."""


@dataclass(frozen=True)
class Row:
    """One precision.

    Attributes:
        precision: its name.
        artifact: in memory.
        alone: the time of a window by itself.
        together: that of one of `TOGETHER`; None where windows may not share a run.
        fidelity: its labels beside those of float32.
        dependence: what neighbours in a run change, over the logits' spread.
    """

    precision: str
    artifact: Artifact
    alone: Timing
    together: Timing | None
    fidelity: Fidelity
    dependence: float = 0.0


def lines(rows: Sequence[Row]) -> list[str]:
    """Returns the table for a person; the first row is float32, which ratios are of."""
    of_many = f"ms of {TOGETHER}"
    heading = (
        f"{'':13}{'MB':>7}{'× fp32':>8}{'ms alone':>10}{'× fp32':>8}{of_many:>9}{'× fp32':>8}"
        f"{'differs':>9}{'agrees %':>10}{'right %':>9}  in a batch"
    )
    least = len(rows[0].artifact.content)
    return [heading, *(_line(row, least) for row in rows)]


def _line(row: Row, least: int) -> str:
    size, right = len(row.artifact.content), row.fidelity.accuracy
    return (
        f"{row.precision:13}{size / 1e6:7.2f}{size / least:8.2f}"
        f"{_timed(row.alone, 10)}{_timed(row.together, 9)}{row.fidelity.difference:9.1e}"
        f"{row.fidelity.agreement:10.2f}{'-' if right is None else f'{right:.2f}':>9}"
        f"  {'alike' if row.together else f'differs by {row.dependence:.1e}: not served'}"
    )


def _timed(timing: Timing | None, width: int) -> str:
    if timing is None:
        return f"{'-':>{width}}{'-':>8}"
    return f"{timing.window_ms:{width}.2f}{timing.relative:8.2f}"


def values(rows: Sequence[Row]) -> dict[str, object]:
    """Returns the table for a machine."""
    return {
        row.precision: {
            "bytes": len(row.artifact.content),
            "window_ms": row.alone.window_ms,
            "relative": row.alone.relative,
            "together_ms": None if row.together is None else row.together.window_ms,
            "together_relative": None if row.together is None else row.together.relative,
            "dependence": row.dependence,
            "servable": row.together is not None,
            **asdict(row.fidelity),
        }
        for row in rows
    }


def figures(rows: Sequence[Row], command: str, note: str) -> list[Figure]:
    """Returns the table as figures, `precision.fp16.size_mb` and so on.

    Args:
        rows: the table.
        command: what measured it.
        note: which artifact and recordings.
    """
    return [
        measured(
            f"precision.{row.precision.replace('-', '_')}.{what}",
            round(value, 4),
            unit,
            command,
            note,
        )
        for row in rows
        for what, value, unit in _measures(row)
    ]


def _measures(row: Row) -> list[tuple[str, float, str]]:
    together = row.together
    found: list[tuple[str, float | None, str]] = [
        ("size_mb", len(row.artifact.content) / 1e6, "MB"),
        ("window_ms", row.alone.window_ms, "ms"),
        ("relative", row.alone.relative, "×"),
        ("together_ms", together.window_ms if together else None, "ms"),
        ("together_relative", together.relative if together else None, "×"),
        ("difference", 100 * row.fidelity.difference, "%"),
        ("agreement", row.fidelity.agreement, "%"),
        ("accuracy", row.fidelity.accuracy, "%"),
    ]
    return [(what, value, unit) for what, value, unit in found if value is not None]

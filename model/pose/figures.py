"""The figures that the project publishes: one JSON file, each once, with how it was measured.

Commands write it and tests hold documents to it; nobody types into it. What a figure means is said
by its name and its note alone.
"""

import math
import os
import platform
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import msgspec

from model.pose.unreadable import UNDECODABLE
from model.pose.whole_file import whole_file

ROOT = Path(__file__).resolve().parents[2]
FIGURES_PATH = ROOT / "benchmarks" / "figures.json"


class FiguresError(ValueError):
    """A file that is no list of figures, said in one sentence."""


class Figure(msgspec.Struct, frozen=True):
    """One measured figure.

    Attributes:
        name: Dotted, unique: ``utkinect.online.dste.macro_f1``.
        value: The number.
        unit: Of the number: ``%``, ``ms``, ``×``, ….
        command: What measures it again.
        machine: Processor and number of cores that measured it.
        date: Day of the measurement, as in 2026-01-31.
        commit: Of the code that measured it.
        note: What a reader should know beside it.
    """

    name: str
    value: float
    unit: str
    command: str
    machine: str
    date: str
    commit: str
    note: str = ""


def measured(name: str, value: float, unit: str, command: str, note: str = "") -> Figure:
    """A figure that was measured here and now, by the code as it is."""
    date = datetime.now(UTC).date().isoformat()
    return Figure(name, value, unit, command, machine(), date, commit(), note)


def read_figures(path: Path = FIGURES_PATH) -> dict[str, Figure]:
    """The figures of a file, by name; none where there is no file.

    Raises:
        FiguresError: Where the file is no list of figures, or has one twice.
    """
    try:
        figures = msgspec.json.decode(path.read_bytes(), type=list[Figure])
    except FileNotFoundError:
        return {}
    except (OSError, *UNDECODABLE) as error:
        raise FiguresError(f"{path}: expected a list of figures, but {error}") from error
    by_name = {figure.name: figure for figure in figures}
    if len(by_name) < len(figures):
        raise FiguresError(
            f"{path}: expected each figure once, got {len(figures)} of {len(by_name)} names"
        )
    return by_name


def record_figures(
    figures: Iterable[Figure], path: Path = FIGURES_PATH, instead_of: str | None = None
) -> None:
    """Puts figures into a file, in place of those of the same names; others stay.

    The file is replaced at once, sorted by name, so that equal figures give equal bytes.

    Args:
        figures: What was measured.
        path: The file.
        instead_of: What the names begin with of all figures that go, measured again or not; None
            for no others.

    Raises:
        FiguresError: Where what is there is no list of figures, a figure is not finite, or the file
            cannot be written.
    """
    measured = {figure.name: figure for figure in figures}
    for figure in measured.values():
        if not math.isfinite(figure.value):
            raise FiguresError(f"expected a finite value of {figure.name}, got {figure.value}")
    kept = {
        name: figure
        for name, figure in read_figures(path).items()
        if instead_of is None or not name.startswith(instead_of)
    }
    together = kept | measured
    content = msgspec.json.encode([together[name] for name in sorted(together)])
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as file:
            file.write(msgspec.json.format(content, indent=2) + b"\n")
    except OSError as error:
        raise FiguresError(f"{path}: the figures cannot be written: {error}") from None


def machine() -> str:
    """The processor of this machine and how many cores this process may use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{_processor()}, {cores} {'core' if cores == 1 else 'cores'}"


# Once a process, because figures that it records in between are changes too, and not of its code.
@cache
def commit(root: Path = ROOT) -> str:
    """The commit of the code, ``-dirty`` where files differ from it, ``unknown`` outside git."""
    command = ["git", "--no-optional-locks", "describe", "--always", "--dirty", "--exclude=*"]
    try:
        described = subprocess.run(command, cwd=root, capture_output=True, check=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return described.stdout.strip()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.processor() or platform.machine())

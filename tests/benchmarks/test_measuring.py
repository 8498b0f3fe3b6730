"""Measurements follow one another, and what was measured is kept whatever comes after it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.measuring import measure_all
from model.pose.figures import Figure, read_figures


def figure(name: str) -> Figure:
    return Figure(name, 1.5, "ms", "python -m benchmarks", "a CPU", "2026-01-31", "abc", "a note")


def whole() -> Iterator[Figure]:
    yield figure("whole.first")
    yield figure("whole.second")


def broken() -> Iterator[Figure]:
    yield figure("broken.first")
    raise ValueError("expected the video a.mp4")


@pytest.mark.parametrize("path", ["figures.json", None])
def test_what_cannot_be_measured_here_is_left_out(
    path: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where all are run it is said why, the next one runs, and all that was found is recorded."""
    place = tmp_path / path if path else None
    found = measure_all({"broken": broken, "whole": whole}, asked_for=False, record_to=place)
    said = capsys.readouterr()
    assert said.err == "benchmarks: broken: expected the video a.mp4; it was not measured\n"
    names = ["broken.first", "whole.first", "whole.second"]
    assert [each.name for each in found] == names
    assert [line.split()[0] for line in said.out.splitlines()[::2]] == names
    assert sorted(read_figures(tmp_path / "figures.json")) == (names if path else [])


def test_what_was_asked_for_is_needed(tmp_path: Path) -> None:
    """One that was named and fails ends it; what was found until then is recorded."""
    place = tmp_path / "figures.json"
    measurements = {"whole": whole, "broken": broken, "never": broken}
    with pytest.raises(ValueError, match=r"expected the video a\.mp4"):
        measure_all(measurements, asked_for=True, record_to=place)
    assert sorted(read_figures(place)) == ["broken.first", "whole.first", "whole.second"]

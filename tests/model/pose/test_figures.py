"""The figures file: each figure once, others kept, replaced at once."""

import json
import re
from pathlib import Path

import pytest

from model.pose.figures import Figure, FiguresError, measured, read_figures, record_figures


def test_recording_replaces_a_figure_and_keeps_the_others(tmp_path: Path) -> None:
    """A name is there once, with its newest value; what others recorded stays as it was."""
    path = tmp_path / "benchmarks" / "figures.json"
    old = Figure("web.fps", 30.0, "fps", "make bench", "a laptop, 8 cores", "2026-01-01", "abc")
    record_figures([old, measured("bench.a", 1.0, "×", "make bench")], path)
    record_figures([measured("bench.a", 2.0, "×", "make bench", note="twice")], path)
    figures = read_figures(path)

    assert list(figures) == ["bench.a", "web.fps"]
    assert (figures["bench.a"].value, figures["bench.a"].note) == (2.0, "twice")
    assert figures["web.fps"] == old
    assert [entry["name"] for entry in json.loads(path.read_text())] == ["bench.a", "web.fps"]
    assert list(path.parent.iterdir()) == [path]


def test_figures_of_a_whole_report_go_where_they_are_not_measured_again(tmp_path: Path) -> None:
    """All that begins so goes, also what has no successor; others stay."""
    path = tmp_path / "figures.json"
    first = [measured(name, 1.0, "%", "x") for name in ("card.a", "card.b", "bench.card.a")]
    record_figures(first, path)
    record_figures([measured("card.b", 2.0, "%", "x")], path, instead_of="card.")
    assert {name: each.value for name, each in read_figures(path).items()} == {
        "bench.card.a": 1.0,
        "card.b": 2.0,
    }


def test_a_measured_figure_says_where_and_when() -> None:
    """Machine with cores, an ISO date and a commit: enough to measure it again."""
    figure = measured("bench.a", 1.0, "×", "make bench")

    assert re.search(r", \d+ cores?$", figure.machine)
    assert len(figure.date.split("-")) == 3
    assert figure.commit


@pytest.mark.parametrize(
    "content", ["{}", "no JSON", '[{"name": "a"}]', json.dumps([{}]).replace("{}", "1")]
)
def test_a_file_that_is_no_list_of_figures_is_refused_and_kept(
    tmp_path: Path, content: str
) -> None:
    """One sentence names the file; recording does not write over it."""
    path = tmp_path / "figures.json"
    path.write_text(content)
    with pytest.raises(FiguresError, match=r"figures\.json: expected a list of figures"):
        record_figures([measured("a", 1.0, "%", "x")], path)
    assert path.read_text() == content


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_was_not_measured_is_not_recorded(value: float, tmp_path: Path) -> None:
    """JSON has no such number: whoever reads the file next could not."""
    path = tmp_path / "figures.json"
    record_figures([measured("bench.one", 1.0, "ms", "make bench")], path)
    before = path.read_bytes()
    with pytest.raises(FiguresError, match=r"a finite value of bench.two, got (nan|inf)"):
        record_figures([measured("bench.two", value, "ms", "make bench")], path)
    assert path.read_bytes() == before


def test_a_figure_that_stands_twice_is_refused(tmp_path: Path) -> None:
    """Each figure is published once."""
    path = tmp_path / "figures.json"
    record_figures([measured("a", 1.0, "%", "x")], path)
    path.write_text(json.dumps(json.loads(path.read_text()) * 2))
    with pytest.raises(FiguresError, match="each figure once, got 2 of 1 names"):
        read_figures(path)

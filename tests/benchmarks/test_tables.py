"""The documents say what was measured, and nothing else."""

import pytest

from benchmarks.__main__ import main
from benchmarks.tables import documents, refreshed, rendered
from model.pose.figures import Figure, read_figures
from model.pose.manifest import read_manifest
from service.settings import DEFAULT_MODEL


def test_the_documents_hold_the_recorded_figures() -> None:
    """Making every table of every document anew changes nothing."""
    figures = read_figures()
    with_tables = 0
    for path in documents():
        text = path.read_text(encoding="utf-8")
        assert refreshed(text, figures) == text, f"{path.name}: run `python -m benchmarks tables`"
        with_tables += "<!-- figures:" in text
    assert with_tables


def test_every_published_figure_was_measured_on_committed_code() -> None:
    """A figure names its command, its machine and a commit without changes of its own."""
    for figure in read_figures().values():
        assert figure.command.startswith("python -m "), figure.name
        assert figure.machine, figure.name
        assert "dirty" not in figure.commit, figure.name


def test_the_load_is_that_of_the_model_that_ships() -> None:
    """Another version of it costs something else, and is to be measured anew."""
    entries = read_manifest(DEFAULT_MODEL.parent / "manifest.json").artifacts
    (shipped,) = [each for each in entries if each.file == DEFAULT_MODEL.name]
    figures = [each for each in read_figures().values() if each.name.startswith("service.streams")]
    assert figures
    for figure in figures:
        assert figure.note.startswith(f"{shipped.name} {shipped.version}. "), figure.name


def test_a_table_shows_its_figures_and_who_measured_them() -> None:
    """Values are rounded, gaps stay empty, the machine is named."""
    name = "bench.window.utkinect.batch_1_ms"
    figure = Figure(name, 1.236, "ms", "python -m benchmarks window", "a CPU", "2026-01-31", "abc")
    text = rendered("window", {name: figure})
    assert "| utkinect-dste, fp32 | 1.24 |  |" in text
    assert "a CPU, 2026-01-31" in text


def test_an_unknown_table_or_measurement_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence that names what there is."""
    with pytest.raises(ValueError, match="there is no table 'nonsense'"):
        refreshed("<!-- figures:nonsense -->\n<!-- /figures -->", {})
    assert main(["nonsense"]) == 2
    assert "there is no measurement 'nonsense'" in capsys.readouterr().err

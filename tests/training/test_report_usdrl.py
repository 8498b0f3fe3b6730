"""The USDRL report as a command: from files of results to tables, pictures and a page."""

import json
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest

from model.pose.figures import Figure, FiguresError, read_figures
from training.__main__ import main
from training.report_usdrl import PAGE, figures_of, publish
from training.results import FeatureMap, Result, ResultError, read_results, write_result
from training.results_page import PageError, refreshed
from training.usdrl_pictures import drawn

CLASSES = ("hop", "wave")
CROSS_VIEW = "nw_ucla/cross-view"
TRUTH, PREDICTED = (0, 0, 0, 1, 1), (0, 0, 1, 1, 1)


@dataclass(frozen=True)
class Made:
    """A directory of results, and the results."""

    directory: Path
    results: dict[str, Result]


def result(name: str, values: dict[str, float], task: str, protocol: str = CROSS_VIEW) -> Result:
    """A result whose figures are called as ``values`` says after its name."""
    figures = tuple(
        Figure(f"{name}{suffix}", value, "%", f"python -m training evaluate {task}", "a CPU",
               "2026-01-31", "abc")
        for suffix, value in values.items()
    )  # fmt: skip
    points = tuple((float(place), float(label)) for place, label in enumerate(TRUTH))
    mapped = FeatureMap(points, TRUTH) if task == "linear" else None
    return Result(name, task, protocol, figures, CLASSES, TRUTH, PREDICTED, feature_map=mapped)


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """Results of three tasks."""
    results = [
        result("nw_ucla.linear.random", {"": 70.0}, "linear"),
        result("nw_ucla.linear.single", {"": 80.0}, "linear"),
        result("nw_ucla.early.single", {".10": 30.5, ".50": 60.0, ".100": 80.0}, "early"),
        result("hops.knn", {"": 55.5}, "knn", "hops/cross-view"),
    ]
    for found in results:
        write_result(found, tmp_path / "results")
    return Made(tmp_path / "results", read_results(tmp_path / "results"))


def test_the_command_prints_tables_and_writes_them_beside_the_results(
    made: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ours and published in one table, other figures below; what is not drawn is named."""
    assert main(["report", "usdrl", "--results", str(made.directory), "--json"]) == 0
    *lines, last = capsys.readouterr().out.splitlines()

    assert lines[2:10] == [
        "| % | linear | 1-NN, cosine |",
        "|---|---:|---:|",
        "| random weights | 70.0 | – |",
        "| single stream | 80.0 | – |",
        "| three streams | not measured | – |",
        "| one multi-modal encoder | not measured | – |",
        "| *MoCo with auto-encoder and latent similarity* | 86.1 |  |",
        "| *Predict & Cluster* |  | 84.9 |",
    ]
    assert "| hops.knn | 55.5 |" in lines
    assert json.loads(last)["nw_ucla.early.single.50"] == 60.0
    assert (made.directory / "report.md").read_text() == "\n".join([*lines, ""])
    assert sorted(path.name for path in made.directory.glob("*.svg")) == [
        *("nw-ucla-confusion.svg", "nw-ucla-early.svg", "nw-ucla-features.svg"),
    ]
    assert "It needs a result called utkinect.detection.pretrained." in "\n".join(lines)


def test_recording_keeps_what_was_recorded_before(made: Made, tmp_path: Path) -> None:
    """Figures, pictures and the page of results are renewed; other figures and pictures stay."""
    out, recorded = tmp_path / "docs", tmp_path / "figures.json"
    earlier = result("nw_ucla.linear.three", {"": 85.0}, "linear")
    publish(
        figures_of({earlier.name: earlier}), {"utd-mhad-confusion.svg": "<svg/>"}, out, recorded
    )
    publish(figures_of(made.results), drawn(made.results), out, recorded)

    page = (out / "results.md").read_text()
    for row in ("| random weights | 70.0 | – |", "| three streams | 85.0 | – |"):
        assert row in page
    for name in ("utd-mhad-confusion.svg", "nw-ucla-early.svg"):
        assert f"]({name})" in page
        ElementTree.parse(out / name)
    assert set(read_figures(recorded)) == {earlier.name, *figures_of(made.results)}


def test_the_page_of_results_holds_the_recorded_figures() -> None:
    """Making every block of it anew changes nothing, and its pictures are there."""
    text = PAGE.read_text(encoding="utf-8")
    pictures = {path.name for path in PAGE.parent.glob("*.svg")}
    assert refreshed(text, read_figures(), pictures) == text, "run `report usdrl --record`"


def test_a_page_that_asks_for_what_there_is_not_is_refused() -> None:
    """One sentence that names what there is."""
    with pytest.raises(PageError, match="no table or picture 'nonsense'; there are nw_ucla, "):
        refreshed("<!-- usdrl:nonsense -->\n<!-- /usdrl -->", {}, ())


def test_a_result_of_another_protocol_stands_in_no_table(made: Made) -> None:
    """It is refused, so that nothing published can stand beside it by mistake."""
    name = "nw_ucla.linear.single"
    other = result(name, {"": 99.0}, "linear", "nw_ucla/cross-subject")
    with pytest.raises(ResultError, match=f"expected protocol {CROSS_VIEW} for {name}, got nw_u"):
        figures_of(made.results | {name: other})


def test_pictures_stand_not_beside_published_figures_of_bodies_in_space(made: Made) -> None:
    """One protocol has several forms of its data set; under a name of its own a result is taken."""
    name = "ntu60.cross_subject.linear.single"
    seen = result(name, {"": 60.0}, "linear", "ntu60/cross-subject")
    figures_of(made.results | {name: seen})
    flat = msgspec.structs.replace(seen, data_set="ntu60_2d")
    with pytest.raises(ResultError, match=r"expected clips in space for ntu60\..+ got ntu60_2d"):
        figures_of(made.results | {name: flat})
    other = result("ntu60_2d.linear", {"": 60.0}, "linear", "ntu60/cross-subject")
    figures_of(made.results | {other.name: msgspec.structs.replace(other, data_set="ntu60_2d")})


def test_figures_of_two_results_do_not_hide_one_another(made: Made) -> None:
    """A figure that comes twice is refused."""
    twice = made.results | {"again": made.results["hops.knn"]}
    with pytest.raises(ResultError, match=r"each figure in one result, got hops\.knn again"):
        figures_of(twice)


def test_clips_that_choose_settings_are_not_reported(made: Made) -> None:
    """A result on them is no result on the test."""
    chosen = Result("hops.linear", "linear", "hops/cross-view", (), choosing=True)
    with pytest.raises(ResultError, match=r"hops\.linear: expected a result of clips that test"):
        figures_of({chosen.name: chosen})


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "expected results (*.json), found none"),
        ("no JSON", "broken.json: expected a result, but "),
        ('{"format": "posewire-result", "version": 9}', "version 1, got posewire-result version 9"),
        ("", "broken.json: expected a result, but "),
    ],
)
def test_garbage_among_the_results_is_one_sentence(
    content: str | None, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It names the file; nothing is written."""
    if content is not None:
        (tmp_path / "broken.json").write_text(content)
    assert main(["report", "usdrl", "--results", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1
    assert not (tmp_path / "report.md").exists()


def test_a_missing_directory_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It names the directory."""
    assert main(["report", "usdrl", "--results", str(tmp_path / "none")]) == 2
    assert "none: expected a directory of results" in capsys.readouterr().err


def test_broken_figures_are_left_as_they_are(made: Made, tmp_path: Path) -> None:
    """What is recorded cannot be read: nothing is drawn or written over it."""
    recorded = tmp_path / "figures.json"
    recorded.write_text("{")
    with pytest.raises(FiguresError):
        publish(figures_of(made.results), drawn(made.results), tmp_path / "docs", recorded)
    assert recorded.read_text() == "{"
    assert not (tmp_path / "docs").exists()

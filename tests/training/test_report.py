"""The report: one table, the figures, and a timeline that shows what was said."""

import json
import shutil
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from model.pose.store import PoseStore
from training.__main__ import main
from training.report_utkinect import figures_of, measure
from training.timeline import COLOURS, draw_timeline

SVG = "{http://www.w3.org/2000/svg}"


def test_the_report_reads_a_run_and_prints_one_table(
    store: PoseStore, runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A row for always-background and each model; the file beside the run says the same."""
    options = ["--store", str(store.path), "--runs", str(runs), "--json"]
    assert main(["report", "utkinect", *options]) == 0
    *lines, last = capsys.readouterr().out.splitlines()
    figures = json.loads(last)

    assert [line.split("|")[1].strip() for line in lines[2:7]] == [
        *("always background", "MLP on each frame", "GRU over frames", "DSTE", "DSTE, pretrained"),
    ]
    assert f"| {figures['utkinect.online.dste.macro_f1']:.1f} |" in lines[5]
    assert (runs / "report.md").read_text() == "\n".join([*lines, ""])
    ElementTree.parse(runs / "timeline.svg")


def test_a_run_without_a_pretrained_model_is_reported(
    store: PoseStore, runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As `make train-demo` leaves it: three models and their timeline; a missing one is named."""
    for model in ("dste", "gru", "mlp"):
        shutil.copy(runs / f"{model}.ckpt", tmp_path)
    options = ["--store", str(store.path), "--runs", str(tmp_path)]
    assert main(["report", "utkinect", *options]) == 0
    assert "pretrained" not in capsys.readouterr().out
    assert "PRETRAINED" not in (tmp_path / "timeline.svg").read_text()

    (tmp_path / "gru.ckpt").unlink()
    assert main(["report", "utkinect", *options]) == 2
    assert "gru.ckpt" in capsys.readouterr().err


def test_figures_are_named_as_they_are_published(store: PoseStore, runs: Path) -> None:
    """utkinect.online.MODEL.MEASURE in per cent, and background's accuracy on the same frames."""
    figures = {figure.name: figure for figure in figures_of(measure(store, runs))}
    measures = ("frame_accuracy", "macro_f1", "edit", "f1_10", "f1_25", "f1_50")
    models = ("dste", "gru", "mlp", "pretrained")
    expected = {f"utkinect.online.{m}.{k}" for m in models for k in measures}

    assert set(figures) == expected | {"utkinect.online.background.frame_accuracy"}
    assert figures["utkinect.online.background.frame_accuracy"].value == 53.3333
    assert {figure.unit for figure in figures.values()} == {"%"}


def test_a_timeline_draws_each_segment_at_its_time() -> None:
    """Bars begin and end in proportion to time; background and left-out frames stay empty."""
    times_ms = np.arange(0, 10_001, 100, dtype=np.float64)
    classes = np.zeros(101, np.int64)
    classes[20:40], classes[50:75], classes[80:90] = 1, 2, -1
    drawn = draw_timeline("a < b", times_ms, {"truth": classes}, ("background", "wave", "squat"))
    boxes = list(ElementTree.fromstring(drawn).iter(f"{SVG}rect"))
    whole, *bars = (box for box in boxes if box.get("height") == "26")
    left, width = float(whole.get("x", "")), float(whole.get("width", ""))

    assert [bar.get("fill") for bar in bars] == list(COLOURS[:2])
    for bar, start, stop in zip(bars, (0.2, 0.5), (0.4, 0.75), strict=True):
        assert float(bar.get("x", "")) == pytest.approx(left + start * width, abs=0.1)
        assert float(bar.get("width", "")) == pytest.approx((stop - start) * width, abs=0.1)

"""The table of precisions: what is rounded, how times are taken, and what becomes a figure."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx
import onnxruntime
import pytest

from export.__main__ import main
from export.artifact_file import Artifact, open_artifact
from export.clips import real_clips
from export.fidelity import Fidelity
from export.precision_table import Row, figures, lines, values
from export.quantise import PRECISIONS, products_with_weights, quantised
from export.trial import Timing, timings
from model.pose.store import PoseStore
from tests.service.process import ROOT


@pytest.fixture(scope="module")
def static(place: Path) -> onnx.ModelProto:
    """The small artifact at static int8, calibrated on its store."""
    source = open_artifact(place / "small.onnx")
    windows = real_clips(PoseStore(place / "store"), source.spec, 16, seed=0)
    return quantised(source.model, "int8-static", windows)


def test_static_int8_rounds_what_products_with_weights_read(static: onnx.ModelProto) -> None:
    """Products of attention, residuals and outputs stay at float32, every weight is int8."""
    graph = static.graph
    rounded = {n.output[0] for n in graph.node if n.op_type == "DequantizeLinear"}
    products = [n for n in graph.node if n.op_type in ("MatMul", "Gemm")]
    quantised_ones = [n for n in products if n.input[0] in rounded]
    assert 0 < len(quantised_ones) < len(products)
    for node in graph.node:
        if node in quantised_ones:
            assert node.input[1] in rounded
        else:
            assert not rounded & set(node.input), node.name
    assert not rounded & {value.name for value in graph.output}
    assert not products_with_weights(graph)


def test_a_product_at_int8_is_one_kernel(static: onnx.ModelProto, tmp_path: Path) -> None:
    """ONNX Runtime fuses each with its scales; nothing is rounded only to be read back.

    That is what its time depends on: rounding products' outputs as well makes it slower than
    float32.
    """
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
    options.log_severity_level = 4
    onnxruntime.InferenceSession(
        static.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    kinds = [node.op_type for node in onnx.load(tmp_path / "optimised.onnx").graph.node]
    rounded = {n.output[0] for n in static.graph.node if n.op_type == "DequantizeLinear"}
    products = [n for n in static.graph.node if n.op_type == "MatMul" and n.input[0] in rounded]
    assert kinds.count("MatMulIntegerToFloat") == len(products) > 0
    assert not {"DequantizeLinear", "QLinearMatMul", "QLinearSoftmax"} & set(kinds)


def test_what_ships_is_rounded_without_a_word(capfd: pytest.CaptureFixture[str]) -> None:
    """Neither converter nor runtime complains of what they find in its graph."""
    source = open_artifact(ROOT / "weights" / "everyday-s.onnx")
    windows = np.zeros((2, 3, 32, 13, 1), np.float32)
    for precision in PRECISIONS:
        quantised(source.model, precision, windows)
    assert capfd.readouterr() == ("", "")


def test_artifacts_that_take_turns_are_compared_within_a_round(place: Path) -> None:
    """An artifact beside itself takes as long; what others are compared with is the first."""
    artifact = open_artifact(place / "small.onnx")
    windows = np.zeros((8, 3, 24, 20, 1), np.float32)
    found = timings({"one": artifact, "same": artifact}, windows)
    assert found["one"].relative == 1.0
    # Wide, because a machine that is busy is no failure.
    assert 0.5 < found["same"].relative < 2
    assert found["one"].window_ms > 0


def test_the_table_and_its_figures_say_the_same(place: Path) -> None:
    """Computed by hand: megabytes, milliseconds, ratios, per cent; what is unknown is left out."""
    artifact = open_artifact(place / "small.onnx")
    fidelity = Fidelity(0.25, 99.5, 400, None, 40)
    first = Row(
        "fp32", artifact, Timing(2.0, 1.0), Timing(1.0, 1.0), replace(fidelity, accuracy=75)
    )
    half = Artifact(artifact.path, artifact.content[:500_00], artifact.model, artifact.session)
    other = Row("int8-dynamic", half, Timing(1.0, 0.5), None, fidelity, dependence=0.125)
    found = {f.name: f for f in figures([first, other], "python -m export precisions x", "hands.")}
    assert found["precision.fp32.accuracy"].value == 75
    assert "precision.int8_dynamic.accuracy" not in found
    assert "precision.int8_dynamic.together_ms" not in found
    for name, value, unit in (
        ("size_mb", 0.05, "MB"),
        ("window_ms", 1.0, "ms"),
        ("relative", 0.5, "×"),
        ("difference", 25.0, "%"),
        ("agreement", 99.5, "%"),
    ):
        figure = found[f"precision.int8_dynamic.{name}"]
        assert (figure.value, figure.unit) == (value, unit)
        assert (figure.command, figure.note) == ("python -m export precisions x", "hands.")
    _, of_first, of_other = (line.split() for line in lines([first, other]))
    assert of_first[3:8] == ["2.00", "1.00", "1.00", "1.00", "2.5e-01"]
    assert of_first[9] == "75.00"
    assert of_other[3:7] == ["1.00", "0.50", "-", "-"]
    assert of_other[9] == "-"
    plain = SimpleNamespace(**values([first, other])).fp32
    assert (plain["together_ms"], plain["servable"]) == (1.0, True)


@pytest.mark.parametrize("precision", ["fp16", "int8-static"])
def test_less_precision_is_held_to_torch_too(
    precision: str, place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is served at less precision verifies against the checkpoint that torch runs.

    Its accuracy on the recordings that were labelled stands in its figures.
    """
    out, store = tmp_path / "small.onnx", ["--store", str(place / "store")]
    told = ["--precision", precision, "--windows", "16", "--recordings", "2"]
    assert main(["quantise", str(place / "small.onnx"), *told, *store, "--out", str(out)]) == 0
    assert main(["verify", str(out), "--checkpoint", str(place / "small.ckpt"), *store]) == 0
    assert "torch at batch 7" in capsys.readouterr().out
    assert "precision.accuracy" in open_artifact(out).spec.figures

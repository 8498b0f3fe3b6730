"""TensorRT without TensorRT: what it refuses is found, its command written, its engine kept."""

import json
import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from export.__main__ import main
from export.activation_ranges import FLOAT16_LARGEST, measure_ranges
from export.artifact_file import open_artifact, write_artifact
from export.clips import real_clips
from export.quantise import quantised
from export.tensorrt_operators import OPERATORS, OPSETS
from export.tensorrt_readiness import faults
from model.pose.store import PoseStore
from model.pose.tensorrt import BatchProfile
from tests.service.artifacts import KINECT, graph
from tests.service.process import ROOT
from training.__main__ import main as training

Printed = pytest.CaptureFixture[str]

UTKINECT = ROOT.parent / "shared" / "data" / "utkinect"
SHIPPED = sorted((ROOT / "weights").glob("*.onnx"))


def tensorrt(place: Path, out: Path, *more: str, artifact: Path | None = None) -> int:
    return main(["tensorrt", str(artifact or place / "small.onnx"), "--out", str(out), *more])


def test_what_export_writes_is_taken(place: Path) -> None:
    """A real graph of ours has no fault: static time, a named batch, known operators."""
    artifact = open_artifact(place / "small.onnx")
    assert faults(artifact.model) == []
    for path in SHIPPED:
        assert faults(open_artifact(path).model) == []
    assert {node.op_type for node in artifact.model.graph.node} <= OPERATORS
    assert 18 in OPSETS


@pytest.mark.parametrize("precision", ["fp16", "int8-static"])
def test_what_is_written_at_less_precision_is_taken(
    precision: str, place: Path, tmp_path: Path
) -> None:
    """Zero points are 0 and types agree, as TensorRT's explicit precision wants them."""
    out = tmp_path / "small.onnx"
    files = [str(place / "small.onnx"), "--store", str(place / "store"), "--out", str(out)]
    assert main(["quantise", *files, "--precision", precision, "--recordings", "1"]) == 0
    assert faults(open_artifact(out).model) == []


def with_node(model: onnx.ModelProto, kind: str, *inputs: str) -> None:
    model.graph.node.append(helper.make_node(kind, list(inputs), ["added"], "added"))


def int64_arithmetic(model: onnx.ModelProto) -> None:
    with_node(model, "Shape", "clip")
    model.graph.node.append(helper.make_node("Mul", ["added", "added"], ["more"], "product"))


def unknown_operator(model: onnx.ModelProto) -> None:
    with_node(model, "Bernoulli", "features")


def dynamic_axes(model: onnx.ModelProto) -> None:
    with_node(model, "Shape", "clip")
    model.graph.node.append(helper.make_node("ReduceMean", ["clip", "added"], ["more"], "mean"))


def zero_point(model: onnx.ModelProto) -> None:
    model.graph.initializer.append(numpy_helper.from_array(np.array(1, np.float32), "scale"))
    model.graph.initializer.append(numpy_helper.from_array(np.array(3, np.int8), "three"))
    with_node(model, "QuantizeLinear", "clip", "scale", "three")


def static_batch(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1


def dynamic_time(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[2].dim_param = "time"


FAULTS: dict[Callable[[onnx.ModelProto], None], str] = {
    int64_arithmetic: "product: Mul computes with int64",
    unknown_operator: "Bernoulli is not in ONNX-TensorRT",
    dynamic_axes: "mean: the axes of ReduceMean are no constant",
    zero_point: "added: the zero point of QuantizeLinear is not 0",
    static_batch: "the batch of clip has no name, or is static",
    dynamic_time: "clip has another dynamic axis than its batch",
}


@pytest.mark.parametrize(("spoil", "sentence"), FAULTS.items(), ids=lambda x: "")
def test_what_tensorrt_refuses_is_found(
    spoil: Callable[[onnx.ModelProto], None], sentence: str
) -> None:
    """A graph that has no fault gets one of each kind, and the sentence names the culprit."""
    model = graph(KINECT)
    assert faults(model) == []
    spoil(model)
    assert faults(model)[0].startswith(sentence)


def test_numbers_inside_what_ships_fit_float16(tmp_path: Path) -> None:
    """On real windows with room to spare: layer normalisations, their squares, softmaxes, all."""
    if not UTKINECT.is_dir():
        pytest.skip("UTKinect's recordings are not in ../shared/data/utkinect")
    store = tmp_path / "store"
    assert training(["prepare", "utkinect", "--from", str(UTKINECT), "--out", str(store)]) == 0
    for path in SHIPPED:
        artifact = open_artifact(path)
        clips = real_clips(PoseStore(store), artifact.spec, 24, seed=0)
        ranges = measure_ranges(artifact.model, clips)
        assert ranges.fit
        assert 0 < ranges.normalised < FLOAT16_LARGEST / 100
        assert 0 < ranges.softmax < FLOAT16_LARGEST / 100
        assert 0 < ranges.squares < FLOAT16_LARGEST / 10


def test_numbers_that_outgrow_float16_are_found() -> None:
    """A graph whose weights are a million times too large is found out."""
    model = graph(KINECT)
    for tensor in model.graph.initializer:
        if tensor.name == "weights":
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor) * 1e6, "weights"))
    loud = measure_ranges(model, np.ones((1, 3, 24, 20, 1), np.float32))
    assert not loud.fit
    assert loud.anywhere == pytest.approx(8e6)


def test_float16_that_only_a_gpu_would_overflow_is_refused() -> None:
    """A CPU computes halves at float32, so that labels agree where a GPU's are no numbers."""
    model = graph(KINECT)
    for tensor in model.graph.initializer:
        if tensor.name == "weights":
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor) * 2e4, "weights"))
    windows = np.ones((1, 3, 24, 20, 1), np.float32)
    with pytest.raises(ValueError, match=r"below 65,504, float16's largest, got \d+"):
        quantised(model, "fp16", windows)
    quantised(graph(KINECT), "fp16", windows)


def test_without_tensorrt_the_command_is_written(
    place: Path, tmp_path: Path, capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No trtexec: one sentence, the command with the artifact's profile, exit 0."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert tensorrt(place, tmp_path / "engines", "--store", str(place / "store")) == 0
    said = capsys.readouterr().out
    assert "TensorRT is not here" in said
    assert "before a layer normalisation" in said
    script = (tmp_path / "engines" / "small.trtexec.sh").read_text()
    for word in ("--stronglyTyped", "--minShapes=clip:1x3x24x20x1", "--optShapes=clip:8x3x24x20x1"):
        assert word in script
    assert f"--onnx={place}/small.onnx" in script


FAKE = """#!/bin/sh
echo '&&&& RUNNING TensorRT.trtexec [TensorRT v101500] [b29] # trtexec'
for word in "$@"; do
  case "$word" in
    --saveEngine=*)
      echo "$@" > "${word#--saveEngine=}"
      echo built >> "$LOG"
      meanwhile="$MEANWHILE"
      export MEANWHILE=
      sh -c "$meanwhile" || echo failed >> "$LOG"
      ;;
  esac
done
exit "${FAIL:-0}"
"""


@pytest.fixture
def trtexec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program that behaves as trtexec does, and a GPU; returns the log of what was built."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name, text in {"trtexec": FAKE, "nvidia-smi": "#!/bin/sh\necho NVIDIA H200, 9.0\n"}.items():
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("LOG", str(tmp_path / "log"))
    return tmp_path / "log"


def test_an_engine_is_built_once(
    place: Path, tmp_path: Path, trtexec: Path, capsys: Printed
) -> None:
    """Its name is artifact, GPU and version; the second time it is there.

    Other weights have another.
    """
    out = tmp_path / "engines"
    for built in (1, 1):
        assert tensorrt(place, out, "--json") == 0
        engine = Path(json.loads(capsys.readouterr().out.splitlines()[-1])["engine"])
        sha256 = open_artifact(place / "small.onnx").sha256
        assert engine.parent == out / f"hands-{sha256[:16]}-nvidia-h200-trt101500"
        timings = engine.with_name("TensorrtExecutionProvider_cache_sm90.timing")
        assert f"--timingCacheFile={timings}" in engine.read_text()
        assert "--maxShapes=clip:64x3x24x20x1" in engine.read_text()
        assert trtexec.read_text().count("built") == built
    write_artifact(graph(KINECT), KINECT, tmp_path / "other.onnx")
    assert tensorrt(place, out, artifact=tmp_path / "other.onnx") == 0
    assert trtexec.read_text().count("built") == 2


def test_two_builds_of_one_engine_do_not_meet(
    place: Path, tmp_path: Path, trtexec: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process builds the same while this one does: both succeed, and one engine is left."""
    out = tmp_path / "engines"
    other = [sys.executable, "-m", "export", "tensorrt", str(place / "small.onnx")]
    command = shlex.join([*other, "--out", str(out)])
    monkeypatch.setenv("MEANWHILE", f"cd {shlex.quote(str(ROOT))} && {command}")
    assert tensorrt(place, out) == 0
    assert trtexec.read_text().split() == ["built", "built"]
    (engine,) = out.rglob("*.engine")
    assert [path.name for path in engine.parent.iterdir()] == [engine.name]


def test_a_build_that_fails_leaves_no_engine(
    place: Path, tmp_path: Path, trtexec: Path, capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 2 with trtexec's last word; nothing that a later run would take for an engine."""
    monkeypatch.setenv("FAIL", "1")
    out = tmp_path / "engines"
    assert tensorrt(place, out) == 2
    assert "trtexec ended with 1 and no engine" in capsys.readouterr().err
    assert [path.name for path in out.rglob("*") if path.is_file()] == ["small.trtexec.sh"]


def test_batches_are_written_into_the_artifact(
    tmp_path: Path, capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is asked for once is what the service reads later; nonsense is refused."""
    monkeypatch.setenv("PATH", str(tmp_path))
    path = tmp_path / "hands.onnx"
    write_artifact(graph(KINECT), KINECT, path)
    assert tensorrt(tmp_path, tmp_path, "--batches", "1", "16", "128", artifact=path) == 0
    assert open_artifact(path).profile == BatchProfile(1, 16, 128)
    capsys.readouterr()
    assert tensorrt(tmp_path, tmp_path, "--batches", "4", "2", "8", artifact=path) == 2
    assert "1 = least ≤ usual ≤ most windows, got 4, 2 and 8" in capsys.readouterr().err
    nowhere = ("--store", str(tmp_path / "nowhere"))
    assert tensorrt(tmp_path, tmp_path, "--batches", "1", "8", "64", *nowhere, artifact=path) == 2
    assert open_artifact(path).profile == BatchProfile(1, 16, 128)

"""Less precision: labels stay what they were, neighbours stay strangers, or nothing is written."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from export.__main__ import main
from export.artifact_file import UNSERVED_KEY, open_artifact
from export.clips import real_clips
from export.fidelity import Contender, compare
from export.recordings import cut
from model.pose.artifact import BACKGROUND
from model.pose.artifact_session import ArtifactSession
from model.pose.layout import layout_named
from model.pose.store import LEFT_OUT, PoseStore
from tests.service.artifacts import KINECT, known_logits, write

Printed = pytest.CaptureFixture[str]
BODY13 = layout_named("body13")


def quantise(place: Path, precision: str, out: Path, *more: str) -> tuple[int, list[str]]:
    files = [str(place / "small.onnx"), "--store", str(place / "store"), "--out", str(out)]
    options = ["--precision", precision, "--windows", "32", *more]
    return main(["quantise", *files, *options]), [*files, *options]


@pytest.mark.parametrize("precision", ["fp16", "int8-static"])
def test_what_is_served_at_less_precision_keeps_the_contract(
    precision: str, place: Path, tmp_path: Path, capsys: Printed
) -> None:
    """It is smaller in its weights, says so, agrees with float32, and is sealed as any artifact.

    Neighbours in a batch change nothing.
    """
    out = tmp_path / "new" / "small.onnx"
    assert quantise(place, precision, out, "--json")[0] == 0
    said = json.loads(capsys.readouterr().out)
    assert said["servable"]
    assert said["dependence"] <= 1e-4
    assert said["agreement"] >= 97
    assert said["frames"] == 6 * (40 - 15)
    small, source = open_artifact(out), open_artifact(place / "small.onnx")
    assert small.spec.precision == precision.removesuffix("-static")
    assert small.spec == replace(
        source.spec, precision=small.spec.precision, figures=small.spec.figures
    )
    assert small.spec.figures["precision.agreement"] == pytest.approx(said["agreement"], abs=1e-3)
    assert small.profile == source.profile
    assert weight_bytes(small.model) < 0.6 * weight_bytes(source.model)


def weight_bytes(model: onnx.ModelProto) -> int:
    """Bytes of what the graph computes with: matrices."""
    matrices = (t for t in model.graph.initializer if len(t.dims) == 2)
    return sum(len(tensor.raw_data) for tensor in matrices)


def test_float16_leaves_sums_at_float32(place: Path, tmp_path: Path) -> None:
    """Layer normalisations and softmaxes, input and outputs stay float32; products do not."""
    out = tmp_path / "half.onnx"
    assert quantise(place, "fp16", out)[0] == 0
    model = onnx.shape_inference.infer_shapes(open_artifact(out).model, strict_mode=True)
    values = [*model.graph.value_info, *model.graph.input, *model.graph.output]
    types = {value.name: value.type.tensor_type.elem_type for value in values}
    kinds = Counter((node.op_type, types[node.output[0]]) for node in model.graph.node)
    assert kinds["LayerNormalization", TensorProto.FLOAT] == 18
    assert kinds["Softmax", TensorProto.FLOAT] == 8
    assert kinds["MatMul", TensorProto.FLOAT] == 0
    assert types["clip"] == types["logits"] == types["features"] == TensorProto.FLOAT


def test_dynamic_int8_is_not_taken_for_an_artifact(
    place: Path, tmp_path: Path, capsys: Printed
) -> None:
    """Its scales are those of the whole batch: measured, said, and kept from every service."""
    out = tmp_path / "dynamic.onnx"
    assert quantise(place, "int8-dynamic", out, "--json")[0] == 0
    said = json.loads(capsys.readouterr().out)
    assert not said["servable"]
    assert said["dependence"] > 1e-3
    keys = {entry.key for entry in onnx.load(out).metadata_props}
    assert keys == {UNSERVED_KEY, "posewire-sha256"}
    assert main(["inspect", str(out)]) == 2
    assert "an artifact carries the metadata key 'posewire'" in capsys.readouterr().err


def test_what_says_something_else_is_not_written(
    place: Path, tmp_path: Path, capsys: Printed
) -> None:
    """Below the agreement that was asked for: exit 1, and what was there stays."""
    out = tmp_path / "small.onnx"
    out.write_text("precious")
    assert quantise(place, "fp16", out, "--least-agreement", "100.1")[0] == 1
    assert "nothing was written" in capsys.readouterr().out
    assert out.read_text() == "precious"


def test_precisions_stand_side_by_side(place: Path, capsys: Printed) -> None:
    """One row each with sizes, times and ratios, and the machine that measured them."""
    arguments = [str(place / "small.onnx"), "--store", str(place / "store"), "--windows", "8"]
    assert main(["precisions", *arguments, "--recordings", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    words = [line.split() for line in lines]
    assert [row[0] for row in words[1:5]] == ["fp32", "fp16", "int8-dynamic", "int8-static"]
    assert words[1][2] == words[1][4] == words[1][6] == "1.00"
    assert words[1][8] == "100.00"
    # What neighbours change is not timed beside them.
    assert words[3][5:7] == ["-", "-"]
    assert "not served" in lines[3]
    assert "cores" in lines[-1] or "core" in lines[-1]


def test_labels_and_truth_are_those_of_frames(place: Path, tmp_path: Path) -> None:
    """Computed by hand: the first 15 frames warm, then the higher hand's label speaks."""
    store = PoseStore(place / "store")
    path = write(tmp_path / "hands.onnx", KINECT)
    (recording,) = cut(store, [0], KINECT)
    logits = known_logits(recording.clips, KINECT)
    said = recording.said(logits)
    assert said[:15].tolist() == [LEFT_OUT] * 15
    assert said[15:].tolist() == logits[:, -1].argmax(axis=-1)[-25:].tolist()
    assert recording.truth.tolist() == [LEFT_OUT] * 39 + [1]
    contender = Contender(ArtifactSession(path))
    found = compare(contender, {"same": contender}, [recording])["same"]
    assert (found.difference, found.agreement, found.frames) == (0.0, 100.0, 25)
    assert found.accuracy == (100.0 if said[-1] == 1 else 0.0)
    assert KINECT.labels[0] == BACKGROUND


def test_a_model_of_pictures_is_shown_people_upright(place: Path) -> None:
    """Positions in metres, y up, are what a camera far away sees of them: y down, nothing ahead."""
    store = PoseStore(place / "store")
    spec = replace(KINECT, normalisation="body-2d", layout="body13", joints=BODY13.joints)
    windows = real_clips(store, spec, 8, seed=0)
    (recording,) = cut(store, [0], spec)
    for clips in (windows, recording.clips):
        heights = clips[:, 1, -1, :, 0]
        assert (
            heights[:, BODY13.joints.index("head")] < heights[:, BODY13.joints.index("left_ankle")]
        ).all()
    with pytest.raises(ValueError, match="size"):
        real_clips(store, replace(spec, normalisation="published-2d"), 1, seed=0)


def test_a_network_that_says_no_number_disagrees(place: Path, tmp_path: Path) -> None:
    """NaN is no agreement, in however few places."""

    class Broken(ArtifactSession):
        def logits(self, clips: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
            found = super().logits(clips)
            found[0, 0] = np.nan
            return found

    path = write(tmp_path / "hands.onnx", KINECT)
    recordings = list(cut(PoseStore(place / "store"), [0, 1], KINECT))
    reference = Contender(ArtifactSession(path))
    found = compare(reference, {"broken": Contender(Broken(path))}, recordings)["broken"]
    assert found.difference == np.inf


def test_bad_input_is_one_sentence(place: Path, tmp_path: Path, capsys: Printed) -> None:
    """An artifact that lost precision already, a subject who is not there, no window at all."""
    half, out = tmp_path / "half.onnx", tmp_path / "out.onnx"
    assert quantise(place, "fp16", half)[0] == 0
    capsys.readouterr()
    files = ["--store", str(place / "store"), "--out", str(out), "--precision", "fp16"]
    for arguments, sentence in {
        (str(half), *files): "expected an artifact at fp32 to quantise, got one at fp16",
        (str(place / "small.onnx"), *files, "--calibrate", "7"): "recordings of subject 7; it has",
        (str(place / "none.onnx"), *files): "none.onnx: an artifact is an .onnx file",
    }.items():
        assert main(["quantise", *arguments]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert sentence in line
    assert not out.exists()

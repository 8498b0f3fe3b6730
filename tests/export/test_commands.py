"""`python -m export`: a checkpoint becomes an artifact that is verified, or one sentence."""

import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper

from export.__main__ import main
from export.artifact_file import open_artifact, write_artifact
from export.description import describe
from model.pose.artifact import METADATA_KEY, Calibration
from service.engine import OnnxEngine
from tests.export.checkpoints import small_network, write_checkpoint
from tests.service.artifacts import COCO, KINECT

Printed = pytest.CaptureFixture[str]


def verify(place: Path, artifact: str = "small.onnx", checkpoint: str = "small.ckpt") -> list[str]:
    files = ["--checkpoint", str(place / checkpoint), "--store", str(place / "store")]
    return ["verify", str(place / artifact), *files]


def test_the_same_checkpoint_gives_the_same_bytes(place: Path, printed: Printed) -> None:
    """An artifact can be made again: another process, another day, the same file."""
    again = place / "new" / "again.onnx"
    assert main(["onnx", str(place / "small.ckpt"), "--out", str(again)]) == 0
    assert re.fullmatch(rf"{again}: hands 1, 0\.\d\d MB\n", printed.readouterr().out)
    assert again.read_bytes() == (place / "small.onnx").read_bytes()
    assert [path.name for path in again.parent.iterdir()] == ["again.onnx"]


def test_it_verifies_and_is_what_the_service_runs(place: Path, printed: Printed) -> None:
    """Torch and ONNX Runtime agree at every batch, and the service computes what torch does."""
    assert main([*verify(place), "--json"]) == 0
    said = json.loads(printed.readouterr().out)
    checks = {agreement["check"] for agreement in said["agreements"]}
    batches = {f"torch at batch {batch}" for batch in (1, 2, 7)}
    assert checks == batches | {f"{count} hostile neighbours" for count in (0, 6, 63)}
    assert said["verified"]
    assert max(agreement["difference"] for agreement in said["agreements"]) < 1e-4

    engine = OnnxEngine(place / "small.onnx", threads=1)
    shape = (3, 3, 24, 20, 1)
    clips = np.random.default_rng(2).normal(size=shape).astype(np.float32)
    with torch.inference_mode():
        logits, _ = small_network()(torch.from_numpy(clips))
    np.testing.assert_allclose(engine.infer(clips).logits, logits, atol=1e-4)
    engine.close()


def test_inspect_says_what_it_is(place: Path, printed: Printed) -> None:
    """A person reads every fact of the contract, a machine the specification itself."""
    assert main(["inspect", str(place / "small.onnx")]) == 0
    facts = dict(line.split("  ", 1) for line in printed.readouterr().out.splitlines())
    said = {name.strip(): value.strip() for name, value in facts.items()}
    assert said["name"] == "hands 1, contract 1"
    assert said["says"] == "background, left up, right up"
    assert said["reads"] == "kinect20, 20 joints of 1 person(s), normalised by kinect-3d"
    assert said["window"] == "24 frames at 30 Hz, 767 ms"
    assert "LayerNormalization" in said["operators"]
    assert "held out" not in said
    small = open_artifact(place / "small.onnx")
    kept = replace(small.spec.provenance, held_out="ab" * 32)
    more = replace(small.spec, provenance=kept, experimental=("left up",))
    write_artifact(small.model, more, place / "kept.onnx")
    lines = describe(open_artifact(place / "kept.onnx"))
    assert any(line.endswith("background, left up (experimental), right up") for line in lines)
    assert any(line.endswith(f"people and actions of sha256 {'ab' * 32}") for line in lines)
    assert main(["inspect", str(place / "small.onnx"), "--json"]) == 0
    spec = json.loads(printed.readouterr().out)
    declared = json.loads(KINECT.to_metadata()[METADATA_KEY])
    assert len(spec["provenance"].pop("checkpoint_sha256")) == 64
    del declared["provenance"]["checkpoint_sha256"]
    assert spec.pop("sha256") == hashlib.sha256((place / "small.onnx").read_bytes()).hexdigest()
    assert spec == declared


def test_changed_weights_do_not_verify(place: Path, printed: Printed) -> None:
    """An artifact of which one weight was changed is no longer what was sealed.

    Sealed again it opens, and fails verification: exit 1, and says where.
    """
    model = onnx.load(place / "small.onnx")
    weight = max(model.graph.initializer, key=lambda entry: len(entry.raw_data))
    values = numpy_helper.to_array(weight).copy()
    values.flat[0] += 0.5
    weight.CopyFrom(numpy_helper.from_array(values, weight.name))
    onnx.save(model, place / "forged.onnx")
    assert "forged.onnx: the artifact's seal is broken: " in refused(
        printed, *verify(place, "forged.onnx")
    )
    write_artifact(model, open_artifact(place / "small.onnx").spec, place / "forged.onnx")
    assert main(verify(place, "forged.onnx")) == 1
    lines = printed.readouterr().out.splitlines()
    assert any(
        re.match(r"torch at batch 7 +logits +\S+ of 0\.0001 allowed: DIFFERS", line)
        for line in lines
    )
    assert main([*verify(place, "forged.onnx"), "--json"]) == 1
    assert json.loads(printed.readouterr().out)["verified"] is False


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"labels": ("background", "right up", "left up")}, "labels"),
        ({"rate_hz": 2 * KINECT.rate_hz}, "rate_hz"),
        ({"hop_frames": KINECT.hop_frames + 1}, "hop_frames"),
        ({"calibration": Calibration(temperature=3.0)}, "calibration"),
    ],
)
def test_what_the_checkpoint_does_not_say_does_not_verify(
    changed: dict[str, Any], said: str, place: Path, tmp_path: Path, printed: Printed
) -> None:
    """Weights that agree are not enough: the metadata say what their answers mean."""
    real = open_artifact(place / "small.onnx")
    path = tmp_path / "other.onnx"
    write_artifact(real.model, replace(real.spec, **changed), path)
    line = refused(printed, *verify(place, str(path)))
    assert f"other.onnx: expected the checkpoint's {said}, " in line


@pytest.fixture
def printed(capsys: Printed) -> Printed:
    """What a command prints."""
    return capsys


def refused(printed: Printed, *arguments: str) -> str:
    """Runs a command that must be refused; returns its one line."""
    assert main([*arguments]) == 2
    said = printed.readouterr()
    (line,) = said.err.splitlines()
    assert said.out == ""
    return line


def test_an_artifact_of_another_checkpoint_is_not_compared(place: Path, printed: Printed) -> None:
    """What was exported from other weights is no failed check but the wrong pair of files."""
    write_checkpoint(place / "other.ckpt", small_network(seed=1))
    line = refused(printed, *verify(place, checkpoint="other.ckpt"))
    assert line.startswith(f"export: {place}/small.onnx was exported from another checkpoint than ")


def test_what_cannot_be_verified_is_refused(place: Path, printed: Printed) -> None:
    """No artifact, no checkpoint, no store: each names the file that is missing or wrong."""
    assert "absent.onnx: an artifact is an .onnx file" in refused(
        printed, *verify(place, "absent.onnx")
    )
    assert "small.ckpt: not an ONNX file" in refused(printed, *verify(place, "small.ckpt"))
    assert "absent.ckpt: expected a checkpoint" in refused(
        printed, *verify(place, checkpoint="absent.ckpt")
    )
    no_store = [*verify(place)[:-1], str(place / "absent")]
    assert str(place / "absent") in refused(printed, *no_store)
    assert "absent.onnx" in refused(printed, "inspect", str(place / "absent.onnx"))


UNFIT: list[tuple[str, dict[str, Any], str]] = [
    ("no name", {"name": None}, "missing required field `name`"),
    ("no frames", {"frames": "24"}, "Expected `int`, got `str` - at `$.frames`"),
    ("other frames", {"frames": 32}, "clip (C, T, V, M) is (3, 24, 20, 1), the artifact's spec"),
    (
        "other joints",
        {"layout": "coco17", "joints": COCO.joints, "normalisation": "body-2d"},
        "declares (3, 24, 17, 1)",
    ),
    ("two persons", {"persons": 2}, "declares (3, 24, 20, 2)"),
    ("fewer labels", {"labels": ["background", "up"]}, "number of labels is 3, .+ declares 2"),
    ("other task", {"task": "clip"}, "task is frames, the artifact's specification declares clip"),
    ("joints and layout", {"layout": "ntu25"}, "joints are not those of its layout 'ntu25'"),
    ("impossible timing", {"rate_hz": 0.0}, "timing is wrong: a window's rate is from 1 to 240"),
]


@pytest.mark.parametrize(("fields", "sentence"), [u[1:] for u in UNFIT], ids=[u[0] for u in UNFIT])
def test_a_checkpoint_that_contradicts_itself_leaves_no_artifact(
    fields: dict[str, Any], sentence: str, tmp_path: Path, printed: Printed
) -> None:
    """Artifact fields that are missing, or not those of the network, are named with the file.

    What lay at --out is untouched.
    """
    checkpoint = write_checkpoint(tmp_path / "unfit.ckpt", **fields)
    out = tmp_path / "out.onnx"
    out.write_text("precious")
    line = refused(printed, "onnx", str(checkpoint), "--out", str(out))
    assert line.startswith(f"export: {checkpoint}: ")
    assert sentence in line or re.search(sentence, line)
    assert out.read_text() == "precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.onnx", "unfit.ckpt"]


def test_what_is_no_checkpoint_is_refused(tmp_path: Path, printed: Printed) -> None:
    """No file, not torch's, torch's but not ours: the file and what was expected are named."""
    (tmp_path / "text.ckpt").write_text("weights")
    torch.save({"state_dict": {}}, tmp_path / "foreign.ckpt")
    for name, sentence in {
        "absent": "expected a checkpoint file, found none",
        "text": "expected plain values and tensors written by torch.save",
        "foreign": "expected format 'posewire-checkpoint', found None",
    }.items():
        checkpoint = tmp_path / f"{name}.ckpt"
        line = refused(printed, "onnx", str(checkpoint), "--out", str(tmp_path / "x.onnx"))
        assert line.startswith(f"export: {checkpoint}: {sentence}")
    assert not (tmp_path / "x.onnx").exists()


def test_a_wrong_argument_is_one_line(printed: Printed) -> None:
    """An argument that is missing or unknown: exit 2 and one line that points at --help."""
    for arguments, sentence in {
        (): "the following arguments are required: COMMAND; see python -m export --help",
        ("onnx", "x.ckpt"): "required: --out; see python -m export onnx --help",
        ("inspekt", "x.onnx"): "invalid choice: 'inspekt'",
    }.items():
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        assert ended.value.code == 2
        (line,) = printed.readouterr().err.splitlines()
        assert sentence in line

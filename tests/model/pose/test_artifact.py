"""The artifact contract: it comes back as it went, and every contradiction is one sentence."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from model.pose.artifact import (
    METADATA_KEY,
    ArtifactError,
    ArtifactSpec,
    Calibration,
    Provenance,
    Shapes,
    check_graph,
    read_spec,
    spec_of,
)
from model.pose.layout import LAYOUTS

SPEC = ArtifactSpec(
    name="everyday",
    version="1.2.0",
    task="frames",
    layout="kinect20",
    joints=LAYOUTS["kinect20"].joints,
    persons=2,
    frames=64,
    rate_hz=13.5,
    hop_frames=2,
    lookahead_frames=5,
    labels=("background", "wave", "mañana"),
    normalisation="kinect-3d",
    provenance=Provenance("some recordings", "research only", "0" * 40, "ab" * 32),
    calibration=Calibration(1.3, {"wave": 0.6}, 0.25),
    precision="int8",
    figures={"window_ms": 3.5},
    experimental=("wave",),
)
CLIP_SPEC = replace(SPEC, task="clip")


def _fields(**changes: Any) -> dict[str, Any]:
    """The specification as plain values, with changes."""
    fields: dict[str, Any] = json.loads(SPEC.to_metadata()[METADATA_KEY])
    return fields | changes


def _read(text: str) -> ArtifactSpec:
    return read_spec({METADATA_KEY: text})


def _refusal(act: Callable[[], object]) -> str:
    """What is said, which is one line."""
    with pytest.raises(ArtifactError) as caught:
        act()
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("spec", [SPEC, CLIP_SPEC, replace(SPEC, calibration=Calibration())])
def test_a_specification_comes_back_as_it_went(spec: ArtifactSpec) -> None:
    """Through metadata and through plain values; what a later version adds is ignored."""
    metadata = spec.to_metadata()
    assert read_spec(metadata | {"producer": "somebody"}) == spec
    fields = json.loads(metadata[METADATA_KEY])
    assert spec_of(fields) == spec
    assert spec_of(fields | {"colour": "blue"}) == spec
    older = {name: value for name, value in fields.items() if name != "experimental"}
    assert spec_of(older) == replace(spec, experimental=())
    assert all(isinstance(value, str) for value in metadata.values())


def test_what_is_declared_once_is_derived_everywhere() -> None:
    """Window, skeleton, dimensions and shapes follow from the fields."""
    assert SPEC.skeleton is LAYOUTS["kinect20"]
    assert SPEC.window.span_ms == pytest.approx(63 / 13.5 * 1000)
    assert (SPEC.window.hop_frames, SPEC.window.lookahead_frames) == (2, 5)
    assert SPEC.window.warm_samples == 16
    assert replace(SPEC, frames=8).window.warm_samples == 8
    assert SPEC.dimensions == 3
    assert SPEC.input_shape() == (None, 3, 64, 20, 2)
    assert SPEC.logits_shape() == (None, 64, 3)
    assert CLIP_SPEC.logits_shape() == (None, 3)


def test_what_json_cannot_hold_is_refused_before_it_is_written() -> None:
    """It would be written as null, and never be read."""
    with pytest.raises(ArtifactError, match="temperature is a number above 0, got inf"):
        Calibration(temperature=math.inf)
    with pytest.raises(ArtifactError, match=r"figure made\.up is no finite number"):
        replace(SPEC, figures={"made.up": math.nan})


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"layout": "kinect21"}, "layout 'kinect21' is unknown; known are coco17"),
        ({"layout": "utd20"}, "joints are not those of its layout 'utd20'"),
        ({"joints": SPEC.joints[:-1]}, "joints are not those of its layout 'kinect20'"),
        ({"joints": SPEC.joints[::-1]}, "joints are not those of its layout 'kinect20'"),
        ({"persons": 0}, "an artifact is of 1 or 2 persons, got 0"),
        ({"persons": 3}, "an artifact is of 1 or 2 persons, got 3"),
        ({"labels": ("wave",)}, "at least 2 labels, each once"),
        ({"labels": ("wave", "wave")}, "at least 2 labels, each once"),
        ({"labels": ("wave", "background")}, "`background` only its first"),
        ({"labels": ("wave", "warming")}, "`warming` is no label of a model"),
        ({"labels": ("background", "sit")}, "thresholds for wave: no label"),
        ({"experimental": ("fly",)}, "calls fly experimental: no label"),
        ({"calibration": {"temperature": 0.0}}, "temperature is a number above 0, got 0.0"),
        ({"calibration": {"temperature": -2.0}}, "temperature is a number above 0, got -2.0"),
        ({"calibration": {"start_ms": -1.0}}, "start_ms is from 0 to 5000, got -1.0"),
        ({"calibration": {"unknown_threshold": 40.0}}, "thresholds are from 0 to 1, got 40.0"),
        ({"calibration": {"thresholds": {"wave": -0.1}}}, "thresholds are from 0 to 1, got -0.1"),
        ({"frames": 1}, "timing is wrong: a window has at least 2 frames, got 1"),
        ({"rate_hz": 0.0}, "timing is wrong: a window's rate is from 1 to 240 Hz, got 0.0"),
        ({"hop_frames": 0}, "timing is wrong: a hop is from 1 to 64 frames, got 0"),
        ({"hop_frames": 65}, "timing is wrong: a hop is from 1 to 64 frames, got 65"),
        ({"lookahead_frames": 64}, "timing is wrong: a look-ahead is from 0 to 63 frames, got 64"),
        (
            {"layout": "coco17", "joints": LAYOUTS["coco17"].joints},
            "normalisation is wrong: normalisation 'kinect-3d' needs the joints pelvis, spine, "
            "right_shoulder, left_shoulder; layout 'coco17' lacks pelvis, spine",
        ),
    ],
)
def test_a_specification_that_contradicts_itself_is_refused(
    changes: dict[str, Any], sentence: str
) -> None:
    """By the same sentence, whether it is made or read."""
    assert sentence in _refusal(lambda: spec_of(_fields(**changes)))
    read = _refusal(lambda: _read(json.dumps(_fields(**changes))))
    assert sentence in read
    if "calibration" not in changes:
        assert _refusal(lambda: replace(SPEC, **changes)) == read


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"frames": "64"}, r"Expected `int`, got `str` - at `$.frames`"),
        ({"frames": 64.5}, r"Expected `int`, got `float` - at `$.frames`"),
        ({"rate_hz": None}, r"Expected `float`, got `null` - at `$.rate_hz`"),
        ({"labels": "wave"}, r"Expected `array`, got `str` - at `$.labels`"),
        ({"labels": ["wave", 3]}, r"Expected `str`, got `int` - at `$.labels[1]`"),
        ({"task": "video"}, r"Invalid enum value 'video' - at `$.task`"),
        ({"normalisation": "kinect-4d"}, r"Invalid enum value 'kinect-4d' - at `$.normalisation`"),
        ({"precision": "fp8"}, r"Invalid enum value 'fp8' - at `$.precision`"),
        ({"provenance": {"data": "d", "terms": "t"}}, r"`commit` - at `$.provenance`"),
        ({"calibration": {"thresholds": {"wave": "high"}}}, r"at `$.calibration.thresholds[...]`"),
    ],
)
def test_a_field_of_another_type_is_refused_by_its_name(
    changes: dict[str, Any], sentence: str
) -> None:
    """The sentence says what was expected, what came, and where."""
    said = _refusal(lambda: _read(json.dumps(_fields(**changes))))
    assert said.startswith("the artifact's specification is wrong: ")
    assert sentence in said


@pytest.mark.parametrize("key", ["name", "task", "joints", "rate_hz", "labels", "provenance"])
def test_a_missing_field_is_refused_by_its_name(key: str) -> None:
    """Nothing without a default is guessed."""
    fields = _fields()
    del fields[key]
    assert f"missing required field `{key}`" in _refusal(lambda: _read(json.dumps(fields)))


@pytest.mark.parametrize("contract", [0, 2, None, "1"])
def test_another_contract_is_refused_before_its_fields_are_read(contract: object) -> None:
    """Its fields may mean anything: the sentence says what to do instead."""
    said = _refusal(lambda: _read(json.dumps({"contract": contract})))
    assert said == (
        f"the artifact follows contract {contract!r}, this posewire reads 1; "
        "export it again with this version"
    )


@pytest.mark.parametrize("text", ["", "{", "posewire", '{"name": }', "\x00"])
def test_metadata_that_is_not_json_is_refused(text: str) -> None:
    """Not a traceback of the parser's."""
    assert _refusal(lambda: _read(text)).startswith("the artifact's metadata is not JSON: ")


@pytest.mark.parametrize("text", ["[1, 2]", "3", "null", '"wave"', "true"])
def test_json_of_another_kind_is_refused(text: str) -> None:
    """A specification is an object."""
    assert _refusal(lambda: _read(text)) == f"the artifact's metadata is a JSON object, got {text}"


def test_an_onnx_file_of_somebody_else_is_refused() -> None:
    """The sentence names the key that is missing, and those that are there."""
    said = _refusal(lambda: read_spec({"zoo": "1", "author": "me"}))
    assert said.endswith("carries the metadata key 'posewire'; this ONNX file has author, zoo")
    assert _refusal(lambda: read_spec({})).endswith("has none")


# --- the graph --------------------------------------------------------------------------------

FLOAT = "tensor(float)"
INPUTS: Shapes = {"clip": (FLOAT, ["batch", 3, 64, 20, 2])}
OUTPUTS: Shapes = {
    "logits": (FLOAT, ["batch", 64, 3]),
    "features": (FLOAT, ["batch", 64, 256]),
}


@pytest.mark.parametrize("batch", ["batch", "", None])
def test_the_declared_graph_is_accepted(batch: str | None) -> None:
    """With any name of the dynamic batch, and with clips of logits where that is the task."""
    inputs = {"clip": (FLOAT, [batch, 3, 64, 20, 2])}
    features = (FLOAT, [batch, 64, 256])
    check_graph(SPEC, inputs, {"logits": (FLOAT, [batch, 64, 3]), "features": features})
    check_graph(CLIP_SPEC, inputs, {"logits": (FLOAT, [batch, 3]), "features": features})


@pytest.mark.parametrize(
    ("inputs", "outputs", "sentence"),
    [
        ({"clip": (FLOAT, [1, 3, 64, 20, 2])}, {}, "clip has the shape (1, 3, 64, 20, 2)"),
        ({"clip": (FLOAT, ["batch", 3, "T", 20, 2])}, {}, "clip has the shape (batch, 3, T, 20,"),
        ({"clip": (FLOAT, ["batch", 3, 64, 25, 2])}, {}, "declares (?, 3, 64, 20, 2)"),
        ({"clip": (FLOAT, ["batch", 3, 64, 20])}, {}, "clip has the shape (batch, 3, 64, 20);"),
        ({"clip": (FLOAT, [])}, {}, "clip has the shape ();"),
        ({"clip": ("tensor(float16)", [None, 3, 64, 20, 2])}, {}, "here it is tensor(float16)"),
        ({}, {"logits": (FLOAT, ["batch", 64, 4])}, "logits has the shape (batch, 64, 4)"),
        ({}, {"logits": (FLOAT, ["batch", 3])}, "declares (?, 64, 3), where only ? is dynamic"),
        ({}, {"logits": (FLOAT, [8, 64, 3])}, "logits has the shape (8, 64, 3)"),
        ({}, {"logits": ("tensor(int64)", [None, 64, 3])}, "logits is float32 in an artifact"),
        ({}, {"features": (FLOAT, ["batch", 256])}, "features has the shape (batch, 256)"),
        ({}, {"features": (FLOAT, ["batch", 32, 256])}, "declares (?, 64, 256)"),
        (
            {},
            {"features": (FLOAT, ["batch", 64, None])},
            "(batch, 64, ?); the metadata declares (?",
        ),
        ({}, {"features": (FLOAT, ["batch", 64, "F"])}, "features has the shape (batch, 64, F)"),
        ({}, {"features": (FLOAT, [])}, "features has the shape ();"),
        ({"mask": (FLOAT, ["batch"])}, {}, "this one has clip, mask and logits, features"),
        ({}, {"extra": (FLOAT, ["batch"])}, "this one has clip and logits, features, extra"),
    ],
)
def test_a_graph_that_is_not_as_declared_is_refused(
    inputs: dict[str, Any], outputs: dict[str, Any], sentence: str
) -> None:
    """The sentence names the input or output, what it is and what was declared."""
    graph = {**INPUTS, **inputs}, {**OUTPUTS, **outputs}
    assert sentence in _refusal(lambda: check_graph(SPEC, *graph))


def test_a_graph_without_an_input_or_output_is_refused() -> None:
    """The sentence lists what an artifact has and what this graph has."""
    only_logits = {"logits": OUTPUTS["logits"]}
    said = _refusal(lambda: check_graph(SPEC, INPUTS, only_logits))
    assert said.endswith("outputs logits and features; this one has clip and logits")
    assert "this one has x and logits, features" in _refusal(
        lambda: check_graph(SPEC, {"x": INPUTS["clip"]}, OUTPUTS)
    )

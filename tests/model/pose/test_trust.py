"""Seal, manifest and TensorRT's profile: what stands beside a specification in its file."""

from pathlib import Path

import msgspec
import pytest

from export.artifact_file import make_artifact
from model.pose.artifact import ArtifactError
from model.pose.manifest import Manifest, Trusted, read_manifest, write_manifest
from model.pose.seal import SEAL_KEY, check_seal, digest
from model.pose.tensorrt import BatchProfile, profile_of, provider_options
from tests.service.artifacts import COCO, KINECT, graph


def sealed() -> bytes:
    return make_artifact(graph(KINECT), KINECT, Path("hands.onnx")).content


def test_a_seal_holds_every_other_byte() -> None:
    """Whatever weight or word is changed breaks it, and the sentence says both hashes."""
    content = sealed()
    check_seal(content)
    place = content.index(b"left up")
    forged = content.replace(b"left up", b"LEFT up")
    with pytest.raises(ArtifactError, match=rf"seal is broken: .+ {digest(content)[:12]}…"):
        check_seal(forged)
    weights = bytearray(content)
    weights[place // 2] ^= 1
    with pytest.raises(ArtifactError):
        check_seal(bytes(weights))


def test_a_file_without_a_seal_passes() -> None:
    """Artifacts of older exports carry none; there is nothing to hold them to."""
    content = graph(KINECT).SerializeToString()
    assert SEAL_KEY.encode() not in content
    check_seal(content)


def test_the_manifest_trusts_bytes_and_not_names(tmp_path: Path) -> None:
    """The same name with other bytes is not trusted; the same bytes elsewhere are."""
    made = make_artifact(graph(KINECT), KINECT, tmp_path / "hands.onnx")
    entry = Trusted("hands.onnx", made.sha256, len(made.content), "hands", "1", "none")
    path = tmp_path / "manifest.json"
    write_manifest([entry], path)
    manifest = read_manifest(path)
    assert manifest == Manifest((entry,))
    assert manifest.check(made.content) == entry
    other = make_artifact(graph(COCO), COCO, tmp_path / "hands.onnx")
    with pytest.raises(ArtifactError, match=f"does not list the file, sha256 {other.sha256}; it"):
        manifest.check(other.content)
    with pytest.raises(ArtifactError, match="it has none"):
        Manifest(()).check(made.content)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "No such file"),
        (b"{", "but Input data was truncated"),
        (b'{"artifacts": [{}]}', "missing required field"),
        (b'{"artifacts": [], "version": 9}', "expected posewire-manifest version 1, got"),
    ],
)
def test_what_is_no_manifest_is_refused(
    content: bytes | None, sentence: str, tmp_path: Path
) -> None:
    """A service that demands one and cannot read it must not go on without it."""
    path = tmp_path / "manifest.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ArtifactError, match=sentence) as refusal:
        read_manifest(path)
    assert str(refusal.value).startswith(f"{path}: ")


def test_a_profile_travels_with_its_artifact(tmp_path: Path) -> None:
    """Export and service read one profile; shapes are the contract's with a batch before."""
    profile = BatchProfile(1, 4, 32)
    made = make_artifact(graph(KINECT), KINECT, tmp_path / "hands.onnx", profile)
    assert made.profile == profile
    assert profile_of({}) == BatchProfile()
    options = provider_options(made.spec, made.profile, tmp_path / "engines")
    assert options["trt_profile_min_shapes"] == "clip:1x3x24x20x1"
    assert options["trt_profile_opt_shapes"] == "clip:4x3x24x20x1"
    assert options["trt_profile_max_shapes"] == "clip:32x3x24x20x1"
    assert options["trt_engine_cache_path"] == f"{tmp_path}/engines"
    assert (options["trt_fp16_enable"], options["trt_int8_enable"]) == ("0", "0")


@pytest.mark.parametrize("text", ["[", '{"least": "1"}', msgspec.json.encode({"most": 2}).decode()])
def test_a_profile_that_cannot_be_is_refused(text: str) -> None:
    """No JSON, another type, more usual than the most: one sentence."""
    with pytest.raises(ArtifactError):
        profile_of({"posewire-tensorrt": text})

"""`export manifest`: what is shipped is listed, and each file is what the list says."""

import json
from pathlib import Path

import pytest

from export.__main__ import main
from model.pose.manifest import read_manifest
from tests.service.process import ROOT

WEIGHTS = ROOT / "weights"


def test_what_is_shipped_is_trusted() -> None:
    """Every artifact in weights/ is in weights/manifest.json with the hash of its bytes."""
    manifest = read_manifest(WEIGHTS / "manifest.json")
    shipped = {path.name: path.read_bytes() for path in WEIGHTS.glob("*.onnx")}
    assert {entry.file for entry in manifest.artifacts} == shipped.keys()
    for name, content in shipped.items():
        assert manifest.check(content).file == name


def test_only_what_opens_is_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One file that is no artifact, and no manifest is written; else each has its hash."""
    out = tmp_path / "manifest.json"
    (tmp_path / "garbage.onnx").write_bytes(b"garbage")
    model = str(WEIGHTS / "utkinect.onnx")
    assert main(["manifest", model, str(tmp_path / "garbage.onnx"), "--out", str(out)]) == 2
    assert "garbage.onnx: not an ONNX file that can be run" in capsys.readouterr().err
    assert not out.exists()
    assert main(["manifest", model, "--out", str(out), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    (entry,) = read_manifest(out).artifacts
    assert said["utkinect.onnx"] == entry.sha256

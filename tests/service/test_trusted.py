"""A service that demands a manifest: what it does not list is never loaded, first or later."""

import shutil
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from export.__main__ import main as export
from service.__main__ import main as service
from service.settings import DEFAULT_MODEL
from tests.service.artifacts import KINECT, write
from tests.service.process import ROOT, ServerProcess, command

SHIPPED = ROOT / "weights" / "manifest.json"
TOKEN = "admin" * 4
ADMIN = {"Authorization": f"Bearer {TOKEN}"}


def test_what_is_shipped_is_served_under_its_manifest() -> None:
    """The embedded default starts where the shipped manifest is demanded."""
    with ServerProcess(DEFAULT_MODEL, manifest=SHIPPED) as server:
        assert httpx.get(f"{server.http}/readyz").json()["ready"]


def refused(model: Path, manifest: Path) -> str:
    """A start that must be refused with exit 2; its one line."""
    process = command("serve", "--port", "0", "--model", str(model), manifest=manifest)
    out, complaints = process.communicate(timeout=30)
    assert (process.returncode, out) == (2, "")
    (line,) = complaints.splitlines()
    return line


def test_what_is_not_listed_does_not_start(tmp_path: Path) -> None:
    """Exit 2 and one sentence with the file and its hash; a manifest that is none is no pass."""
    stranger = write(tmp_path / "stranger.onnx")
    line = refused(model=stranger, manifest=SHIPPED)
    assert line.startswith(f"posewire: {stranger}: the manifest does not list the file, sha256 ")
    missing = tmp_path / "none.json"
    assert refused(model=stranger, manifest=missing) == (
        f"posewire: {missing}: expected a manifest of artifacts: No such file or directory"
    )


def test_the_same_name_with_other_bytes_is_not_trusted(tmp_path: Path) -> None:
    """One byte more than what is listed: refused, though it would run."""
    forged = tmp_path / DEFAULT_MODEL.name
    shutil.copy(DEFAULT_MODEL, forged)
    with forged.open("ab") as file:
        # An empty field that protobuf passes over.
        file.write(b"\xfa\x7f\x00")
    assert "the manifest does not list the file" in refused(model=forged, manifest=SHIPPED)


def load(server: ServerProcess, path: str) -> httpx.Response:
    """Asks for a file of the directory of models to be made the default."""
    body = {"path": path, "default": True}
    return httpx.post(f"{server.http}/v1/models", json=body, headers=ADMIN, timeout=30)


def default(server: ServerProcess) -> str:
    """The version of the model that answers."""
    version: str = httpx.get(f"{server.http}/v1/model").json()["spec"]["version"]
    return version


def test_what_is_swapped_in_must_be_listed(tmp_path: Path) -> None:
    """A stranger is refused with 409 and the old model stays; once it is listed it is taken.

    The manifest is read at each loading: the service need not be started again.
    """
    models, manifest = tmp_path / "models", tmp_path / "manifest.json"
    models.mkdir()
    first = write(tmp_path / "first.onnx")
    second = write(models / "second.onnx", replace(KINECT, version="2"))
    (tmp_path / "tokens").write_text(TOKEN)
    assert export(["manifest", str(first), "--out", str(manifest)]) == 0
    settings = {"manifest": manifest, "models": models, "admin_tokens": tmp_path / "tokens"}
    with ServerProcess(first, **settings) as server:
        reply = load(server, "second.onnx")
        assert reply.status_code == 409
        assert "the manifest does not list the file, sha256" in reply.json()["detail"]
        assert "it has first.onnx" in reply.json()["detail"]
        assert default(server) == "1"
        manifest.rename(tmp_path / "away.json")
        assert "expected a manifest of artifacts" in load(server, "second.onnx").json()["detail"]
        assert export(["manifest", str(first), str(second), "--out", str(manifest)]) == 0
        assert load(server, "second.onnx").status_code == 201
        assert default(server) == "2"


def test_the_doctor_says_it_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What would stop the start is a problem before it."""
    monkeypatch.setenv("POSEWIRE_MANIFEST", str(SHIPPED))
    stranger = write(tmp_path / "stranger.onnx")
    assert service(["doctor", "--port", "0", "--model", str(stranger)]) == 1
    assert "the manifest does not list the file" in capsys.readouterr().out
    assert service(["doctor", "--port", "0", "--model", str(DEFAULT_MODEL)]) == 0

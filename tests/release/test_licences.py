"""The page of licences: everything that ships is on it, as what is installed and locked says."""

import json
import re
from importlib.metadata import version
from pathlib import Path

import pytest

from release.bundle import check_licences
from release.licences import PAGE, licences
from release.shipped import (
    EXTRAS,
    ReleaseError,
    fetched_components,
    page_components,
    python_components,
)
from tests.service.process import ROOT


def test_the_page_is_of_what_ships() -> None:
    """`python -m release licences` makes it; what changes what ships has to be followed by that."""
    assert (ROOT / PAGE).read_text(encoding="utf-8") == licences(ROOT)


def test_what_the_service_is_installed_with_is_listed() -> None:
    """Requirements, their requirements and those of extras, at the versions of the lock.

    What only trains, exports or tests does not ship.
    """
    found = {each.name: each.version for each in python_components(ROOT)}
    direct = {"fastapi", "numpy", "onnxruntime", "mediapipe", "opencv-contrib-python"}
    through_others = {"starlette", "protobuf", "httptools", "uvloop"}
    assert direct | through_others <= found.keys()
    assert not {"torch", "onnx", "lightning", "pytest", "posewire"} & found.keys()
    locked = dict(re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "requirements.lock").read_text(), re.M))
    assert {name: locked.get(name) for name in found} == found
    assert found["numpy"] == version("numpy")


def test_what_the_page_is_bundled_from_is_listed() -> None:
    """The lock's packages that are no tools, and both packages that set-up fetches."""
    lock = json.loads((ROOT / "clients/web/package-lock.json").read_text(encoding="utf-8"))
    packages = lock["packages"]
    asked = packages["page"]["dependencies"] | packages["client"]["dependencies"]
    ours = {"@posewire/client"}
    assert {each.name for each in page_components(ROOT)} == asked.keys() - ours
    assert [each.name for each in fetched_components()] == [
        "@mediapipe/pose",
        "@mediapipe/tasks-vision",
    ]


def test_a_page_that_is_behind_is_refused(tmp_path: Path) -> None:
    """No release with a list of yesterday; the sentence has the command that renews it."""
    for name in ("pyproject.toml", "clients/web/package-lock.json", "weights/manifest.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    with pytest.raises(ReleaseError, match="python -m release licences"):
        check_licences(tmp_path)
    page = tmp_path / PAGE
    page.parent.mkdir()
    page.write_text(licences(tmp_path), encoding="utf-8")
    check_licences(tmp_path)
    page.write_text(page.read_text(encoding="utf-8").replace("| uvloop |", "| uvlop |"))
    with pytest.raises(ReleaseError, match=r"licences\.md is not of what ships now"):
        check_licences(tmp_path)


def test_what_states_no_licence_does_not_ship(tmp_path: Path) -> None:
    """A package of the page without a licence is named, and so is one that is not installed."""
    packages = {"": {}, "node_modules/@some/one": {"version": "1.2.3"}}
    lock = tmp_path / "clients" / "web" / "package-lock.json"
    lock.parent.mkdir(parents=True)
    lock.write_text(json.dumps({"packages": packages}))
    with pytest.raises(ReleaseError, match=r"@some/one 1\.2\.3 ships and states no licence"):
        page_components(tmp_path)
    extras = "".join(f"{extra} = []\n" for extra in EXTRAS)
    (tmp_path / "pyproject.toml").write_text(
        '[project]\ndependencies = ["posewire-of-nobody>=1"]\n'
        f"[project.optional-dependencies]\n{extras}"
    )
    with pytest.raises(ReleaseError, match="posewire-of-nobody>=1 ships and is not installed"):
        python_components(tmp_path)

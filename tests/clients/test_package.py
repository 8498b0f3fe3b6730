"""The package stands alone, and its README can be taken at its word."""

import ast
import importlib
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.clients.fake_conversation import WARMING_FRAMES, label_of
from tests.clients.fake_server import FakeServer
from tests.clients.samples import METRES, keypoints, write_recording
from tests.service.artifacts import KINECT
from tests.service.bodies import body, pose
from tests.service.process import ServerProcess

PROJECT = Path(__file__).resolve().parents[2] / "clients" / "python"


def test_its_wheel_needs_only_websockets_and_msgspec(tmp_path: Path) -> None:
    """Built from its own folder, the wheel is typed, has the command, and two requirements."""
    source = tmp_path / "source"
    shutil.copytree(PROJECT, source, ignore=shutil.ignore_patterns("*.egg-info", "__pycache__"))
    build = "import setuptools.build_meta as b; b.build_wheel('out')"
    subprocess.run([sys.executable, "-c", build], cwd=source, check=True, capture_output=True)
    wheel = zipfile.ZipFile(next((source / "out").glob("*.whl")))
    names = wheel.namelist()
    assert "posewire_client/py.typed" in names
    assert {name.split("/")[0].split("-")[0] for name in names} == {"posewire_client"}
    metadata = wheel.read(next(name for name in names if name.endswith("METADATA"))).decode()
    required = re.findall(r"^Requires-Dist: ([\w-]+)(.*)", metadata, re.MULTILINE)
    assert {name for name, terms in required if "extra" not in terms} == {"msgspec", "websockets"}
    assert [name for name, terms in required if 'extra == "camera"' in terms] == ["opencv-python"]
    points = wheel.read(next(name for name in names if name.endswith("entry_points.txt")))
    assert b"posewire-stream = posewire_client.__main__:main" in points


def test_it_imports_nothing_else() -> None:
    """No import in it needs more than the standard library and its two requirements."""
    allowed = {*sys.stdlib_module_names, "posewire_client", "msgspec", "websockets"}
    imported = set()
    for file in (PROJECT / "posewire_client").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(str(node.module).split(".")[0])
    assert "websockets" in imported
    assert imported <= allowed


def test_the_console_command_is_what_is_declared() -> None:
    """The declared entry point is a function that exists."""
    declared = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["scripts"]
    module, function = declared["posewire-stream"].split(":")
    assert callable(getattr(importlib.import_module(module), function))


def example(name: str) -> Callable[..., Any]:
    """A function out of the README's Python, as it stands there."""
    blocks = re.findall(r"```python\n(.*?)```", (PROJECT / "README.md").read_text(), re.DOTALL)
    block = next(block for block in blocks if f"def {name}(" in block)
    assert len([line for line in block.splitlines() if line.strip()]) <= 24
    names: dict[str, Any] = {}
    exec(block, names)
    function: Callable[..., Any] = names[name]
    return function


@pytest.mark.parametrize("name", ["stream_recording", "follow_recording"])
async def test_the_readmes_examples_run_as_they_stand(tmp_path: Path, name: str) -> None:
    """Each labels every frame of a recording, given its path and a server's address."""
    path = write_recording(tmp_path / "walk.jsonl", 30)
    with FakeServer() as server:
        labels = example(name)(str(path), server.url)
        labels = labels if isinstance(labels, list) else await labels
    assert labels == [
        (frame * 10.0, label_of(keypoints(frame))[0] if frame >= WARMING_FRAMES else "warming")
        for frame in range(30)
    ]


def test_the_readmes_recording_at_once(server: ServerProcess, tmp_path: Path) -> None:
    """The real service says what was done for the longest time."""
    path = tmp_path / "hand.jsonl"
    lines: list[Any] = [{"type": "hello", "version": 1} | METRES]
    lines += [pose(frame, body(KINECT, left=0.5)) for frame in range(60)]
    path.write_bytes(b"\n".join(msgspec.json.encode(line) for line in lines))
    assert example("longest_action")(path, server.stream) == "left up"


def test_the_readme_names_every_option() -> None:
    """What `--help` offers is in the README's table, and nothing else is."""
    command = [sys.executable, "-m", "posewire_client", "--help"]
    shown = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    offered = set(re.findall(r"--[a-z-]+", shown)) - {"--help"}
    table = [line for line in (PROJECT / "README.md").read_text().splitlines() if "| `--" in line]
    assert {re.findall(r"--[a-z-]+", line)[0] for line in table} == offered

"""The 20-line clients of the documents run as they stand, but for the server's address."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.service.process import ServerProcess
from tests.web.page_process import ROOT

WEB = ROOT / "clients" / "web"
SOCKETS = 'import { WebSocket } from "ws";\nglobalThis.WebSocket = WebSocket;\n'
"""Node 20 has no WebSocket of its own, as browsers have."""


def example(document: Path, language: str, server: ServerProcess) -> str:
    """Returns the only example in a language, to be run against a server."""
    (code,) = re.findall(rf"```{language}\n(.*?)```", document.read_text(encoding="utf-8"), re.S)
    assert code.count("\n") <= 20
    return str(code).replace("ws://127.0.0.1:8000/v1/stream", server.stream)


def labels(command: list[str], place: Path) -> list[str]:
    """Runs a client and returns the labels that it printed of person 1."""
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=150)
    assert done.returncode == 0, done.stderr
    return [line.split()[1] for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def pictures(coco_artifact: Path) -> Iterator[ServerProcess]:
    """A server that reads pictures, as the examples send them."""
    with ServerProcess(coco_artifact) as process:
        yield process


@pytest.mark.parametrize("document", ["docs/web.md", "clients/web/client/README.md"])
def test_the_browser_client_labels_what_it_sends(document: str, pictures: ServerProcess) -> None:
    """After `bye` the frames have been answered, and labelled once the window was full."""
    if shutil.which("node") is None or not (WEB / "client" / "dist").is_dir():
        pytest.skip("npm ci and npm run build have not been run in clients/web")
    code = SOCKETS + example(ROOT / document, "js", pictures)
    said = labels(["node", "--input-type=module", "--eval", code], WEB / "client")
    assert len(said) > 30
    assert "warming" in said
    assert said[-1] != "warming"


def test_the_python_client_does_the_same(pictures: ServerProcess) -> None:
    """The same stream in Python."""
    code = example(ROOT / "docs" / "web.md", "python", pictures)
    said = labels([sys.executable, "-c", code], ROOT)
    assert len(said) > 30
    assert said[-1] != "warming"

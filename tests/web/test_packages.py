"""The browser's packages: their types are the server's own, and what is served is what is here."""

import gzip
import runpy
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.web.page_process import ROOT

WEB = ROOT / "clients" / "web"
BUILT = ROOT / "service" / "page"
LARGEST_GZIP = 150 * 1024


def test_message_types_are_those_of_the_schema() -> None:
    """`messages.ts` is what docs/asyncapi.yaml gives; `generate_messages.py` renews it."""
    made = runpy.run_path(str(WEB / "generate_messages.py"))["messages"]
    schema = yaml.safe_load((ROOT / "docs" / "asyncapi.yaml").read_text(encoding="utf-8"))
    kept = (WEB / "client" / "src" / "messages.ts").read_text(encoding="utf-8")
    assert kept == made(schema)


def test_the_page_is_small() -> None:
    """Page and client together are at most 150 KB gzipped, the pose runtime apart."""
    files = [BUILT / "index.html", BUILT / "assets" / "index.js", BUILT / "assets" / "index.css"]
    assert sum(len(gzip.compress(file.read_bytes())) for file in files) <= LARGEST_GZIP
    assert sum(file.stat().st_size for file in BUILT.rglob("*") if file.is_file()) < 500_000


def npm(*arguments: str) -> None:
    """Runs npm in clients/web, where its packages are installed."""
    if shutil.which("npm") is None or not (WEB / "node_modules/.ready").is_file():
        pytest.skip("npm ci has not been run in clients/web")
    done = subprocess.run(["npm", *arguments], cwd=WEB, capture_output=True, text=True, timeout=150)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_packages_pass_their_own_tests() -> None:
    """The client against a fake server; the page's motion, timeline and lessons."""
    npm("test")


def test_the_served_page_is_the_built_one(tmp_path: Path) -> None:
    """What lies in service/page is what `npm run build` makes of these sources."""
    npm("run", "build", "-w", "@posewire/client")
    npm("run", "check")
    npm("exec", "-w", "posewire-page", "--", "vite", "build", "--outDir", str(tmp_path))

    def contents(place: Path) -> dict[str, bytes]:
        files = (file for file in place.rglob("*") if file.is_file())
        return {str(file.relative_to(place)): file.read_bytes() for file in files}

    assert contents(tmp_path) == contents(BUILT)

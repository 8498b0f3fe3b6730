"""The set-up step for Debian packages, before a package manager that is made up."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.docker.dockerfile import ROOT

SCRIPTS = {
    "id": "echo 0",
    "dpkg-query": '[ "${@: -1}" = there ] && echo "install ok installed"',
    "node": "exit",
    "npm": "exit",
    "one": "exit",
    "apt-get": 'echo "$@" >> "$LOG"; case " $* " in *" refused "*) exit 100;; esac',
}


@pytest.mark.parametrize(
    ("wanted", "asked", "said"),
    [
        (["there", "nodejs", "npm"], [], ""),
        (["there", "nodejs", "one", "two"], ["one two"], ""),
        (
            ["one", "refused", "two"],
            ["one refused two", "one", "refused", "two"],
            "could not be installed, images and some tests need them: refused\n",
        ),
    ],
)
def test_a_package_that_cannot_be_had_keeps_no_other_away(
    wanted: list[str], asked: list[str], said: str, tmp_path: Path
) -> None:
    """What is there is not asked for, Node.js from anywhere among it; the step always goes on."""
    for name, words in SCRIPTS.items():
        path = tmp_path / name
        path.write_text(f"#!/bin/bash\n{words}\n")
        path.chmod(0o755)
    log = tmp_path / "log"
    log.touch()
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "LOG": str(log)}
    done = subprocess.run(
        [ROOT / "docker" / "packages.sh", *wanted],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    installs = [line for line in log.read_text().splitlines() if line.startswith("install")]
    options = "install --yes --quiet=2 --no-install-recommends "
    assert [line.removeprefix(options) for line in installs] == asked
    assert done.stderr == said

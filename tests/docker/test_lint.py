"""What linters say of the files that no engine can try here: nothing."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docker.dockerfile import DOCKERFILES, ROOT

SCRIPTS = sorted((ROOT / "docker").glob("*.sh"))


def tool(name: str) -> str:
    """A command of this environment."""
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def clean(*command: object) -> None:
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_hadolint_finds_nothing() -> None:
    """The Dockerfiles, those for CUDA among them, keep hadolint's rules."""
    assert len(DOCKERFILES) == 3
    clean(tool("hadolint"), *DOCKERFILES)


def test_the_compose_file_keeps_the_specification() -> None:
    """docker-compose.yml is valid by the schema of the compose specification."""
    schema = ("--builtin-schema", "vendor.compose-spec")
    clean(tool("check-jsonschema"), *schema, ROOT / "docker-compose.yml")


def test_shellcheck_finds_nothing() -> None:
    """The scripts keep shellcheck's rules."""
    assert SCRIPTS
    clean(tool("shellcheck"), *SCRIPTS)

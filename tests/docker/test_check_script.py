"""`docker/check.sh` says what stops it before it starts anything."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.docker.dockerfile import ROOT


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        pytest.param(
            [],
            "needs a running docker with its compose plugin, or podman with podman-compose",
            id="no engine",
        ),
        pytest.param(["tpu"], "the profile is cpu or gpu, got 'tpu'", id="no such profile"),
    ],
)
def test_the_check_says_what_it_lacks(tmp_path: Path, arguments: list[str], sentence: str) -> None:
    """What cannot be tried ends with exit 2 and one sentence."""
    for tool in ("bash", "dirname"):
        found = shutil.which(tool)
        assert found
        (tmp_path / tool).symlink_to(found)
    result = subprocess.run(
        [tmp_path / "bash", ROOT / "docker" / "check.sh", *arguments],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert result.returncode == 2
    assert result.stderr.splitlines() == [f"check-container: {sentence}"]

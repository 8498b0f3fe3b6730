"""What the tests of export share: one small checkpoint, exported once by the real command."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.export.checkpoints import write_checkpoint, write_store
from tests.service.process import ROOT


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `small.ckpt`, a store, and `small.onnx`, exported by the real command.

    The checkpoint is from before this contract: an artifact's contract is its exporter's.
    """
    place = tmp_path_factory.mktemp("export")
    write_checkpoint(place / "small.ckpt", contract=0)
    write_store(place / "store")
    arguments = ["onnx", str(place / "small.ckpt"), "--out", str(place / "small.onnx"), "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "export", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    content = (place / "small.onnx").read_bytes()
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "artifact": str(place / "small.onnx"),
        "name": "hands",
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    return place

"""The README's example does what it says, as it stands."""

import re
from pathlib import Path

import pytest

from benchmarks.load_poses import wandering
from service.settings import DEFAULT_MODEL
from tests.service.artifacts import COCO
from tests.service.process import ServerProcess

README = Path(__file__).resolve().parents[1] / "README.md"
ADDRESS = "ws://127.0.0.1:8000/v1/stream"


def test_the_example_prints_a_label_for_every_frame(capsys: pytest.CaptureFixture[str]) -> None:
    """Run against the embedded default model, it prints time, label and score of each frame."""
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    (example,) = [block for block in blocks if ADDRESS in block]
    frames = [(40.0 * frame, rows) for frame, rows in enumerate(wandering(COCO, 1, 30, seed=0))]
    with ServerProcess(DEFAULT_MODEL) as server:
        code = example.replace(ADDRESS, server.stream) + "\n\nasyncio.run(main(frames))\n"
        exec(compile(code, str(README), "exec"), {"frames": frames})
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 30
    assert lines[0].split()[:2] == ["0.0", "warming"]
    assert lines[-1].split()[0] == "1160.0"
    assert "warming" not in lines[-1]

"""The README's example does what it says, as it stands."""

import re
from pathlib import Path

import pytest

from benchmarks.load_poses import wandering
from posewire_client.__main__ import main
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


def test_the_recording_that_comes_along_is_told_as_what_it_shows(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Somebody squats in it, and the embedded default model says so and nothing else."""
    sample = README.parent / "docs" / "sample.jsonl"
    with ServerProcess(DEFAULT_MODEL) as server:
        assert main([str(sample), "--fast", "--url", server.stream]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert {line.split(">> ")[1].split("  ")[0] for line in lines if ">>" in line} == {
        "squat begins"
    }

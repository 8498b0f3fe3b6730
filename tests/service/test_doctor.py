"""The doctor: what it finds, for a person and for a machine."""

import json
import socket
from pathlib import Path

import pytest

from service.__main__ import main


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOST", "PORT", "MODEL"):
        monkeypatch.delenv(f"POSEWIRE_{name}", raising=False)


def test_all_is_well(kinect_artifact: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 0, and a line each for runtime, artifact, providers and address."""
    assert main(["doctor", "--port", "0", "--model", str(kinect_artifact)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [
        "runtime",
        "artifact",
        "providers",
        "images",
        "address",
        "all",
    ]
    assert "onnxruntime" in lines[0]
    assert lines[1].startswith(f"artifact   {kinect_artifact}: hands 1, ")
    assert lines[2].endswith(" CPUExecutionProvider")


def test_a_machine_reads_the_same_in_one_line(
    kinect_artifact: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--json` is one line of JSON on stdout; providers are those that a session really got."""
    assert main(["doctor", "--json", "--port", "0", "--model", str(kinect_artifact)]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    report = json.loads(line)
    assert (report["model"], report["providers"], report["problems"]) == (
        "hands 1",
        ["CPUExecutionProvider"],
        [],
    )
    assert 0 < report["window_ms"] < 100


def test_every_problem_is_found_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A bad artifact and a taken port are both named, a sentence each; exit 1."""
    garbage = tmp_path / "garbage.onnx"
    garbage.write_text("poses")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = ["doctor", "--port", port, "--model", str(garbage)]
        assert main(command) == 1
        lines = capsys.readouterr().out.splitlines()
        assert main([*command, "--json"]) == 1
        report = json.loads(capsys.readouterr().out)
    assert lines[1] == f"artifact   {garbage}: cannot be served"
    artifact, address = report["problems"]
    assert lines[-3:] == [f"problem    {artifact}", f"problem    {address}", "2 problem(s)"]
    assert artifact.startswith(f"{garbage}: not an ONNX file that can be run: ")
    assert address == f"cannot listen on 127.0.0.1:{port}: Address already in use"
    assert (report["model"], report["window_ms"]) == (None, None)

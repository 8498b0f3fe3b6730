"""The artifact file: written whole and checked, or not at all."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from export.artifact_file import keep_artifact, open_artifact, write_artifact
from model.pose.artifact import ArtifactError
from tests.service.artifacts import COCO, KINECT, graph, write
from tests.service.process import ROOT


def test_what_is_written_is_what_is_opened(tmp_path: Path) -> None:
    """The specification and the graph come back, from a folder that did not exist."""
    path = tmp_path / "new" / "folder" / "hands.onnx"
    written = write_artifact(graph(COCO), COCO, path)
    opened = open_artifact(path)
    assert opened.spec == written.spec == COCO
    assert opened.model == written.model
    assert [entry.name for entry in path.parent.iterdir()] == ["hands.onnx"]


@pytest.mark.parametrize(
    "spec",
    [replace(KINECT, frames=32), replace(KINECT, labels=("background", "up")), COCO],
    ids=["frames", "labels", "layout"],
)
def test_a_model_that_contradicts_its_specification_is_not_written(
    spec: object, tmp_path: Path
) -> None:
    """The graph is held to the specification before a byte of it lands at the path."""
    assert isinstance(spec, type(KINECT))
    path = tmp_path / "hands.onnx"
    path.write_text("precious")
    with pytest.raises(ArtifactError, match=r"hands\.onnx: .+ the metadata declares .+"):
        write_artifact(graph(KINECT), spec, path)
    assert path.read_text() == "precious"
    assert [entry.name for entry in tmp_path.iterdir()] == ["hands.onnx"]


@pytest.mark.parametrize(
    ("block", "out"), [(Path.mkdir, "way"), (Path.touch, "way/x.onnx"), (Path.touch, "way/a/x")]
)
def test_what_cannot_be_written_leaves_nothing(
    block: Callable[[Path], None], out: str, tmp_path: Path
) -> None:
    """A folder at the path, or a file where its folder should be: a sentence and no part file."""
    block(tmp_path / "way")
    with pytest.raises(ArtifactError, match=rf"{out}: cannot be written: "):
        write_artifact(graph(KINECT), KINECT, tmp_path / out)
    assert [entry.name for entry in tmp_path.iterdir()] == ["way"]


WRITER = """
import sys
from pathlib import Path
from export.artifact_file import keep_artifact, open_artifact

path, stop = map(Path, sys.argv[1:])
artifact = open_artifact(path)
print("ready", flush=True)
while not stop.exists():
    keep_artifact(artifact)
"""


def test_two_processes_write_one_artifact(tmp_path: Path) -> None:
    """Both succeed as often as they like, and what lies there is always whole."""
    artifact = write_artifact(graph(KINECT), KINECT, tmp_path / "hands.onnx")
    stop = tmp_path / "stop"
    command = [sys.executable, "-c", WRITER, str(artifact.path), str(stop)]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        try:
            assert other.stdout.readline() == "ready\n"
            for _ in range(2000):
                keep_artifact(artifact)
                assert artifact.path.read_bytes() == artifact.content
        finally:
            stop.touch()
        _, complaints = other.communicate(timeout=60)
    assert (other.returncode, complaints) == (0, "")
    assert {entry.name for entry in tmp_path.iterdir()} == {"hands.onnx", "stop"}


def test_what_is_no_artifact_is_refused(tmp_path: Path) -> None:
    """No file, a folder, no ONNX, ONNX that says nothing of itself: each named with its file."""
    (tmp_path / "garbage.onnx").write_bytes(b"\x08\x07 not at all" * 50)
    (tmp_path / "empty.onnx").touch()
    write(tmp_path / "bare.onnx", metadata={"pw": "{}"})
    for name, sentence in {
        "absent.onnx": "an artifact is an .onnx file, there is no such file",
        ".": "an artifact is an .onnx file, there is no such file",
        "garbage.onnx": "not an ONNX file that can be run: ",
        "empty.onnx": "not an ONNX file that can be run: ",
        "bare.onnx": "an artifact carries the metadata key 'posewire'; this ONNX file has pw",
    }.items():
        with pytest.raises(ArtifactError) as refusal:
            open_artifact(tmp_path / name)
        assert str(refusal.value).startswith(f"{tmp_path / name}: {sentence}")
        assert len(str(refusal.value).splitlines()) == 1

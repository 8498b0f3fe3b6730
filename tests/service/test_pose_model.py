"""The pose model: its bytes are known, any other file is refused, its networks know pixels."""

import importlib.util
import os
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from service import pose_model
from service.__main__ import main
from service.npm_package import Package, PackageError
from service.page_runtime import FILES, ensure_page_runtime
from service.pose_estimator import StreamClock, available
from service.pose_model import (
    DEFAULT_POSE_MODEL,
    PACKAGE,
    SHA256,
    ensure_pose_model,
    variant_of,
)

MODEL = Path(os.environ.get("POSEWIRE_POSE_MODEL") or DEFAULT_POSE_MODEL)

needs_model = pytest.mark.skipif(not MODEL.is_file(), reason=f"there is no pose model {MODEL}")
needs_mediapipe = pytest.mark.skipif(
    importlib.util.find_spec("mediapipe") is None, reason="MediaPipe is not installed"
)


@needs_model
def test_the_model_that_set_up_made_is_the_one_that_was_pinned() -> None:
    """It holds two networks, stored without a date, and is not made again where it lies."""
    before = MODEL.stat().st_mtime_ns
    assert not ensure_pose_model(MODEL)
    assert MODEL.stat().st_mtime_ns == before
    with zipfile.ZipFile(MODEL) as task:
        entries = [(one.filename, one.compress_type, one.date_time[0]) for one in task.infolist()]
    assert entries == [
        ("pose_detector.tflite", zipfile.ZIP_STORED, 1980),
        ("pose_landmarks_detector.tflite", zipfile.ZIP_STORED, 1980),
    ]


@needs_model
@needs_mediapipe
def test_the_networks_say_how_pixels_are_normalised() -> None:
    """Read back with MediaPipe's own schema: detector to -1…1, landmarks to 0…1."""
    schema: Any = importlib.import_module("mediapipe.tasks.metadata.schema_py_generated")
    names: Any = importlib.import_module("mediapipe.tasks.metadata.metadata_schema_py_generated")
    found = {}
    with zipfile.ZipFile(MODEL) as task:
        for name in task.namelist():
            model = schema.ModelT.InitFromPackedBuf(task.read(name), 0)
            (entry,) = (one for one in model.metadata if one.name == b"TFLITE_METADATA")
            content = bytes(bytearray(model.buffers[entry.buffer].data))
            metadata = names.ModelMetadataT.InitFromPackedBuf(content, 0)
            (unit,) = metadata.subgraphMetadata[0].inputTensorMetadata[0].processUnits
            found[name] = (list(unit.options.mean), list(unit.options.std))
    assert found == {
        "pose_detector.tflite": ([127.5], [127.5]),
        "pose_landmarks_detector.tflite": ([0.0], [255.0]),
    }


def test_another_file_is_refused_and_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever names a file of their own keeps it: exit 2 and one sentence."""
    mine = tmp_path / "mine.task"
    mine.write_bytes(b"something else")
    assert main(["pose-model", "--out", str(mine)]) == 2
    said = capsys.readouterr().err
    assert "mine.task is not the pose model that this version uses" in said
    assert said.count("\n") == 1
    assert mine.read_bytes() == b"something else"


def test_a_package_of_other_bytes_is_refused() -> None:
    """What is not the pinned package is never unpacked."""
    with pytest.raises(PackageError, match=r"should have the hash sha512-DFZsNWTsSphRIZppn"):
        PACKAGE.checked(b"another package")


def test_without_npm_and_network_there_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No npm: the registry that npm's variable names is asked; nobody there is one sentence."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert shutil.which("npm") is None
    monkeypatch.setenv("npm_config_registry", "https://127.0.0.1:9/")
    with pytest.raises(PackageError, match=r"which cannot be fetched: .*refused"):
        PACKAGE.fetch()
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    with pytest.raises(PackageError, match="is an https:// address"):
        PACKAGE.fetch()


def test_the_runtime_of_the_page_is_fetched_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its files lie there whole afterwards, and nobody is asked for them again."""
    monkeypatch.setattr(Package, "fetch", lambda _: b"")
    monkeypatch.setattr(Package, "members", lambda *_: [name.encode() for name in FILES])
    assert ensure_page_runtime(tmp_path / "vision")
    assert {path.name: path.read_text() for path in (tmp_path / "vision").iterdir()} == {
        name: name for name in FILES
    }
    assert not ensure_page_runtime(tmp_path / "vision")


def test_networks_that_come_out_otherwise_are_not_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where another version of a library packs other bytes, nothing is left at the place."""
    monkeypatch.setattr(Package, "fetch", lambda _: b"")
    monkeypatch.setattr(pose_model, "assemble", lambda package, variant: b"other bytes")
    with pytest.raises(ValueError, match=rf"should have the SHA-256 {SHA256['full'][:12]}"):
        ensure_pose_model(tmp_path / "new.task")
    assert list(tmp_path.iterdir()) == []


def test_why_images_cannot_be_taken_is_said(tmp_path: Path) -> None:
    """No model, or another one: the reason names the command that makes it."""
    for reason in (available(tmp_path / "none.task"), available(Path(__file__))):
        assert reason is not None
        assert "pose-model" in reason or "extra `images`" in reason


@needs_model
@needs_mediapipe
def test_with_both_images_can_be_taken() -> None:
    """With MediaPipe and the right file there is no reason against it."""
    assert available(MODEL) is None
    assert variant_of(MODEL) == "full"


def test_stamps_rise_whatever_the_clients_clock_does() -> None:
    """MediaPipe gets whole milliseconds from 0 that strictly rise, however times jitter or leap."""
    clock = StreamClock()
    times_ms = [-5.5, -4.5, -4.4, 30.0, 30.0, 20.0, 2.0**53, 2.0**53 + 40]
    stamps = [clock.stamp(t_ms) for t_ms in times_ms]
    assert stamps[0] == 0
    assert stamps == sorted(set(stamps))
    assert stamps[1] == 1
    assert stamps[3] - stamps[2] == 34
    assert stamps[-1] < 30_000

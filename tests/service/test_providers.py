"""Providers: what is asked for on machines that are not this one, and what was really got."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from export.artifact_file import write_artifact
from export.tensorrt_engine import Builder, engine_path
from model.pose.artifact import ArtifactError
from model.pose.artifact_session import CPU, Provider
from model.pose.tensorrt import BatchProfile, EngineKind
from service.engine import OnnxEngine
from service.providers import PROVIDERS, TENSORRT, ThisMachine, chosen
from tests.service.artifacts import KINECT, graph, write

CUDA = "CUDAExecutionProvider"
H200 = EngineKind("nvidia-h200", "90", "101500")


class GpuBox:
    """A machine whose ONNX Runtime was built for NVIDIA, as its owner says it is."""

    def __init__(self, kind: EngineKind | None, providers: tuple[str, ...] = PROVIDERS) -> None:
        self._kind = kind
        self._providers = providers

    def providers(self) -> tuple[str, ...]:
        return self._providers

    def engine_kind(self) -> EngineKind | None:
        return self._kind


class Unasked(GpuBox):
    """A machine without TensorRT, of which nobody need ask for a GPU."""

    def engine_kind(self) -> EngineKind | None:
        raise AssertionError("nobody runs nvidia-smi for a build that has no TensorRT")


def options_of(provider: Provider) -> Mapping[str, str]:
    """What TensorRT is told; it is an error that another provider stands there."""
    assert not isinstance(provider, str)
    name, options = provider
    assert name == TENSORRT
    return options


def test_tensorrt_gets_the_batches_and_the_folder_of_export(tmp_path: Path) -> None:
    """Shapes are the artifact's own profile, and the folder is where export builds its engine.

    TensorRT comes first, CUDA and the CPU stand behind it.
    """
    made = write_artifact(graph(KINECT), KINECT, tmp_path / "a.onnx", BatchProfile(1, 16, 48))
    engines = tmp_path / "not yet" / "engines"
    first, *rest = chosen(made.content, GpuBox(H200), engines, 48)
    options = options_of(first)
    assert rest == [CUDA, *CPU]
    shapes = [options[f"trt_profile_{which}_shapes"] for which in ("min", "opt", "max")]
    assert shapes == [f"clip:{batch}x3x24x20x1" for batch in (1, 16, 48)]
    built = engine_path(made, Builder("trtexec", H200), engines)
    assert Path(options["trt_engine_cache_path"]) == built.parent
    assert built.parent.is_dir()
    assert (options["trt_engine_cache_enable"], options["trt_fp16_enable"]) == ("1", "0")


@pytest.mark.parametrize(
    "other",
    [
        EngineKind("nvidia-l4", "89", "101500"),
        EngineKind("nvidia-h200", "90", "101600"),
    ],
)
def test_another_gpu_or_version_has_other_engines(other: EngineKind, tmp_path: Path) -> None:
    """An engine of one GPU and version is never handed to another."""
    content = write(tmp_path / "a.onnx").read_bytes()
    folders = []
    for kind in (H200, other):
        options = options_of(chosen(content, GpuBox(kind), tmp_path, 8)[0])
        folders.append(options["trt_engine_cache_path"])
    assert folders[0] != folders[1]


def test_without_a_folder_no_engine_is_kept(tmp_path: Path) -> None:
    """Nothing is written where nobody said where."""
    content = write(tmp_path / "a.onnx").read_bytes()
    options = options_of(chosen(content, GpuBox(H200), None, 8)[0])
    assert "trt_profile_max_shapes" in options
    assert not [key for key in options if "cache" in key]


def test_tensorrt_that_is_not_there_is_not_asked_for(tmp_path: Path) -> None:
    """A build that could is not a machine that can; the CPU's build asks for no GPU at all."""
    content = write(tmp_path / "a.onnx").read_bytes()
    assert chosen(content, GpuBox(None), tmp_path, 8) == (CUDA, *CPU)
    assert chosen(content, Unasked(H200, CPU), tmp_path, 8) == CPU
    assert chosen(content, ThisMachine(), tmp_path, 8) == CPU
    assert list(tmp_path.iterdir()) == [tmp_path / "a.onnx"]


def test_what_an_engine_cannot_take_is_refused(tmp_path: Path) -> None:
    """More windows than its profile has, and a folder that is none: one sentence with the way on.

    Without TensorRT the same artifact takes any number.
    """
    made = write_artifact(graph(KINECT), KINECT, tmp_path / "a.onnx", BatchProfile(1, 4, 16))
    with pytest.raises(ArtifactError, match=r"at most 16 windows, a run may have 32: set POSEW"):
        chosen(made.content, GpuBox(H200), tmp_path, None)
    with pytest.raises(ArtifactError, match="TensorRT's engines cannot be kept in"):
        chosen(made.content, GpuBox(H200), tmp_path / "a.onnx", 16)
    with pytest.raises(ArtifactError, match=r"a\.onnx: its TensorRT engine takes at most 16"):
        OnnxEngine(made.path, threads=1, largest=17, machine=GpuBox(H200))
    assert chosen(made.content, GpuBox(None), tmp_path, 1024) == (CUDA, *CPU)


@pytest.mark.parametrize(
    ("kind", "engines", "missing"),
    [(H200, "engines", f"{TENSORRT} and {CUDA}"), (None, None, CUDA)],
    ids=["TensorRT", "CUDA alone"],
)
def test_what_was_really_got_is_said(
    kind: EngineKind | None, engines: str | None, missing: str, tmp_path: Path
) -> None:
    """ONNX Runtime here has a CPU alone: the model runs on it, and what was asked for is missing.

    TensorRT that is not installed was not asked for.
    """
    path = write(tmp_path / "a.onnx")
    folder = None if engines is None else tmp_path / engines
    engine = OnnxEngine(path, threads=1, machine=GpuBox(kind), engines=folder)
    assert engine.providers == CPU
    assert engine.degraded == (
        f"hands runs on CPUExecutionProvider: ONNX Runtime could not start {missing} here"
    )
    engine.close()


@pytest.mark.parametrize(
    ("providers", "missing"),
    [(CPU, None), ((CUDA, *CPU), CUDA), ((TENSORRT, *CPU), TENSORRT)],
    ids=["CPU", "CUDA", "TensorRT"],
)
def test_what_was_named_is_missed_and_nothing_else(
    providers: tuple[str, ...], missing: str | None, tmp_path: Path
) -> None:
    """On a machine with everything, whoever names the CPU is served what they asked for."""
    path = write(tmp_path / "a.onnx")
    engine = OnnxEngine(path, threads=1, machine=GpuBox(H200), providers=providers)
    said = f"hands runs on CPUExecutionProvider: ONNX Runtime could not start {missing} here"
    assert engine.degraded == (said if missing else None)
    engine.close()

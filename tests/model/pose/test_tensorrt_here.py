"""TensorRT here: what NVIDIA's program says of a GPU, and machines that have none."""

import os
from pathlib import Path

import pytest

from model.pose.tensorrt_here import engine_kind, gpu, library_version


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ("echo 'NVIDIA GeForce RTX 4090, 8.9'", ("nvidia-geforce-rtx-4090", "89")),
        ("printf 'Tesla T4, 7.5\\nNVIDIA H200, 9.0\\n'", ("tesla-t4", "75")),
        ("echo 'NVIDIA B200, 10.0'", ("nvidia-b200", "100")),
        ("echo 'Orin (nvgpu), [N/A]'", None),
        ("echo 'No devices were found'; exit 6", None),
        ("exit 0", None),
    ],
)
def test_a_gpu_is_named_as_a_file_may_be(
    script: str,
    found: tuple[str, str] | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first one, in small letters, with its compute capability; anything else is none."""
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert gpu() == found


@pytest.mark.parametrize(
    ("visible", "found"),
    [
        (None, "tesla-t4"),
        ("1", "nvidia-h200"),
        ("1,0", "nvidia-h200"),
        (" GPU-8932f937-d72c-4106-c12f-20bd9faed9f6 , 0", "nvidia-h200"),
        ("-1", None),
        ("", None),
    ],
)
def test_a_process_has_the_gpu_that_it_sees(
    visible: str | None, found: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first of `CUDA_VISIBLE_DEVICES`, by number or UUID, and not the first of the machine."""
    program = tmp_path / "nvidia-smi"
    program.write_text(
        "#!/bin/sh\n"
        'case "$*" in\n'
        "*--id=1 | *--id=GPU-8932f937-d72c-4106-c12f-20bd9faed9f6) echo 'NVIDIA H200, 9.0' ;;\n"
        "*--id=-1) echo 'No devices were found'; exit 6 ;;\n"
        "*) printf 'Tesla T4, 7.5\\nNVIDIA H200, 9.0\\n' ;;\n"
        "esac\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    seen = gpu()
    assert (seen and seen[0]) == found


def test_without_nvidia_there_is_no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No program, no GPU; whatever libraries there are, engines are built for nothing."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpu() is None
    assert engine_kind() is None
    version = library_version()
    assert version is None or version.startswith("10")

"""TensorRT on this machine: which GPU there is, and which TensorRT, found without loading a graph.

It asks NVIDIA's own programs and library; where one of them is missing there is no TensorRT.
"""

import ctypes
import os
import re
import subprocess

from model.pose.tensorrt import EngineKind

LIBRARY = "libnvinfer.so.10"

_ENOUGH_S = 60


def engine_kind() -> EngineKind | None:
    """Returns what engines are built for here; None without a GPU or without TensorRT 10."""
    version = library_version()
    found = gpu() if version else None
    return EngineKind(found[0], found[1], version) if found and version else None


def gpu() -> tuple[str, str] | None:
    """Returns the GPU's model and compute capability, as `EngineKind` has them.

    It is the first that `CUDA_VISIBLE_DEVICES` lets this process see, or the first of all; None
    where there is none. Numbers are taken for nvidia-smi's own, as CUDA does where all are of one
    model, or with `CUDA_DEVICE_ORDER=PCI_BUS_ID`.
    """
    first = re.match(r"(.+), (\d+)\.(\d+)$", ask_gpu("name,compute_cap") or "")
    if first is None:
        return None
    model = re.sub(r"[^a-z0-9]+", "-", first[1].lower()).strip("-")
    return model, first[2] + first[3]


def ask_gpu(about: str, *format_: str) -> str | None:
    """Returns what nvidia-smi says of the GPU that `gpu` speaks of, or None.

    Args:
        about: the properties, by commas.
        format_: how it says them, beside CSV without a header.
    """
    form = ",".join(("csv", "noheader", *format_))
    query = ["nvidia-smi", f"--query-gpu={about}", f"--format={form}"]
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        first_visible = visible.partition(",")[0].strip()
        if not first_visible:
            return None
        query.append(f"--id={first_visible}")
    try:
        done = subprocess.run(
            query, capture_output=True, text=True, errors="replace", timeout=_ENOUGH_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return next(iter(done.stdout.splitlines()), None)


def library_version() -> str | None:
    """Returns the version of the library that ONNX Runtime would load, `101500` for 10.15.0."""
    try:
        return str(ctypes.CDLL(LIBRARY).getInferLibVersion())
    except (OSError, AttributeError):
        return None

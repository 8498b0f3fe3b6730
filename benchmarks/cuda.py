"""A training step of the paper's size on a CUDA device, and how much of the device it uses.

Beside it in the same run: the largest rate of products in bfloat16 that the device shows, and how
far features on the device are from the CPU's. Where there is no such device, nothing is measured.
"""

import time
from dataclasses import dataclass

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.augment import FRAMES, JOINTS, PERSONS, padded_clips
from benchmarks.train_step import TrainingStep
from model.network.config import EncoderConfig
from model.network.recogniser import encoder_of
from model.pose.tensorrt_here import ask_gpu

HIDDEN_SIZE, CLIPS = 1024, 384
"""Of the paper."""
STEPS, WARM_STEPS = 20, 3
PRODUCT = 8192
"""Rows and columns of the matrices whose product is the ceiling."""
TOLERANCE = 1e-3
"""Of features in float32 on the device from the CPU's, over their spread."""


@dataclass(frozen=True)
class DeviceUse:
    """What was found.

    Attributes:
        device: Its name.
        clips_per_second: Clips, of four views each, that a step takes in.
        ceiling_share: Arithmetic of a step's network in a second over that of large products in
            bfloat16, which nothing on this device exceeds by much.
        peak_gib: Most memory that tensors held at a time, in GiB.
        busy: Share of the time in which the device computed, as the driver says; NaN where it does
            not say it.
        deviation: Largest difference of features from the CPU's, over their spread.
    """

    device: str
    clips_per_second: float
    ceiling_share: float
    peak_gib: float
    busy: float
    deviation: float


def measure_device(
    device: str = "cuda",
    hidden_size: int = HIDDEN_SIZE,
    clips: int = CLIPS,
    product: int = PRODUCT,
    steps: int = STEPS,
) -> DeviceUse:
    """Measures steps of pretraining under bfloat16 autocast.

    Raises:
        ValueError: There is no such device here.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise ValueError("expected a CUDA device that torch can use, there is none here")
    step = TrainingStep(padded_clips(clips).to(torch.device(device)), hidden_size, True, device)
    with FlopCounterMode(display=False) as counter:
        step.run()
    for _ in range(WARM_STEPS):
        step.run()
    _finish(device)
    begun_s = time.perf_counter()
    for _ in range(steps):
        step.run()
    _finish(device)
    step_s = (time.perf_counter() - begun_s) / steps
    # The driver is asked while further steps are queued, for asking takes time of its own.
    for _ in range(steps):
        step.run()
    busy = _busy(device)
    _finish(device)
    ceiling = _ceiling(device, product)
    return DeviceUse(
        device=torch.cuda.get_device_name() if device == "cuda" else device,
        clips_per_second=clips / step_s,
        ceiling_share=counter.get_total_flops() / step_s / ceiling,
        peak_gib=torch.cuda.max_memory_allocated() / 2**30 if device == "cuda" else float("nan"),
        busy=busy,
        deviation=_deviation(device, hidden_size),
    )


def _ceiling(device: str, size: int) -> float:
    """Operations a second of the product of two matrices in bfloat16, the best of ten runs."""
    left, right = (torch.randn(size, size, device=device, dtype=torch.bfloat16) for _ in range(2))
    best_s = float("inf")
    for _ in range(10):
        _finish(device)
        begun_s = time.perf_counter()
        torch.mm(left, right)
        _finish(device)
        best_s = min(best_s, time.perf_counter() - begun_s)
    return 2 * size**3 / best_s


@torch.no_grad()
def _deviation(device: str, hidden_size: int) -> float:
    """How far the features of one encoder are on the device from its own on the CPU."""
    torch.manual_seed(0)
    config = EncoderConfig(
        "dste", joints=JOINTS, persons=PERSONS, frames=FRAMES, hidden_size=hidden_size
    )
    encoder = encoder_of(config).eval()
    clips = torch.randn(2, 3, FRAMES, JOINTS, PERSONS)
    ours = encoder(clips).temporal
    theirs = encoder.to(device)(clips.to(device)).temporal.cpu()
    return float((ours - theirs).abs().max() / ours.std())


def _busy(device: str) -> float:
    """What the driver says of the last moments, in which steps are still queued."""
    said = ask_gpu("utilization.gpu", "nounits") if device == "cuda" else None
    try:
        return float(said or "nan") / 100
    except ValueError:
        return float("nan")


def _finish(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()

"""The training step: what bfloat16 saves of a whole pretraining step, and the share of its views.

A step is all that pretraining does with a batch: four views of each clip, the network, the loss
over all views, gradients and AdamW. One network learns in float32, its twin under bfloat16
autocast; they take turns, so that a busy machine slows both.
"""

import time
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from benchmarks.augment import FRAMES, JOINTS, PERSONS, VIEWS, padded_clips
from model.network.config import EncoderConfig
from model.network.projectors import PretrainingNetwork
from model.network.recogniser import encoder_of
from training.clip_source import ClipBatch
from training.consistency import ViewNetwork
from training.mgfd import mgfd
from training.optimisation import Optimisation
from training.views import PAPER_VIEWS, several_views

HIDDEN_SIZE, CLIPS = 256, 32
LONGEST_S = 45.0
FEWEST_ROUNDS = 5


@dataclass(frozen=True)
class StepTimes:
    """How long a step takes; medians.

    Attributes:
        float32_ms: In float32.
        bf16_ms: Under bfloat16 autocast.
        views_ms: The views alone, which are float32 in both.
        speedup: How many times longer float32 takes, the median over rounds.
        views_share: Share of the bfloat16 step that the views take, the median over rounds.
        rounds: How many were measured.
    """

    float32_ms: float
    bf16_ms: float
    views_ms: float
    speedup: float
    views_share: float
    rounds: int


class TrainingStep:
    """A network that learns from one batch over and over, and how long each part takes."""

    def __init__(self, batch: ClipBatch, hidden_size: int, bf16: bool, device: str = "cpu") -> None:
        """Makes a DSTE of that size and its optimiser; twins begin with the same weights.

        Args:
            batch: Clips of V = 25 and M = 2, on the device.
            hidden_size: D.
            bf16: Whether the network runs under bfloat16 autocast.
            device: Where it learns.
        """
        torch.manual_seed(0)
        config = EncoderConfig(
            "dste", joints=JOINTS, persons=PERSONS, frames=FRAMES, hidden_size=hidden_size
        )
        network = PretrainingNetwork(encoder_of(config))
        self._network = ViewNetwork(network, "joint", ()).train().to(device)
        self._optimiser = Optimisation().optimiser(self._network)
        self._batch = batch
        self._bf16, self._device = bf16, device

    def run(self) -> tuple[float, float]:
        """Takes one step; returns the seconds of all of it, and of the views."""
        begun_s = time.perf_counter()
        clips, lengths = self._batch.clips, self._batch.lengths
        views = several_views(clips, lengths, FRAMES, PAPER_VIEWS, VIEWS)
        seen_s = time.perf_counter()
        loss = self._loss(views)
        self._optimiser.zero_grad()
        torch.autograd.backward(loss)
        self._optimiser.step()
        return time.perf_counter() - begun_s, seen_s - begun_s

    def weights(self) -> list[Tensor]:
        """What it has learnt so far."""
        return [weights.detach() for weights in self._network.parameters()]

    def _loss(self, views: Tensor) -> Tensor:
        with torch.autocast(self._device, dtype=torch.bfloat16, enabled=self._bf16):
            return mgfd(self._network(views)).total


def measure_step(
    hidden_size: int = HIDDEN_SIZE, clips: int = CLIPS, longest_s: float = LONGEST_S
) -> StepTimes:
    """Lets twins step in turns, for about so many seconds, but `FEWEST_ROUNDS` rounds at least."""
    batch = padded_clips(clips)
    twins = [TrainingStep(batch, hidden_size, bf16) for bf16 in (False, True)]
    for twin in twins:
        twin.run()
    rounds: list[list[float]] = []
    begun_s = time.perf_counter()
    while len(rounds) < FEWEST_ROUNDS or time.perf_counter() - begun_s < longest_s:
        (float32_s, _), (bf16_s, views_s) = (twin.run() for twin in twins)
        rounds.append([float32_s, bf16_s, views_s])
    float32, bf16, views = np.array(rounds).T
    return StepTimes(
        float32_ms=1000 * float(np.median(float32)),
        bf16_ms=1000 * float(np.median(bf16)),
        views_ms=1000 * float(np.median(views)),
        speedup=float(np.median(float32 / bf16)),
        views_share=float(np.median(views / bf16)),
        rounds=len(rounds),
    )

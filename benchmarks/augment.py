"""Augmentation: the views of a batch, batched as training makes them and clip by clip in NumPy.

`numpy_view` is what a worker of a data loader would do to one clip: the same draws, the same
arithmetic in float32, and vectorised within the clip. Both sides run on one thread, take the same
padded clips and give the same array of views; they take turns, so that a busy machine slows both.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.one_thread import one_thread
from training.clip_source import ClipBatch
from training.views import PAPER_VIEWS, ViewSettings, several_views

Floats = NDArray[np.float32]

VIEWS, CLIPS, JOINTS, PERSONS, FRAMES = 4, 128, 25, 2, 64
SHORTEST, LONGEST = 64, 300
ROUNDS = 25


@dataclass(frozen=True)
class Augmented:
    """How long all views of a batch take.

    Attributes:
        batched_ms: Batched, the median.
        numpy_ms: Clip by clip, the median.
        speedup: How many times longer clip by clip takes, the median over rounds.
    """

    batched_ms: float
    numpy_ms: float
    speedup: float

    @property
    def numpy_view_ms(self) -> float:
        """One view of one clip, clip by clip."""
        return self.numpy_ms / (VIEWS * CLIPS)


def measure_augmentation(rounds: int = ROUNDS) -> Augmented:
    """Makes `VIEWS` views of a batch of `CLIPS` clips both ways, in turns."""
    batch = padded_clips(CLIPS)
    draw = np.random.default_rng(0)
    clips, lengths = batch.clips.numpy(), batch.lengths.numpy()
    with one_thread():
        ours, theirs = in_turns(
            lambda: batched_views(batch, PAPER_VIEWS),
            lambda: numpy_views(clips, lengths, PAPER_VIEWS, draw),
            rounds,
        )
    return Augmented(
        batched_ms=1000 * float(np.median(ours)),
        numpy_ms=1000 * float(np.median(theirs)),
        speedup=float(np.median(theirs / ours)),
    )


def in_turns(
    first: Callable[[], object], second: Callable[[], object], rounds: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Runs two things alternately, once unmeasured each; the seconds that each took, a round."""
    seconds = np.empty((2, rounds))
    for round_ in range(-1, rounds):
        for row, run in enumerate((first, second)):
            begun_s = time.perf_counter()
            run()
            seconds[row, round_] = time.perf_counter() - begun_s
    return seconds[0], seconds[1]


def padded_clips(count: int) -> ClipBatch:
    """Clips of V = 25 and M = 2 with 64 to 300 frames of noise, padded to the longest."""
    draw = np.random.default_rng(1)
    lengths = draw.integers(SHORTEST, LONGEST, count, endpoint=True)
    clips = np.zeros((count, 3, int(lengths.max()), JOINTS, PERSONS), np.float32)
    for clip, length in zip(clips, lengths, strict=True):
        clip[:, :length] = draw.standard_normal((3, length, JOINTS, PERSONS))
    return ClipBatch(torch.from_numpy(clips), torch.from_numpy(lengths))


def batched_views(batch: ClipBatch, settings: ViewSettings) -> Tensor:
    """The views ``(W, B, 3, T, V, M)`` as training makes them."""
    return several_views(batch.clips, batch.lengths, FRAMES, settings, VIEWS)


def numpy_views(
    clips: Floats, lengths: NDArray[np.int64], settings: ViewSettings, draw: np.random.Generator
) -> Floats:
    """The views ``(W, B, 3, T, V, M)``, clip by clip."""
    views = np.empty((VIEWS, len(clips), 3, FRAMES, *clips.shape[3:]), np.float32)
    for view in views:
        for place, (clip, length) in enumerate(zip(clips, lengths.tolist(), strict=True)):
            view[place] = numpy_view(clip[:, :length], settings, draw)
    return views


def numpy_view(clip: Floats, settings: ViewSettings, draw: np.random.Generator) -> Floats:
    """One view ``(3, T, V, M)`` of a clip ``(3, F, V, M)``, by the paper's settings.

    A crop resized to T; then either joints that are zeroed or multiplied by one matrix, or a shear.
    """
    view = numpy_resized(numpy_crop(clip, settings, draw))
    if draw.random() >= settings.corrupted_share:
        shear = draw.uniform(-settings.shear, settings.shear, (3, 3)).astype(np.float32)
        np.fill_diagonal(shear, 1)
        view[:] = (shear @ view.reshape(3, -1)).reshape(view.shape)
        return view
    joints = view.shape[2]
    struck = draw.permutation(joints)[: round(settings.corrupted_joints * joints)]
    if draw.random() < settings.zeroed_share:
        view[:, :, struck] = 0
        return view
    matrix = draw.uniform(-1, 1, (3, 3)).astype(np.float32)
    chosen = view[:, :, struck]
    view[:, :, struck] = (matrix @ chosen.reshape(3, -1)).reshape(chosen.shape)
    return view


def numpy_crop(clip: Floats, settings: ViewSettings, draw: np.random.Generator) -> Floats:
    """A random span of a clip ``(3, F, V, M)``, a view of it."""
    length = clip.shape[1]
    ratio = draw.uniform(settings.shortest_crop, 1)
    kept = max(int(length * ratio), min(length, settings.crop_frames))
    start = int(draw.integers(length - kept, endpoint=True))
    return clip[:, start : start + kept]


def numpy_resized(span: Floats) -> Floats:
    """A span ``(3, F, V, M)`` resized linearly to T frames, with half-pixel centres."""
    length = span.shape[1]
    position = (np.arange(FRAMES) + 0.5) * (length / FRAMES) - 0.5
    position = position.clip(0, length - 1)
    before = position.astype(np.int64)
    after = np.minimum(before + 1, length - 1)
    weight = (position - before).astype(np.float32)[:, None, None]
    left, right = span[:, before], span[:, after]
    resized: Floats = left + (right - left) * weight
    return resized

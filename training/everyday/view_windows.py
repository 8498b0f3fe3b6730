"""View windows: the same moments of streams as several cameras see them, for pretraining.

Batches come in rounds: a few streams are seen by as many cameras as there are views, and windows
are drawn from these until the next round. No label is read.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from training.clip_source import ClipBatch
from training.consistency import MEASURED, Consistency
from training.everyday.footage import Footage
from training.everyday.stream_source import StreamSource
from training.optimisation import Optimisation
from training.read_ahead import ahead

APART_MS = 100.0
"""Views of one moment end in frames no farther from it than this, or another moment is drawn."""
ATTEMPTS = 20


@dataclass(frozen=True)
class Rounds:
    """How many streams are seen at a time, and what is drawn from them.

    Attributes:
        streams: Streams of a round.
        batches: Batches of a round.
        real_share: Share of the streams that are real ones, where there are any.
    """

    streams: int = 32
    batches: int = 12
    real_share: float = 0.1


class ViewWindows:
    """The pretraining task on streams: what `training.fit` learns."""

    def __init__(
        self,
        source: StreamSource,
        rounds: Rounds,
        views: int,
        optimisation: Optimisation,
        consistency: Consistency,
        device: torch.device,
    ) -> None:
        """Takes the streams that train.

        Args:
            source: Where they are seen.
            rounds: How they are drawn.
            views: W, by so many cameras each moment is seen.
            optimisation: Batches of an epoch, their size and the seed.
            consistency: The loss, of a clip a view.
            device: Where views are made.
        """
        self._source, self._rounds, self._views = source, rounds, views
        self._optimisation, self._consistency = optimisation, consistency
        self._device = device

    def batches(self, epoch: int) -> Iterator[ClipBatch]:
        """The batches of an epoch, of seed and epoch alone: W·B windows each, view by view."""
        for batch in ahead(self._read(epoch)):
            yield batch.to(self._device)

    def loss(self, network: nn.Module, batch: ClipBatch) -> torch.Tensor:
        """The loss of a batch, a scalar.

        Raises:
            CollapseError: It is no finite number.
        """
        return self._consistency.loss(network, batch)

    def validate(self, network: nn.Module) -> float | None:
        """Measures collapse; nothing chooses.

        Raises:
            CollapseError: The projections no longer tell windows apart.
        """
        self._consistency.check(network, self._measured())
        return None

    def _read(self, epoch: int) -> Iterator[ClipBatch]:
        """The batches of an epoch, not on the device yet; torch's generator is left alone."""
        optimisation, rounds = self._optimisation, self._rounds
        for number in range(optimisation.batches):
            if number % rounds.batches == 0:
                generator = np.random.default_rng([optimisation.seed, epoch, number])
                scenes = self._scenes(generator)
            yield self._drawn(scenes, optimisation.batch, generator)

    def _measured(self) -> ClipBatch:
        """The windows of which collapse is measured, the same ones each time."""
        generator = np.random.default_rng(self._optimisation.seed)
        return self._drawn(self._scenes(generator, 1), MEASURED, generator).to(self._device)

    def _scenes(
        self, generator: np.random.Generator, views: int | None = None
    ) -> list[list[Footage]]:
        """Streams, each as seen by as many cameras as there are views."""
        places = self._source.draw(self._rounds.streams, self._rounds.real_share, generator)
        return [
            [self._source.see(int(place), generator) for _ in range(views or self._views)]
            for place in places
        ]

    def _drawn(
        self, scenes: Sequence[Sequence[Footage]], count: int, generator: np.random.Generator
    ) -> ClipBatch:
        """So many moments, each in the windows of all its cameras."""
        windows: list[list[NDArray[np.float32]]] = []
        weights = np.array([len(scene[0].ends) for scene in scenes], np.float64)
        for place in generator.choice(len(scenes), count, p=weights / weights.sum()):
            windows.append(_moment(scenes[place], generator))
        by_view = [window for view in zip(*windows, strict=True) for window in view]
        clips = torch.from_numpy(self._source.normalised(by_view))
        return ClipBatch(clips, torch.full((len(clips),), clips.shape[2]))


def _moment(scene: Sequence[Footage], generator: np.random.Generator) -> list[NDArray[np.float32]]:
    """The windows ``(T, V, 1, 4)`` that end at a moment drawn at random, one for each camera.

    Where a camera loses the person about then another moment is drawn; the last one stands.
    """
    for _ in range(ATTEMPTS):
        moment_ms = scene[0].times_ms[generator.choice(scene[0].ends)]
        ends = [footage.end_near(float(moment_ms)) for footage in scene]
        ends_ms = [footage.times_ms[end] for footage, end in zip(scene, ends, strict=True)]
        if max(abs(end_ms - moment_ms) for end_ms in ends_ms) <= APART_MS:
            break
    return [footage.cut(end)[0] for footage, end in zip(scene, ends, strict=True)]

"""Label windows: the dense task on streams, a label for every frame of a window.

Batches come in rounds: a few streams are seen by a camera each, and windows are drawn from these
until the next round, each action alike. What `training.fit` learns; it knows no run.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from model.pose.store import LEFT_OUT
from model.pose.window import WindowSpec
from training.everyday.choosing import Choosing
from training.everyday.filmed import FilmedPeople
from training.everyday.footage import Footage
from training.everyday.stream_source import StreamSource
from training.frame_loss import frame_loss, position_weights
from training.optimisation import Optimisation
from training.read_ahead import ahead

BACKGROUND = 0
Batch = tuple[Tensor, Tensor]
"""Clips ``(B, 3, T, V, M)`` and labels ``(B, T)``."""


@dataclass(frozen=True)
class LabelRounds:
    """How many streams are seen at a time, and what is drawn from them.

    Attributes:
        streams: Streams of a round.
        filmed: Recordings of real videos of a round, beside these.
        batches: Batches of a round.
        real_share: Share of the streams that are real ones, where there are any.
        background_share: Share of the windows that end in background; the rest end in an action,
            each action of the round as often as any other.
        newcomer_share: Share of the windows whose past is missing up to a frame drawn at random, as
            when a person has just come into view.
    """

    streams: int = 32
    filmed: int = 4
    batches: int = 24
    real_share: float = 0.15
    background_share: float = 0.4
    newcomer_share: float = 0.15


@dataclass(frozen=True)
class FrameLoss:
    """How the positions of a window are weighed.

    Attributes:
        newest_share: What the newest position counts in the loss.
        smoothing: Of labels.
    """

    newest_share: float = 0.4
    smoothing: float = 0.05


class LabelWindows:
    """The frames of streams, to be labelled."""

    def __init__(
        self,
        source: StreamSource,
        filmed: FilmedPeople | None,
        choosing: Choosing,
        rounds: LabelRounds,
        optimisation: Optimisation,
        weighed: FrameLoss,
        timing: WindowSpec,
        device: torch.device,
    ) -> None:
        """Takes the streams that train and those that choose.

        Args:
            source: Where streams that train are seen, with their labels.
            filmed: Real videos that train; None for none.
            choosing: Those that choose.
            rounds: How windows are drawn.
            optimisation: Batches of an epoch, their size and the seed.
            weighed: How positions are weighed.
            timing: Of the windows.
            device: Where it is learnt.
        """
        self._source, self._filmed, self._timing = source, filmed, timing
        self._choosing, self._rounds = choosing, rounds
        self._optimisation, self._device = optimisation, device
        self._smoothing = weighed.smoothing
        self._weights = position_weights(timing.frames, weighed.newest_share).to(device)

    def batches(self, epoch: int) -> Iterator[Batch]:
        """The batches of an epoch, of seed and epoch alone."""
        for clips, labels in ahead(self._read(epoch)):
            yield clips.to(self._device), labels.to(self._device)

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """The loss of a batch, a scalar."""
        clips, labels = batch
        logits, _ = network(clips)
        return frame_loss(logits, labels, self._weights, self._smoothing)

    def validate(self, network: nn.Module) -> float | None:
        """Macro-F1 on the streams that choose, heard online, in per cent."""
        return self._choosing.evaluate(network).scores.macro_f1

    def _read(self, epoch: int) -> Iterator[Batch]:
        """The batches of an epoch, not on the device yet; torch's generator is left alone."""
        optimisation, rounds = self._optimisation, self._rounds
        for number in range(optimisation.batches):
            if number % rounds.batches == 0:
                generator = np.random.default_rng([optimisation.seed, epoch, number])
                places = self._source.draw(rounds.streams, rounds.real_share, generator)
                footage = [self._source.see(int(place), generator) for place in places]
                if self._filmed is not None:
                    filmed = (
                        self._filmed.see(self._timing, generator) for _ in range(rounds.filmed)
                    )
                    footage.extend(filmed)
                ends = ends_by_label(footage)
            yield self._drawn(footage, ends, generator)

    def _drawn(
        self,
        footage: Sequence[Footage],
        ends: dict[int, NDArray[np.int64]],
        generator: np.random.Generator,
    ) -> Batch:
        """A batch of windows of some streams."""
        windows, labels = [], []
        for _ in range(self._optimisation.batch):
            place, end = drawn_end(ends, self._rounds.background_share, generator)
            newcomer = generator.random() < self._rounds.newcomer_share
            window, shown = footage[place].cut(end, generator.random() if newcomer else 0.0)
            windows.append(window)
            labels.append(shown)
        clips = self._source.normalised(windows)
        return torch.from_numpy(clips), torch.from_numpy(np.stack(labels))


def ends_by_label(footage: Sequence[Footage]) -> dict[int, NDArray[np.int64]]:
    """Class → ``(N, 2)`` stream and frame of each window that can end in it."""
    joined = np.concatenate(
        [
            np.stack([np.full(len(seen.ends), place), seen.ends], axis=1)
            for place, seen in enumerate(footage)
        ]
    )
    labels = np.concatenate([seen.labels[seen.ends] for seen in footage])
    return {int(label): joined[labels == label] for label in np.unique(labels) if label != LEFT_OUT}


def drawn_end(
    ends: dict[int, NDArray[np.int64]], background_share: float, generator: np.random.Generator
) -> tuple[int, int]:
    """Draws where a window ends: background or not, then an action, then one of its frames.

    Args:
        ends: As `ends_by_label` has them, of one class at least.
        background_share: Share of background, where there is any and anything else.
        generator: What is random.
    """
    actions = [label for label in ends if label != BACKGROUND]
    label = BACKGROUND
    if actions and (BACKGROUND not in ends or generator.random() >= background_share):
        label = actions[generator.integers(len(actions))]
    place, frame = ends[label][generator.integers(len(ends[label]))]
    return int(place), int(frame)

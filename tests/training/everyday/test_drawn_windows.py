"""What is drawn for training on streams: one moment by each camera, and each frame's own label."""

from typing import Any, cast

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from model.pose.store import LEFT_OUT
from model.pose.window import WindowSpec
from training.consistency import Consistency, Perspective
from training.everyday.footage import Footage
from training.everyday.label_windows import FrameLoss, LabelRounds, LabelWindows
from training.everyday.stream_source import StreamSource
from training.everyday.view_windows import APART_MS, Rounds, ViewWindows
from training.frame_loss import frame_loss, position_weights
from training.optimisation import Optimisation

TIMING = WindowSpec(frames=24, rate_hz=20.0)
PLACES, FRAMES, CLASSES = 5, 400, 4
NOT_ASKED: Any = None
"""What is only looked at between epochs."""


class Told:
    """A source whose pictures say what they show: x is the time, y the label, z the stream."""

    def __init__(self, late_ms: float = 0.0) -> None:
        self._late_ms = late_ms

    def draw(
        self, count: int, real_share: float, generator: np.random.Generator
    ) -> NDArray[np.int64]:
        return np.arange(count) % PLACES

    def see(self, place: int, generator: np.random.Generator) -> Footage:
        late_ms = generator.uniform(0, self._late_ms)
        times_ms = np.arange(FRAMES, dtype=np.float64) * TIMING.step_ms + late_ms
        labels = np.repeat(np.array([0, 1, 0, 2, 0, 3, 0, 0], np.int16), FRAMES // 8)
        rows = np.ones((FRAMES, 1, 1, 4), np.float32)
        rows[:, 0, 0, 0], rows[:, 0, 0, 1], rows[:, 0, 0, 2] = times_ms, labels, place
        return Footage(times_ms, rows, labels, TIMING)

    def normalised(self, windows: list[NDArray[np.float32]]) -> NDArray[np.float32]:
        return np.stack(windows)[..., :3].transpose(0, 4, 1, 2, 3)


def test_a_batch_is_one_moment_by_each_camera_view_by_view() -> None:
    """Row v·B + b is moment b by camera v, to a tenth of a second; moments differ."""
    optimisation = Optimisation(batches=3, batch=16)
    consistency = Consistency(Perspective(), TIMING.frames, clip_a_view=True)
    source = cast(StreamSource, Told(late_ms=50))
    rounds = Rounds(PLACES, batches=2)
    task = ViewWindows(source, rounds, 4, optimisation, consistency, torch.device("cpu"))
    for batch in task.batches(0):
        shown = batch.clips[:, :, -1, 0, 0].reshape(4, 16, 3)
        ends_ms, places = shown[..., 0], shown[..., 2]
        assert (places == places[0]).all()
        assert ((ends_ms - ends_ms[0]).abs() <= APART_MS).all()
        assert ends_ms[0].std() > 1000
        assert len(set(places[0].tolist())) > 2


def task_of(rounds: LabelRounds, batch: int) -> LabelWindows:
    source, optimisation = cast(StreamSource, Told()), Optimisation(batches=2, batch=batch)
    loss, cpu = FrameLoss(newest_share=0.4, smoothing=0.05), torch.device("cpu")
    return LabelWindows(source, None, NOT_ASKED, rounds, optimisation, loss, TIMING, cpu)


def test_each_position_of_a_drawn_window_has_the_label_that_it_shows() -> None:
    """What a picture shows is its label, position by position; what is missing counts nothing."""
    for clips, labels in task_of(LabelRounds(PLACES, newcomer_share=0.5), 64).batches(0):
        shown = labels != LEFT_OUT
        assert (labels[shown] == clips[:, 1, :, 0, 0][shown]).all()
        assert (clips[:, 0, :, 0, 0][~shown] == 0).all()
        assert (labels[:, :-1] != labels[:, 1:]).any()


def test_windows_are_drawn_by_the_shares_that_were_asked_for() -> None:
    """Two in five end in background, the rest in each action alike; some are of newcomers."""
    rounds = LabelRounds(PLACES, background_share=0.4, newcomer_share=0.2)
    batches = list(task_of(rounds, 1000).batches(0))
    labels = torch.cat([labels for _, labels in batches])
    shares = torch.bincount(labels[:, -1], minlength=CLASSES) / len(labels)
    assert shares.tolist() == pytest.approx([0.4, 0.2, 0.2, 0.2], abs=0.04)
    assert (labels[:, 0] == LEFT_OUT).float().mean().item() == pytest.approx(0.2, abs=0.06)


def test_the_loss_of_label_windows_is_the_frame_loss_as_asked() -> None:
    """The newest position's share and the smoothing are those of the recipe."""

    class Fixed(nn.Module):
        def forward(self, clips: torch.Tensor) -> tuple[torch.Tensor, None]:
            return logits, None

    task = task_of(LabelRounds(PLACES), 8)
    batch = next(iter(task.batches(0)))
    logits = torch.randn(8, TIMING.frames, CLASSES)
    expected = frame_loss(logits, batch[1], position_weights(TIMING.frames, 0.4), 0.05)
    assert task.loss(Fixed(), batch).item() == pytest.approx(expected.item())

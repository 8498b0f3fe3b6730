"""The benchmarks of training compare the same work."""

import numpy as np
import pytest
import torch

from benchmarks.__main__ import main
from benchmarks.augment import (
    FRAMES,
    VIEWS,
    batched_views,
    in_turns,
    measure_augmentation,
    numpy_resized,
    numpy_view,
    numpy_views,
    padded_clips,
)
from benchmarks.train_step import TrainingStep, measure_step
from training.views import PAPER_VIEWS, ViewSettings, resized


def test_both_sides_give_the_same_views_where_nothing_is_random() -> None:
    """Whole clips, no shear, no corruption: equal arrays, of one shape and precision."""
    batch = padded_clips(5)
    unchanged = ViewSettings(shortest_crop=1.0, corrupted_share=0.0, shear=0.0)
    ours = batched_views(batch, unchanged).numpy()
    draw = np.random.default_rng(0)
    theirs = numpy_views(batch.clips.numpy(), batch.lengths.numpy(), unchanged, draw)

    assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)
    assert ours.shape == (VIEWS, 5, 3, FRAMES, 25, 2)
    np.testing.assert_allclose(ours, theirs, atol=1e-4)


def test_the_reference_resizes_as_training_does() -> None:
    """A span of any length, to rounding."""
    batch = padded_clips(1)
    for length in (1, 2, 63, 64, int(batch.lengths[0])):
        starts, lengths = torch.tensor([0]), torch.tensor([length])
        expected = resized(batch.clips, starts, lengths, FRAMES)[0].numpy()
        found = numpy_resized(batch.clips[0, :, :length].numpy())
        np.testing.assert_allclose(found, expected, atol=1e-4)


def test_the_reference_draws_what_the_paper_draws() -> None:
    """Half of the views sheared, a quarter with 15 joints zeroed, a quarter with 15 mapped."""
    draw = np.random.default_rng(0)
    clip = np.ones((3, FRAMES, 25, 2), np.float32)
    zeroed = mapped = 0
    for _ in range(400):
        view = numpy_view(clip, PAPER_VIEWS, draw)
        changed = (view != 1).any(axis=(0, 1, 3)).sum()
        assert changed in (15, 25)
        if changed == 15:
            zeroed += bool((view == 0).any())
            mapped += not (view == 0).any()
    assert 70 < zeroed < 130
    assert 70 < mapped < 130


def test_turns_alternate_and_are_timed_apart() -> None:
    """Each runs once unmeasured, then once a round, the first one first."""
    ran: list[str] = []
    ours, theirs = in_turns(lambda: ran.append("a"), lambda: ran.append("b"), 3)
    assert "".join(ran) == "abababab"
    assert (len(ours), len(theirs)) == (3, 3)
    assert (ours > 0).all()


def test_measured_times_hold_together() -> None:
    """Short runs give ratios of the times that they give; the threads are put back."""
    threads = torch.get_num_threads()
    found = measure_augmentation(rounds=1)
    assert found.speedup == pytest.approx(found.numpy_ms / found.batched_ms)
    assert torch.get_num_threads() == threads

    step = measure_step(hidden_size=16, clips=4, longest_s=0)
    assert step.rounds == 5
    assert 0 < step.views_ms < step.bf16_ms
    assert 0 < step.views_share < 1


def test_the_twins_learn_from_the_same_weights() -> None:
    """They differ in precision alone: one step takes both to nearly the same place."""
    batch = padded_clips(4)
    twins = [TrainingStep(batch, 16, bf16) for bf16 in (False, True)]
    before = [torch.cat([w.flatten() for w in twin.weights()]) for twin in twins]
    assert torch.equal(*before)
    for twin in twins:
        twin.run()
    after = [torch.cat([w.flatten() for w in twin.weights()]) for twin in twins]
    assert not torch.equal(after[0], before[0])
    assert (after[0] - after[1]).abs().max() < 0.01


def test_the_command_prints_figures_with_their_conditions(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`augment` is a measurement like the others; beside the ratio stands what was compared."""
    assert main(["augment"]) == 0
    printed = capsys.readouterr().out
    assert "bench.augment.speedup" in printed
    assert "ms a view" in printed

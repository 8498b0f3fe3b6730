"""The loss of a dense head, against its definition written out."""

import math

import pytest
import torch

from training.frame_loss import frame_loss, position_weights


def test_the_loss_is_the_weighted_mean_over_labelled_positions() -> None:
    """Position by position: weight times minus log-probability, over the weights that counted."""
    torch.manual_seed(0)
    logits, labels = torch.randn(2, 4, 3), torch.tensor([[0, -1, 2, 1], [1, 1, -1, -1]])
    weights = position_weights(4, newest_share=0.4)
    total = counted = 0.0
    for clip in range(2):
        for place in range(4):
            label = int(labels[clip, place])
            if label >= 0:
                chance = logits[clip, place].softmax(0)[label].item()
                total -= weights[place].item() * math.log(chance)
                counted += weights[place].item()

    assert weights.tolist() == pytest.approx([0.2, 0.2, 0.2, 0.4])
    assert frame_loss(logits, labels, weights).item() == pytest.approx(total / counted, rel=1e-5)


def test_nothing_labelled_is_no_loss() -> None:
    """A batch of gaps gives 0, not NaN, and no gradient that is not finite."""
    logits = torch.randn(1, 4, 3, requires_grad=True)
    loss = frame_loss(logits, torch.full((1, 4), -1), position_weights(4, 0.5))
    (gradient,) = torch.autograd.grad(loss, logits)

    assert loss.item() == 0
    assert gradient.isfinite().all()

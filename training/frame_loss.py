"""The loss of a dense head: cross-entropy over the positions of a window, most on the newest."""

import torch
from torch import Tensor
from torch.nn import functional

from model.pose.store import LEFT_OUT


def position_weights(frames: int, newest_share: float) -> Tensor:
    """How much each position of a window counts, ``(T,)``, in all 1.

    Online and without look-ahead only the newest position is ever read, and only there does a
    network see no future; the others teach it what the window holds.

    Args:
        frames: T.
        newest_share: What the newest position counts; the others share the rest equally.
    """
    weights = torch.full((frames,), (1 - newest_share) / (frames - 1))
    weights[-1] = newest_share
    return weights


def frame_loss(logits: Tensor, labels: Tensor, weights: Tensor, smoothing: float = 0.0) -> Tensor:
    """Cross-entropy of each position, averaged by weight over positions that have a label.

    Args:
        logits: ``(B, T, K)``.
        labels: ``(B, T)``, ``LEFT_OUT`` where a position counts nothing.
        weights: ``(T,)``.
        smoothing: Share of the target that is spread over all classes.

    Returns:
        A scalar; 0 where no position has a label.
    """
    losses = functional.cross_entropy(
        logits.flatten(0, 1).float(),
        labels.flatten(),
        ignore_index=LEFT_OUT,
        reduction="none",
        label_smoothing=smoothing,
    ).reshape(labels.shape)
    counted = (labels != LEFT_OUT) * weights
    return (losses * counted).sum() / counted.sum().clamp_min(1e-9)

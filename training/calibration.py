"""Temperature scaling: one number that makes scores mean what they say.

Guo, Pleiss, Sun, Weinberger: On Calibration of Modern Neural Networks, ICML 2017, section 4.2.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.pose.decision import probabilities
from model.pose.store import LEFT_OUT

TEMPERATURES = np.geomspace(0.25, 4.0, 161)
"""Tried one after another: the likelihood has one peak, and two decimals are enough."""


def fit_temperature(
    logits: NDArray[np.floating[Any]], truth: NDArray[np.integer[Any]], smoothing: float = 0.0
) -> float:
    """The temperature under which the true classes are most likely.

    Args:
        logits: ``(N, K)``.
        truth: ``(N,)``; ``LEFT_OUT`` counts nothing.
        smoothing: Of the labels that the logits were trained with. Such logits never grow sure:
            fitted to labels without it, all of them would be sharpened for the sake of the surest.

    Raises:
        ValueError: Where no frame counts.
    """
    counted = truth != LEFT_OUT
    if not counted.any():
        raise ValueError("a temperature is fitted to frames that have a class, got none")
    losses = [_loss(logits[counted], truth[counted], float(t), smoothing) for t in TEMPERATURES]
    return round(float(TEMPERATURES[int(np.argmin(losses))]), 4)


def _loss(
    logits: NDArray[np.floating[Any]],
    truth: NDArray[np.integer[Any]],
    temperature: float,
    smoothing: float,
) -> float:
    """Mean cross-entropy with smoothed labels."""
    logarithms = np.log(np.maximum(probabilities(logits, temperature), 1e-12))
    true = logarithms[np.arange(len(truth)), truth]
    return float(-((1 - smoothing) * true + smoothing * logarithms.mean(axis=1)).mean())

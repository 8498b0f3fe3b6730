"""Temperature scaling finds the temperature that logits were made with."""

import numpy as np
import pytest

from training.calibration import fit_temperature


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_of_made_up_logits_is_found(temperature: float) -> None:
    """Classes drawn from softmax(logits), logits then scaled: the scale is what is found."""
    draw = np.random.default_rng(0)
    logits = draw.normal(scale=2, size=(20_000, 4))
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = (chances.cumsum(axis=1) > draw.random((20_000, 1))).argmax(axis=1)
    truth[:100] = -1

    assert fit_temperature(logits * temperature, truth) == pytest.approx(temperature, rel=0.05)


def test_logits_of_smoothed_labels_are_not_sharpened() -> None:
    """What was trained to be 5 % unsure and is, is calibrated; without smoothing it is not."""
    draw = np.random.default_rng(0)
    truth = draw.integers(10, size=5_000)
    targets = np.full((5_000, 10), 0.005)
    targets[np.arange(5_000), truth] += 0.95
    logits = np.log(targets)

    assert fit_temperature(logits, truth, smoothing=0.05) == pytest.approx(1.0, abs=0.02)
    assert fit_temperature(logits, truth) < 0.5

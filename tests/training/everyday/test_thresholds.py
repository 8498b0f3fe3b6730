"""Thresholds keep false alarms to what is allowed, and no action spends them alone."""

import numpy as np
import pytest

from training.everyday.thresholds import Said, alarms_of, at_temperature, fit_thresholds
from training.online import FrameLabel

NAMES = ("background", "wave", "kick")


def said(scores: list[tuple[str, float]]) -> Said:
    """A minute of background at 10 frames a second; every 2 s an action is said for 1 s."""
    times_ms = np.arange(0, 60_000, 100, dtype=np.float64)
    labels = []
    for frame, time_ms in enumerate(times_ms.tolist()):
        place, phase = divmod(frame, 20)
        name, score = scores[place % len(scores)] if phase < 10 else ("background", 0.9)
        labels.append(FrameLabel(time_ms, name, score, ((name, score),)))
    return Said(times_ms, np.zeros(600, np.int16), labels, times_ms)


def test_what_is_allowed_is_kept_at_the_least_threshold() -> None:
    """Waves are said of background at 0.6, kicks at 0.3: each starts nothing just above its score.

    Their frames keep their label: no frame is named rightly, so that none is given up.
    """
    heard = [said([("wave", 0.6), ("kick", 0.3)])]
    calibration = fit_thresholds(heard, NAMES, 1.5, alarms_per_minute=0.5)
    assert (calibration.temperature, calibration.unknown_threshold) == (1.5, 0)
    assert 0.6 < calibration.start_thresholds["wave"] <= 0.65
    assert 0.3 < calibration.start_thresholds["kick"] <= 0.65
    assert alarms_of(heard, NAMES, calibration).per_minute == 0
    freely = fit_thresholds(heard, NAMES, 1.5, alarms_per_minute=1000)
    assert freely.start_thresholds == {}


def test_one_bad_action_does_not_silence_the_others() -> None:
    """Of many false waves and few false kicks, waves alone need more; kicks start at once."""
    heard = [said([("wave", 0.8)] * 29 + [("kick", 0.4)])]
    calibration = fit_thresholds(heard, NAMES, 1.0, alarms_per_minute=3.5)
    assert calibration.start_thresholds == {"wave": pytest.approx(0.81)}
    assert alarms_of(heard, NAMES, calibration).per_minute == pytest.approx(1, rel=0.01)


def test_a_twentieth_of_what_is_right_is_given_up_as_unknown() -> None:
    """Of waves that are named rightly at 0.30, 0.31 … 0.89 the lowest two are under 0.32."""
    quiet = said([("background", 0.9)])
    scores = 0.3 + np.arange(60) / 100
    labels = [
        FrameLabel(label.t_ms, "wave", float(score), (("wave", float(score)),))
        for label, score in zip(quiet.labels, scores, strict=False)
    ]
    truth = quiet.truth.copy()
    truth[:60] = 1
    heard = Said(quiet.times_ms, truth, [*labels, *quiet.labels[60:]], quiet.answered_ms)
    calibration = fit_thresholds([heard], NAMES, 1.0, alarms_per_minute=0.5)
    assert calibration.unknown_threshold == pytest.approx(0.32)


def test_without_background_there_is_nothing_to_fit() -> None:
    """It says so in a sentence."""
    quiet = said([("wave", 0.5)])
    busy = Said(quiet.times_ms, np.ones(600, np.int16), quiet.labels, quiet.answered_ms)
    with pytest.raises(ValueError, match="on background, there is none"):
        fit_thresholds([busy], NAMES, 1.0, 0.5)


def test_scores_at_another_temperature_are_those_of_the_network() -> None:
    """Softmax of logits over the temperature, by hand; a warming frame stays as it is."""
    logits = np.array([2.0, 1.0, -1.0])
    plain = np.exp(logits) / np.exp(logits).sum()
    top = tuple(zip(NAMES, plain.tolist(), strict=True))
    warmer = at_temperature(FrameLabel(0.0, "background", top[0][1], top), 2.0)
    expected = np.exp(logits / 2) / np.exp(logits / 2).sum()
    np.testing.assert_allclose([score for _, score in warmer.top], expected)
    assert warmer.score == pytest.approx(expected[0])
    warming = FrameLabel(0.0, "warming", 0.0)
    assert at_temperature(warming, 2.0) is warming

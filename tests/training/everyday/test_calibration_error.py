"""Calibration and the unknown decision, by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.pose.decision import probabilities
from model.pose.store import LEFT_OUT
from training.everyday.calibration_error import (
    at_temperature_one,
    expected_calibration_error,
    scored_frames,
    unknown_decision,
)
from training.everyday.hearing import UNKNOWN, Heard

# Scores 0.9 0.9 | 0.6 0.6 0.6, of which 1 | 2 are right: two bins of fifteen.
SCORES = np.array([[0.1, 0.9], [0.1, 0.9], [0.6, 0.4], [0.6, 0.4], [0.6, 0.4]])
CLASSES = np.array([1, 0, 0, 0, 1])


def heard(truth: list[int], scores: list[tuple[float, float, float]], threshold: float) -> Heard:
    """Frames of which so much was said, at a threshold of the unknown."""
    rows = np.array(scores, np.float32)
    classes = rows.argmax(axis=1)
    known = np.asarray((classes == 0) | (rows.max(axis=1) >= threshold))
    return Heard(
        "made/up",
        np.arange(len(truth), dtype=np.float64) * 50,
        np.array(truth, np.int16),
        np.where(known, classes, 0),
        rows,
        np.asarray(rows.max(axis=1) > 0),
        known,
        (),
    )


def test_the_error_is_that_of_the_bins() -> None:
    """2/5 · |0.9 - 1/2| + 3/5 · |0.6 - 2/3|, in per cent."""
    expected = 100 * (2 / 5 * 0.4 + 3 / 5 * (2 / 3 - 0.6))
    assert expected_calibration_error(SCORES, CLASSES) == pytest.approx(expected)


def test_what_is_sure_and_right_has_no_error() -> None:
    """Scores of 1 belong to the last bin."""
    assert expected_calibration_error(np.eye(3), np.arange(3)) == 0
    assert expected_calibration_error(np.eye(3), np.array([1, 2, 0])) == 100


@given(st.floats(0.5, 3), st.integers(0, 2**31))
def test_a_temperature_can_be_taken_back(temperature: float, seed: int) -> None:
    """What comes out is what the same logits give without it."""
    logits = np.random.default_rng(seed).normal(scale=2, size=(5, 4)).astype(np.float32)
    after = probabilities(logits, temperature)
    np.testing.assert_allclose(
        at_temperature_one(after, temperature), probabilities(logits, 1.0), atol=1e-6
    )


def test_only_frames_with_class_and_score_are_scored() -> None:
    """Neither what is left out or unknown nor what was said while warming."""
    sure = (0.1, 0.8, 0.1)
    found = heard([1, LEFT_OUT, UNKNOWN, 0, 2], [sure, sure, sure, (0, 0, 0), sure], 0.5)
    rows, truth = scored_frames([found])
    assert truth.tolist() == [1, 2]
    assert rows.shape == (2, 3)


def test_the_unknown_decision_by_hand() -> None:
    """Of four unknown frames three are said to be none, of four known ones one is lost."""
    truth = [UNKNOWN] * 4 + [1, 1, 2, 2] + [0, LEFT_OUT]
    unsure, sure, nothing = (0.2, 0.4, 0.4), (0.1, 0.9, 0.0), (0.8, 0.1, 0.1)
    scores = [unsure, unsure, nothing, sure, sure, sure, unsure, sure, nothing, sure]
    decision = unknown_decision([heard(truth, scores, 0.5)])
    assert decision is not None
    assert (decision.rejected, decision.lost) == (75, 25)
    # Of 16 pairs: each of three known frames of 0.9 is above three of the unknown and equals one,
    # the one of 0.4 is above one and equals two.
    assert decision.auroc == pytest.approx(100 * (3 * 3.5 + 2.0) / 16)
    assert unknown_decision([heard([1, 0], [sure, nothing], 0.5)]) is None

"""The decision: calibrated probabilities, what is known, and the order of what is listed."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.pose.artifact import Calibration
from model.pose.decision import STILL_WARMING, UNWATCHED, Decision, decisions, probabilities

LABELS = ("background", "wave", "sit", "jump")


def decide(
    logits: np.ndarray[tuple[int], np.dtype[np.float32]],
    labels: tuple[str, ...],
    calibration: Calibration,
    top_k: int = 1,
) -> Decision:
    """The decision on one frame, made beside another that has nothing to do with it."""
    pair = np.stack((logits, np.arange(len(logits), dtype=np.float32)))
    return decisions(pair, labels, calibration, top_k)[0]


def _logits(*shares: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Logits whose softmax is these probabilities."""
    return np.log(np.array(shares, np.float32))


@given(
    logits=st.lists(st.floats(-80, 80, width=32), min_size=2, max_size=6),
    temperature=st.floats(0.2, 10),
)
def test_scores_are_the_softmax_of_logits_over_the_temperature(
    logits: list[float], temperature: float
) -> None:
    """By the definition, term by term; they sum to one and no size of logits overflows."""
    scores = probabilities(np.array([logits], np.float32), temperature)[0]
    powers = [math.exp(logit / temperature) for logit in logits]
    assert scores == pytest.approx([power / sum(powers) for power in powers], abs=1e-9)
    huge = probabilities(np.array(logits, np.float32) * np.float32(1e30), temperature)
    assert huge.sum() == pytest.approx(1)


def test_a_higher_temperature_is_less_sure_of_the_same_label() -> None:
    """Logits log 8 and 0 are 8:1 at temperature 1 and 2:1 at temperature 3."""
    logits = np.array([0, math.log(8), -90, -90], np.float32)
    sure = decide(logits, LABELS, Calibration())
    unsure = decide(logits, LABELS, Calibration(temperature=3))
    assert (sure.label, unsure.label) == ("wave", "wave")
    assert (sure.score, unsure.score) == pytest.approx((8 / 9, 2 / 3))


@pytest.mark.parametrize(
    ("shares", "label", "known"),
    [
        ((0.1, 0.7, 0.1, 0.1), "wave", True),
        ((0.1, 0.5, 0.2, 0.2), "wave", False),
        ((0.2, 0.1, 0.5, 0.2), "sit", True),
        ((0.3, 0.1, 0.35, 0.25), "sit", False),
        ((0.3, 0.25, 0.2, 0.25), "background", True),
    ],
)
def test_what_is_below_its_threshold_is_unknown(
    shares: tuple[float, ...], label: str, known: bool
) -> None:
    """A label's own threshold counts, else the common one; unknown keeps the best class as label.

    Background is always known: it says that nothing known happens.
    """
    calibration = Calibration(thresholds={"wave": 0.6, "background": 0.99}, unknown_threshold=0.4)
    decision = decide(_logits(*shares), LABELS, calibration)
    assert (decision.label, decision.known) == (label, known)
    assert decision.score == pytest.approx(max(shares))


def test_a_score_at_its_threshold_is_known() -> None:
    """The threshold is what must be reached, not passed."""
    logits = np.zeros(2, np.float32)
    assert decide(logits, ("a", "b"), Calibration(thresholds={"a": 0.5})).known
    assert not decide(logits, ("a", "b"), Calibration(thresholds={"a": 0.5000001})).known


@given(
    halves=st.lists(st.integers(-3, 3), min_size=4, max_size=4),
    top_k=st.integers(1, 6),
)
def test_the_list_runs_from_the_most_probable_and_ties_keep_the_models_order(
    halves: list[int], top_k: int
) -> None:
    """As many as were asked for and there are, the first being the label itself."""
    decision = decide(np.array(halves, np.float32), LABELS, Calibration(), top_k)
    order = sorted(range(4), key=lambda index: (-halves[index], index))
    assert [label for label, _ in decision.top] == [LABELS[index] for index in order][:top_k]
    scores = [score for _, score in decision.top]
    assert scores == sorted(scores, reverse=True)
    assert (decision.label, decision.score) == decision.top[0]


def test_who_is_not_looked_at_is_not_known() -> None:
    """Warming and unwatched are said without a score and without alternatives."""
    assert (STILL_WARMING.label, UNWATCHED.label) == ("warming", "background")
    for said in (STILL_WARMING, UNWATCHED):
        assert (said.score, said.known, said.top) == (0.0, False, ())

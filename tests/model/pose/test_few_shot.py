"""Few-shot actions: an example claims what is like it, and nothing that was shown beside it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from model.pose.decision import Decision
from model.pose.few_shot import (
    EARLY_SHARE,
    RIVALS,
    Example,
    Features,
    Likeness,
    decide_together,
    example_of,
    likeness,
)

WIDTH = 24
RANDOM = np.random.default_rng(5)
BOW, LUNGE = RANDOM.normal(size=(2, WIDTH)).astype(np.float32)
LUNGE = 0.8 * BOW + 0.6 * LUNGE
"""Much like a bow, but for what is its own."""


def moving(frames: int, seed: int, towards: Features | None = None) -> Features:
    """Features of motion that goes about a direction, or about nothing."""
    noise = np.random.default_rng(seed).normal(0, 0.5, (frames, WIDTH))
    return (noise + (0 if towards is None else 4 * towards)).astype(np.float32)


def similarities(example: Example, shown: Features) -> NDArray[np.float64]:
    """How much like an example each of some features is."""
    return np.array([example.similarity(each) for each in shown])


def test_what_looks_alike_is_told_apart_once_it_was_shown() -> None:
    """A lunge that was among the other motion is none of a bow's, in frames not seen before.

    Without rivals half of its frames are claimed: hardly a lunge was shown, so that the threshold
    does not see it. The bows that are claimed are the same.
    """
    others = np.concatenate([moving(800, 1), moving(8, 2, LUNGE)])
    example = example_of(moving(40, 3, BOW), others)
    bows, lunges = (
        similarities(example, moving(200, 4, BOW)),
        similarities(example, moving(200, 5, LUNGE)),
    )
    assert (bows >= 0).mean() > 0.95
    assert (lunges >= 0).mean() < 0.02
    alone = type(example)(
        example.vectors, example.mean, example.scale, example.threshold, example.rivals[:0]
    )
    assert (similarities(alone, moving(200, 5, LUNGE)) >= 0).mean() > 0.3
    np.testing.assert_array_equal(similarities(alone, moving(200, 4, BOW)) >= 0, bows >= 0)


@given(st.integers(0, 1000), st.integers(30, 200))
def test_no_rival_is_ever_claimed(seed: int, others: int) -> None:
    """Whatever was shown, the nearest frames of other motion keep what they were called."""
    shown = moving(others, seed)
    example = example_of(moving(40, seed + 1, BOW), shown)
    assert len(example.rivals) == min(RIVALS, others)
    assert (np.sort(similarities(example, shown))[-RIVALS:] < 0).all()


def test_a_score_is_the_threshold_s_alone() -> None:
    """Rivals refuse frames; to those that are left they give and take nothing."""
    example = example_of(moving(40, 1, BOW), moving(100, 2))
    shown = moving(50, 3, BOW)
    units = (shown - example.mean) / example.scale
    units /= np.linalg.norm(units, axis=1, keepdims=True)
    cosines = (units @ example.vectors.T).max(axis=1)
    expected = (cosines - example.threshold) / (1 - example.threshold)
    assert similarities(example, shown) == pytest.approx(expected, abs=1e-5)


def of(direction: int) -> Example:
    """An example of one direction, from a cosine of a half on."""
    axes = np.eye(WIDTH, dtype=np.float32)
    return Example(axes[[direction]], 0 * axes[0], 1 + 0 * axes[0], 0.5, axes[:0])


def test_a_frame_is_the_action_of_the_example_that_it_is_most_like() -> None:
    """Of all examples of all actions, though another claims it too; what none claims is none's."""
    actions = (("bow", (of(0), of(1))), ("nod", (of(2), of(3))))
    axes = np.eye(WIDTH, dtype=np.float32)
    for direction, label in enumerate(("bow", "bow", "nod", "nod")):
        found = likeness(axes[direction] + 0.8 * axes[(direction + 2) % 4], actions)
        assert found is not None
        assert found.label == label
        assert found.score == pytest.approx(0.5 + (1 / 1.64**0.5 - 0.5))
    assert likeness(axes[7], actions) is None


def test_what_a_taught_action_leaves_is_shared_as_before() -> None:
    """The list keeps its length, and adds up where it is whole."""
    own = Decision("sit", 0.6, True, (("sit", 0.6), ("background", 0.3), ("wave", 0.1)))
    said = decide_together(own, Likeness("bow", 0.75))
    assert (said.label, said.score, said.known) == ("bow", 0.75, True)
    assert [label for label, _ in said.top] == ["bow", "sit", "background"]
    assert [score for _, score in said.top] == pytest.approx([0.75, 0.15, 0.075])
    assert decide_together(own, None) is own


def test_the_beginning_of_a_span_is_not_learnt() -> None:
    """Its windows still hold what came before: that is none of the action."""
    early = round(40 * EARLY_SHARE)
    span = np.concatenate([moving(early, 1, -BOW), moving(40 - early, 2, BOW)])
    example = example_of(span, moving(300, 3))
    assert (similarities(example, moving(100, 4, -BOW)) < 0).all()

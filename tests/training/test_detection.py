"""Temporal detection: mean average precision by hand, and by a second, plain implementation."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.pose.metrics import Segment
from training.average_precision import (
    Proposal,
    Recording,
    average_precision,
    hits,
    mean_over_actions,
    mean_over_recordings,
    precision_recall,
    ranking,
    tiou,
)
from training.detection import TIOUS, class_curves, detected, proposals, score_detection

# Two recordings, classes 1 and 2, matched at tIoU 0.5 by hand:
#   first:  truth 1 [0, 10), 1 [20, 30), 2 [40, 50)
#     1 [0, 8)    0.9  overlaps 8 of 10: 0.8                        hit
#     1 [1, 10)   0.8  9 of 10, but [0, 10) is taken                miss
#     1 [24, 34)  0.6  shares 6 of 14: 0.43                         miss
#     2 [40, 50)  0.5  1.0                                          hit
#   second: truth 1 [0, 4)
#     1 [0, 4)    0.7  1.0                                          hit
#     2 [0, 4)    0.95 no truth of its class there                  miss
FIRST = Recording(
    (
        Proposal(1, 0, 8, 0.9),
        Proposal(1, 1, 10, 0.8),
        Proposal(1, 24, 34, 0.6),
        Proposal(2, 40, 50, 0.5),
    ),
    (Segment(1, 0, 10), Segment(1, 20, 30), Segment(2, 40, 50)),
)
SECOND = Recording((Proposal(1, 0, 4, 0.7), Proposal(2, 0, 4, 0.95)), (Segment(1, 0, 4),))


def test_mean_average_precision_is_what_a_hand_computes() -> None:
    """The list above, worked out on paper.

    Class 1, both recordings, 3 truths: hit 0.9, miss 0.8, hit 0.7, miss 0.6. Recall 1/3 at
    precision 1, recall 2/3 at precision 2/3; 1/3 · 1 + 1/3 · 2/3 = 5/9.
    Class 2, 1 truth: miss 0.95, hit 0.5: recall 1 at precision 1/2. mAP_a = (5/9 + 1/2) / 2.
    First recording, 3 truths: hit, miss, miss, hit: 1/3 · 1 + 1/3 · 2/4 = 1/2. Second, 1 truth:
    miss, hit: 1/2. mAP_v = 1/2.
    """
    both = [FIRST, SECOND]

    assert hits(FIRST, 0.5) == [True, False, False, True]
    assert hits(SECOND, 0.5) == [True, False]
    assert average_precision(ranking(both, 0.5, 1)) == pytest.approx(100 * 5 / 9)
    assert average_precision(ranking(both, 0.5, 2)) == pytest.approx(50)
    assert mean_over_actions(both, 0.5) == pytest.approx(100 * (5 / 9 + 1 / 2) / 2)
    assert mean_over_recordings(both, 0.5) == pytest.approx(50)


def test_precision_is_interpolated_from_higher_recalls() -> None:
    """Miss, hit, hit of 2 truths: precision 1/2 then 2/3, and 2/3 counts at both: 2/3 in all."""
    recording = Recording(
        (Proposal(1, 90, 99, 0.9), Proposal(1, 0, 5, 0.8), Proposal(1, 10, 15, 0.7)),
        (Segment(1, 0, 5), Segment(1, 10, 15)),
    )
    curve = precision_recall(ranking([recording], 0.5))

    assert curve.recall.tolist() == [0, 0.5, 1]
    assert curve.precision.tolist() == pytest.approx([0, 1 / 2, 2 / 3])
    assert mean_over_actions([recording], 0.5) == pytest.approx(100 * 2 / 3)


def test_a_second_proposal_may_take_the_next_truth_but_not_the_same() -> None:
    """Of two truths that a proposal reaches it takes the larger overlap that is still free."""
    truth = (Segment(1, 0, 10), Segment(1, 2, 10))
    one, two, three = (Proposal(1, 0, 10, score) for score in (0.9, 0.8, 0.7))

    assert hits(Recording((one, two, three), truth), 0.5) == [True, True, False]
    assert hits(Recording((three, one), truth[:1]), 0.5) == [False, True]


def test_equal_scores_are_one_point_whatever_their_order() -> None:
    """A hit and a miss of one score: precision 1/2 at recall 1, whichever stands first."""
    hit, miss = Proposal(1, 0, 5, 0.4), Proposal(1, 50, 55, 0.4)
    for order in ((hit, miss), (miss, hit)):
        curve = precision_recall(ranking([Recording(order, (Segment(1, 0, 5),))], 0.5))
        assert (curve.recall.tolist(), curve.precision.tolist()) == ([1.0], [0.5])


def test_nothing_proposed_is_nought_and_nothing_true_is_left_out() -> None:
    """A class or a recording without truth does not count; without any there is no answer."""
    empty = Recording((), (Segment(3, 0, 5),))
    idle = Recording((Proposal(4, 0, 5, 0.9),), ())

    assert mean_over_actions([empty], 0.5) == 0
    assert mean_over_recordings([SECOND, idle], 0.5) == pytest.approx(50)
    assert sorted(class_curves([SECOND, idle, empty], 0.5)) == [1, 3]
    with pytest.raises(ValueError, match="needs at least one true segment, got none"):
        mean_over_actions([idle], 0.5)
    with pytest.raises(ValueError, match="needs at least one true segment, got none"):
        score_detection([])


def test_runs_above_two_hundredths_are_proposed_by_their_mean() -> None:
    """Of class 0 none; 0.02 itself is not above."""
    scores = np.array(
        [
            [0.7, 0.25, 0.0],
            [0.2, 0.75, 0.0],
            [0.98, 0.02, 0.0],
            [0.5, 0.03, 0.47],
        ]
    )

    assert proposals(scores) == (
        Proposal(1, 0, 2, 0.5),
        Proposal(1, 3, 4, 0.03),
        Proposal(2, 3, 4, 0.47),
    )
    assert proposals(scores[:, :1]) == ()


def test_frames_left_out_are_taken_out_of_scores_and_truth() -> None:
    """A run on either side of them is one segment; what is written moves with the frames."""
    truth = np.array([0, 1, 1, -1, -1, 1, 0, 2], np.int16)
    scores = np.eye(3)[[0, 1, 1, 2, 2, 1, 0, 2]]
    found = detected(scores, truth)

    assert found.truth == (Segment(1, 1, 4), Segment(2, 5, 6))
    assert [(p.label, p.start, p.stop) for p in found.proposals] == [(1, 1, 4), (2, 5, 6)]
    written = (Segment(1, 1, 4), Segment(2, 2, 8), Segment(2, 3, 5))
    assert detected(scores, truth, written).truth == (Segment(1, 1, 3), Segment(2, 2, 6))
    with pytest.raises(ValueError, match=r"one length, got \(8, 3\) and \(5,\)"):
        detected(scores, truth[:5])


def test_all_thresholds_are_scored() -> None:
    """A proposal that overlaps by 0.75 counts up to 0.7 and not from 0.8."""
    recording = Recording((Proposal(1, 0, 3, 1.0),), (Segment(1, 0, 4),))
    scores = score_detection([recording])

    assert [scores.by_action[t] for t in TIOUS] == [100] * 7 + [0] * 2
    assert scores.by_recording == scores.by_action
    assert (scores.recordings, scores.segments, scores.proposals) == (1, 1, 1)


SPANS = st.tuples(st.integers(1, 3), st.integers(0, 12), st.integers(1, 8))


@st.composite
def recordings(draw: st.DrawFn) -> list[Recording]:
    found = []
    for _ in range(draw(st.integers(1, 3))):
        truth = [Segment(k, a, a + n) for k, a, n in draw(st.lists(SPANS, max_size=5))]
        said = draw(st.lists(st.tuples(SPANS, st.integers(1, 4)), max_size=8))
        proposed = [Proposal(k, a, a + n, score / 4) for (k, a, n), score in said]
        found.append(Recording(tuple(proposed), tuple(truth)))
    return found


def plain_precision(found: Sequence[Recording], least: float) -> float:
    """Average precision by sets of frames, counted again from the start for every score."""
    matched: list[tuple[float, bool]] = []
    for recording in found:
        free = list(recording.truth)
        for p in sorted(recording.proposals, key=lambda p: (-p.score, p.start, p.stop)):
            overlaps = []
            for t in free:
                ours, theirs = set(range(p.start, p.stop)), set(range(t.start, t.stop))
                same = p.label == t.label
                overlaps.append(len(ours & theirs) / len(ours | theirs) if same else 0.0)
            best = max(overlaps, default=0.0)
            if best >= least:
                free.pop(overlaps.index(best))
            matched.append((p.score, best >= least))
    truths = sum(len(recording.truth) for recording in found)
    points = []
    for score in {score for score, _ in matched}:
        kept = [hit for other, hit in matched if other >= score]
        points.append((sum(kept) / truths, sum(kept) / len(kept)))
    area = 0.0
    for step in range(truths):
        reached = [precision for recall, precision in points if recall > (step + 0.5) / truths]
        area += max(reached, default=0.0) / truths
    return 100 * area


@given(found=recordings(), least=st.sampled_from(TIOUS))
def test_average_precision_agrees_with_a_plain_one(found: list[Recording], least: float) -> None:
    """Of all classes together and of each, ties and double proposals included."""
    labels = {truth.label for recording in found for truth in recording.truth}
    if not labels:
        return
    assert average_precision(ranking(found, least)) == pytest.approx(plain_precision(found, least))
    by_class = [
        [
            Recording(
                tuple(p for p in recording.proposals if p.label == label),
                tuple(t for t in recording.truth if t.label == label),
            )
            for recording in found
        ]
        for label in sorted(labels)
    ]
    expected = np.mean([plain_precision(part, least) for part in by_class])
    assert mean_over_actions(found, least) == pytest.approx(expected)
    assert mean_over_actions(found[::-1], least) == pytest.approx(expected)


@given(one=SPANS, two=SPANS)
def test_overlap_is_that_of_sets_of_frames(
    one: tuple[int, int, int], two: tuple[int, int, int]
) -> None:
    """Intersection over union of the frames, 0 between classes."""
    (label, start, length), (other, first, frames) = one, two
    ours, theirs = set(range(start, start + length)), set(range(first, first + frames))
    expected = len(ours & theirs) / len(ours | theirs) if label == other else 0
    proposal = Proposal(label, start, start + length, 1.0)
    assert tiou(proposal, Segment(other, first, first + frames)) == pytest.approx(expected)

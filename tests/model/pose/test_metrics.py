"""The metrics: values computed by hand, rules that hold for any labels, a second implementation."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from model.pose.metrics import (
    Segment,
    edit_score,
    macro_f1,
    overlap_f1,
    score_recordings,
    segments,
)

Labels = NDArray[np.int16]


def _labels(text: str) -> Labels:
    """``"..aa.b"``: a dot is background, letters are classes from 1, ``?`` is left out."""
    places = {".": 0, "?": -1} | {letter: 1 + i for i, letter in enumerate("abcdefgh")}
    return np.array([places[letter] for letter in text], dtype=np.int16)


@st.composite
def _recordings(draw: st.DrawFn) -> tuple[list[Labels], list[Labels]]:
    """One to four recordings of truth, with frames left out, and prediction."""
    lengths = draw(st.lists(st.integers(1, 25), min_size=1, max_size=4))
    truths, predictions = [], []
    for length in lengths:
        whole = st.lists(st.integers(0, 3), min_size=length, max_size=length)
        truth = np.array(draw(whole), np.int16)
        truth[1:][draw(st.lists(st.booleans(), min_size=length - 1, max_size=length - 1))] = -1
        truths.append(truth)
        predictions.append(np.array(draw(whole), np.int16))
    return truths, predictions


def test_scores_computed_by_hand() -> None:
    """Two small recordings, every figure worked out on paper.

    Frames: 8 of 12 right. Class a: 4 right of 5 true and 5 predicted, F1 0.8; b: 2 right of 3 true
    and 2 predicted, F1 0.8; c: only predicted, once, F1 0; their mean is 8/15.
    Segments: truth a b | a, prediction a a b | a c. Edit: 1 insertion of 3, 1 insertion of 2.
    Overlaps: the first a 2/3, the second a 0, b 2/3; in the other recording a 1, c nothing.
    """
    truths = [_labels("aaa.bbb"), _labels(".aa..")]
    predictions = [_labels("aa.abb."), _labels(".aac.")]
    scores = score_recordings(truths, predictions)

    assert scores.frame_accuracy == pytest.approx(100 * 8 / 12)
    assert scores.macro_f1 == pytest.approx(100 * (0.8 + 0.8 + 0.0) / 3)
    assert scores.edit == pytest.approx((100 * 2 / 3 + 100 * 1 / 2) / 2)
    assert scores.f1_10 == pytest.approx(100 * 2 * 3 / (3 + 5))
    assert scores.f1_50 == pytest.approx(100 * 2 * 3 / (3 + 5))
    assert (scores.recordings, scores.frames) == (2, 12)


def test_thresholds_of_overlap_are_inclusive() -> None:
    """A segment that overlaps by exactly the threshold is a hit; just below, it is not."""
    truth, predicted = [Segment(1, 0, 10)], [Segment(1, 5, 15)]  # 5 shared of 15

    assert overlap_f1([(truth, predicted)], 5 / 15) == 100.0
    assert overlap_f1([(truth, predicted)], 5 / 15 + 1e-9) == 0.0
    assert overlap_f1([(truth, [Segment(2, 5, 15)])], 0.1) == 0.0


def test_a_true_segment_is_taken_once() -> None:
    """Over-segmentation costs: of three pieces of one action one is a hit, two are false."""
    truth, predicted = segments(_labels("aaaaaaaa")), segments(_labels("aa.aa.aa"))

    assert overlap_f1([(truth, predicted)], 0.10) == pytest.approx(100 * 2 / (1 + 3))


def test_edit_score_is_about_order_and_not_about_time() -> None:
    """Shifted segments score 100; one too many of four costs a quarter, background nothing."""
    truth = segments(_labels("..aa..bbb.c"))

    assert edit_score(truth, segments(_labels("a.b.......c"))) == 100.0
    assert edit_score(truth, segments(_labels("a.b..a....c"))) == 75.0
    assert edit_score(truth, []) == 0.0
    assert edit_score([], []) == 100.0


def test_segments_are_the_runs_without_background() -> None:
    """Runs end exclusive; the same action on both sides of background is two segments."""
    assert segments(_labels("a.abb")) == [Segment(1, 0, 1), Segment(1, 2, 3), Segment(2, 3, 5)]
    assert len(segments(_labels("a.abb"), background=None)) == 4
    assert segments(_labels("")) == []


def test_always_background_scores_its_share_of_frames_and_nothing_else() -> None:
    """The trivial answer has frame accuracy only: background counts in no other measure."""
    scores = score_recordings([_labels("...aa.?b")], [_labels("........")])

    assert scores.frame_accuracy == pytest.approx(100 * 4 / 7)
    assert (scores.macro_f1, scores.edit, scores.f1_10, scores.f1_50) == (0, 0, 0, 0)


def test_what_is_left_out_joins_its_sides() -> None:
    """A run that continues across frames left out is one segment, in truth and in prediction."""
    scores = score_recordings([_labels("aa??aa.")], [_labels("aab.aa.")])

    assert (scores.frame_accuracy, scores.edit, scores.f1_50, scores.frames) == (100, 100, 100, 5)


@given(_recordings())
def test_a_perfect_prediction_scores_100_everywhere(
    recordings: tuple[list[Labels], list[Labels]],
) -> None:
    """Truth against itself is 100 in each measure, however much is background or left out."""
    truths, _ = recordings
    scores = score_recordings(truths, [np.maximum(truth, 0) for truth in truths])

    assert (scores.frame_accuracy, scores.macro_f1, scores.edit) == (100, 100, 100)
    assert (scores.f1_10, scores.f1_25, scores.f1_50) == (100, 100, 100)


@given(_recordings())
def test_rules_that_hold_for_any_prediction(
    recordings: tuple[list[Labels], list[Labels]],
) -> None:
    """Order of recordings and names of classes do not matter; stricter overlap is never better."""
    truths, predictions = recordings
    scores = score_recordings(truths, predictions)
    turned = score_recordings(truths[::-1], predictions[::-1])
    names = np.array([0, 7, 5, 6, -1], np.int16)  # the last is what -1 indexes
    renamed = score_recordings([names[t] for t in truths], [names[p] for p in predictions])

    for other in (turned, renamed):
        assert vars(other) == pytest.approx(vars(scores))
    assert 0 <= scores.f1_50 <= scores.f1_25 <= scores.f1_10 <= 100
    assert 0 <= min(scores.edit, scores.macro_f1) <= max(scores.edit, scores.macro_f1) <= 100


@given(_recordings(), st.integers(0, 3))
def test_a_frame_that_is_left_out_changes_nothing(
    recordings: tuple[list[Labels], list[Labels]], label: int
) -> None:
    """Whatever is predicted where the truth is -1, each score is the same."""
    truths, predictions = recordings
    pairs = zip(truths, predictions, strict=True)
    others = [np.where(truth == -1, label, prediction) for truth, prediction in pairs]

    assert score_recordings(truths, others) == score_recordings(truths, predictions)


@given(_recordings())
def test_scores_agree_with_a_second_implementation(
    recordings: tuple[list[Labels], list[Labels]],
) -> None:
    """The definitions written again, frame by frame and as sets, give the same numbers."""
    pairs = [(t[t >= 0].tolist(), p[t >= 0].tolist()) for t, p in zip(*recordings, strict=True)]
    scores = score_recordings(*recordings)
    frames = [pair for truth, predicted in pairs for pair in zip(truth, predicted, strict=True)]

    assert scores.frame_accuracy == pytest.approx(100 * np.mean([t == p for t, p in frames]))
    assert scores.macro_f1 == pytest.approx(_slow_macro_f1(frames))
    assert scores.edit == pytest.approx(np.mean([_slow_edit(*pair) for pair in pairs]))
    assert scores.f1_25 == pytest.approx(_slow_f1(pairs, 0.25))


def test_what_cannot_be_scored_is_refused() -> None:
    """Lengths that disagree, nothing to score, a prediction of -1: a sentence each."""
    truth = _labels("a.b")
    with pytest.raises(ValueError, match="expected 1 predictions, got 0"):
        score_recordings([truth], [])
    with pytest.raises(ValueError, match=r"of one length, got \(3,\) and \(2,\)"):
        score_recordings([truth], [truth[:2]])
    with pytest.raises(ValueError, match="at least one frame to score"):
        score_recordings([_labels("??")], [_labels("aa")])
    with pytest.raises(ValueError, match="predicted label of 0 or more"):
        score_recordings([truth], [_labels("a?b")])


def test_a_class_that_is_only_predicted_counts_as_zero() -> None:
    """Classes are those of truth or prediction: an invented one pulls the mean down."""
    assert macro_f1(_labels("aa.."), _labels("aab.")) == 50.0


def _slow_macro_f1(frames: list[tuple[int, int]]) -> float:
    values = []
    for label in {label for pair in frames for label in pair} - {0}:
        precision_of = [t == label for t, p in frames if p == label]
        recall_of = [p == label for t, p in frames if t == label]
        hits = sum(precision_of)
        if hits == 0:
            values.append(0.0)
            continue
        precision, recall = hits / len(precision_of), hits / len(recall_of)
        values.append(2 * precision * recall / (precision + recall))
    return 100 * float(np.mean(values)) if values else 100.0


def _slow_runs(labels: list[int]) -> list[tuple[int, frozenset[int]]]:
    runs: list[tuple[int, set[int]]] = []
    for place, label in enumerate(labels):
        if place == 0 or labels[place - 1] != label:
            runs.append((label, set()))
        runs[-1][1].add(place)
    return [(label, frozenset(places)) for label, places in runs if label != 0]


def _slow_edit(truth: list[int], predicted: list[int]) -> float:
    first, second = ([label for label, _ in _slow_runs(labels)] for labels in (truth, predicted))

    @cache
    def distance(i: int, j: int) -> int:
        if i == 0 or j == 0:
            return i + j
        replaced = distance(i - 1, j - 1) + (first[i - 1] != second[j - 1])
        return min(replaced, distance(i - 1, j) + 1, distance(i, j - 1) + 1)

    longest = max(len(first), len(second))
    return 100 * (1 - distance(len(first), len(second)) / longest) if longest else 100.0


def _slow_f1(pairs: list[tuple[list[int], list[int]]], threshold: float) -> float:
    hits = false_alarms = misses = 0
    for truth, predicted in pairs:
        free = {place: True for place in range(len(_slow_runs(truth)))}
        for label, places in _slow_runs(predicted):
            overlaps = {
                place: len(places & other) / len(places | other) if label == name else 0.0
                for place, (name, other) in enumerate(_slow_runs(truth))
            }
            best = max(overlaps, key=lambda place: overlaps[place], default=None)
            if best is not None and overlaps[best] >= threshold and free[best]:
                free[best] = False
                hits += 1
            else:
                false_alarms += 1
        misses += sum(free.values())
    if hits + false_alarms + misses == 0:
        return 100.0
    precision = hits / (hits + false_alarms) if hits else 0.0
    recall = hits / (hits + misses) if hits else 0.0
    return 200 * precision * recall / (precision + recall) if hits else 0.0

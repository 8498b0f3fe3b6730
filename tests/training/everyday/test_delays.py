"""Delays and false alarms, by hand and by models that know everything or nothing."""

import numpy as np
import pytest

from model.pose.artifact import START_MS
from model.pose.store import LEFT_OUT
from model.pose.window import MAX_GAP_MS
from tests.training.everyday.oracles import STEP_MS, always, oracle, recording, spec
from training.everyday.delays import Alarms, Onset, Told, alarms, onsets
from training.everyday.hearing import hear
from training.everyday.scores import action_scores, named, scores_of
from training.labellers import Labeller

# 3 s background, 2 s wave, 2 s background, 3 s walk, 1 s that nobody knows, 2 s background.
RUNS = ((0, 60), (1, 40), (0, 40), (2, 60), (LEFT_OUT, 20), (0, 40))
TIMES_MS = recording(*RUNS).times_ms
TRUTH = np.concatenate([np.full(frames, label, np.int16) for label, frames in RUNS])


def test_what_knows_everything_is_as_late_as_the_rule_alone() -> None:
    """All frames right, no alarm, each action found after START_MS and nothing more."""
    heard = hear(recording(*RUNS), "body13", oracle())
    scores = scores_of([heard])

    assert (scores.frame_accuracy, scores.macro_f1) == (100, 100)
    assert (scores.alarms.on_background, scores.alarms.on_actions) == (0, 0)
    assert scores.delays.median_s == scores.delays.p90_s == START_MS / 1000
    assert (scores.delays.actions, scores.delays.never_found) == (2, 0)
    assert [(each.label, each.since_ms) for each in heard.told] == [(1, 3000), (2, 7000)]
    assert named([heard]) == ([1, 2], [1, 2])


def test_the_wait_for_a_window_is_part_of_the_delay() -> None:
    """With a hop of eight frames what is certain is told with the next window."""
    heard = hear(recording(*RUNS), "body13", oracle(hop_frames=8))
    # Windows end with frames 7, 15, 23, …; wave is certain in frame 64, walk in frame 144.
    assert [each.certain_ms for each in heard.told] == [71 * STEP_MS, 151 * STEP_MS]
    assert [each.delay_ms for each in onsets(TIMES_MS, heard.truth, heard.told)] == [550, 550]


def test_what_says_nothing_alarms_nobody_and_finds_nothing() -> None:
    """Background is right where it is true; no delay is made up for what is never found."""
    scores = scores_of([hear(recording(*RUNS), "body13", always(0))])
    assert scores.frame_accuracy == pytest.approx(100 * 140 / 240)
    assert scores.macro_f1 == 0
    assert scores.alarms.per_minute == 0
    assert (scores.delays.median_s, scores.delays.never_found) == (None, 100)


def test_what_says_one_thing_all_the_time_finds_nothing() -> None:
    """It starts long before its action begins: one false alarm, and no early finding."""
    heard = hear(recording(*RUNS), "body13", always(1))
    found = action_scores([heard])
    assert len(heard.told) == 1
    assert scores_of([heard]).alarms.on_background == 1
    assert found[1].delays.never_found == found[2].delays.never_found == 100
    assert (found[1].frames, found[2].f1) == (40, 0)


def test_alarms_are_counted_by_where_they_start() -> None:
    """On background, on another action, or near enough to their own; the unknown counts nothing."""
    told = [
        Told(3, 500, 900, 700),  # on background: a false alarm
        Told(1, 2500, 2800, 2700),  # half a second before a wave: none
        Told(1, 5440, 5800, 5700),  # just within half a second after one: none
        Told(1, 5500, 5900, 5750),  # later: one
        Told(3, 8000, 8500, 8200),  # during a walk: a mistaken name
        Told(3, 10200, 10600, 10400),  # where nobody knows: nothing
    ]
    found = alarms(TIMES_MS, TRUTH, told)
    assert (found.on_background, found.on_actions) == (2, 1)
    assert found.background_minutes == pytest.approx(139 * STEP_MS / 60_000)
    assert found.per_minute == pytest.approx(2 / (6.95 / 60))
    assert found.mistaken_per_minute == pytest.approx(1 / (5 / 60))
    both = found + Alarms(1, 0, 1.0, 0.0)
    assert (both.on_background, both.on_actions) == (3, 1)


def test_a_silence_counts_as_much_as_a_window_holds_over() -> None:
    """Of a minute without a frame nobody knows what was done."""
    times_ms = np.array([0.0, 100.0, 60_100.0, 60_200.0])
    found = alarms(times_ms, np.zeros(4, np.int16), [])
    assert found.background_minutes == pytest.approx((100 + MAX_GAP_MS + 100) / 60_000)


def test_delays_by_hand() -> None:
    """From the first frame to the telling; told before is 0, told after the end is not found."""
    early, late = Told(1, 2600, 4000, 2800), Told(2, 7300, 9000, 7650)
    after = Told(2, 10100, 10500, 10300)
    assert onsets(TIMES_MS, TRUTH, [early, late]) == (Onset(1, 0), Onset(2, 650))
    assert onsets(TIMES_MS, TRUTH, [after]) == (Onset(1, None), Onset(2, None))
    assert onsets(TIMES_MS[60:], TRUTH[60:], [late]) == (Onset(2, 650),)


def test_what_is_not_known_counts_as_background() -> None:
    """Not as the best guess that it is, and nothing is told of it."""
    doubting = Labeller(spec(unknown_threshold=1.0), always(1).predict)
    heard = hear(recording(*RUNS), "body13", doubting)
    assert heard.warm.any()
    assert not heard.known.any()
    assert not heard.classes.any()
    assert heard.told == ()


def test_experimental_classes_count_in_the_frame_accuracy_alone() -> None:
    """What is wave all the time is right in 40 of 220 frames, whoever is judged."""
    heard = [hear(recording(*RUNS), "body13", always(1))]
    both, wave = scores_of(heard), scores_of(heard, experimental=(2,))
    assert wave.frame_accuracy == both.frame_accuracy
    assert both.macro_f1
    assert wave.macro_f1 == pytest.approx(2 * both.macro_f1)
    assert (wave.delays.actions, both.delays.actions) == (1, 2)

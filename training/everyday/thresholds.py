"""Thresholds: how sure a model must be to name an action, and to tell that one has started.

What is rejected as unknown is a stated share of the frames that are named rightly. An action starts
at a stated rate of false alarms: these are counted as they would be told, by the service's own
rule, on everything that is background: idle, transitions and actions left out of the vocabulary. It
knows no network.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from model.pose.artifact import BACKGROUND, START_MS, WARMING, Calibration
from training.everyday.delays import Alarms, Told, alarms, told_actions
from training.online import FrameLabel

STEPS: NDArray[np.float64] = np.round(np.arange(0, 0.96, 0.01), 2)
"""Tried one after another. At more than the last an action would hardly ever be told."""
LOST_SHARE = 0.05
"""Of the frames of actions that are named rightly, so many are given up as unknown."""
LARGEST_PART = 1 / 3
"""Of the false alarms that are allowed, no action alone gives more than this part."""


@dataclass(frozen=True, eq=False)
class Said:
    """What was said of one recording, in the frames that show somebody.

    Attributes:
        times_ms: ``(T,)`` of all its frames.
        truth: ``(T,)`` classes, or ``LEFT_OUT``.
        labels: What was said of each of the N frames that show somebody.
        answered_ms: ``(N,)`` when it was said.
    """

    times_ms: NDArray[np.float64]
    truth: NDArray[np.int16]
    labels: Sequence[FrameLabel]
    answered_ms: NDArray[np.float64]


def fit_thresholds(
    said: Sequence[Said],
    names: Sequence[str],
    temperature: float,
    alarms_per_minute: float,
    start_ms: float = START_MS,
) -> Calibration:
    """Unknown at a share of what is right, starts at the least thresholds that alarms allow.

    An action needs more than the others where it alone would give more than its part. Counts at
    different thresholds of different actions are added up, as if actions did not crowd one another
    out.

    Args:
        said: At this temperature.
        names: The classes.
        temperature: Of the calibration.
        alarms_per_minute: Allowed false alarms a minute of background.
        start_ms: How long an action is said before it starts.

    Raises:
        ValueError: There is no background.
    """
    rejected = _unknown_threshold(said, names)
    unknown = Calibration(temperature, unknown_threshold=rejected, start_ms=start_ms)
    counts, minutes = _counts(said, names, unknown)
    allowed = alarms_per_minute * minutes
    own = [_first(counts[:, action] <= LARGEST_PART * allowed) for action in range(len(names))]
    together = [
        sum(counts[max(step, least), action] for action, least in enumerate(own))
        for step in range(len(STEPS))
    ]
    shared = _first(np.array(together) <= allowed)
    starts = {
        name: float(STEPS[max(least, shared)])
        for name, least in zip(names, own, strict=True)
        if name != BACKGROUND and max(least, shared) > 0
    }
    return replace(unknown, start_thresholds=starts)


def alarms_of(said: Iterable[Said], names: Sequence[str], calibration: Calibration) -> Alarms:
    """The false alarms under a calibration, whose temperature is in the scores already."""
    decided = (_decided(each, names, calibration) for each in said)
    found = (alarms(each.times_ms, each.truth, _told(each, names, calibration)) for each in decided)
    return sum(found, Alarms())


def at_temperature(label: FrameLabel, temperature: float) -> FrameLabel:
    """What would have been said at another temperature, where this was said at 1."""
    if not label.top:
        return label
    tiny = np.finfo(np.float64).tiny
    logs = np.log([max(score, tiny) for _, score in label.top]) / temperature
    powers = np.exp(logs - logs.max())
    scores = powers / powers.sum()
    top = tuple((name, float(score)) for (name, _), score in zip(label.top, scores, strict=True))
    return replace(label, score=top[0][1], top=top)


def _unknown_threshold(said: Sequence[Said], names: Sequence[str]) -> float:
    """The highest step that loses no more of the actions that are named rightly; 0 without any."""
    rightly: list[float] = []
    for each in said:
        truth = dict(zip(each.times_ms.tolist(), each.truth.tolist(), strict=True))
        rightly += [
            label.score
            for label in each.labels
            if label.label in names[1:] and names.index(label.label) == truth[label.t_ms]
        ]
    if not rightly:
        return 0.0
    return float(STEPS[STEPS <= np.quantile(rightly, LOST_SHARE)].max())


def _counts(
    said: Sequence[Said], names: Sequence[str], unknown: Calibration
) -> tuple[NDArray[np.int64], float]:
    """False alarms on background of each action at each step ``(S, K)``, and its minutes.

    Raises:
        ValueError: There is no background.
    """
    counts = np.zeros((len(STEPS), len(names)), np.int64)
    decided = [_decided(each, names, unknown) for each in said]
    for step, threshold in enumerate(STEPS.tolist()):
        calibration = replace(unknown, start_thresholds=dict.fromkeys(names, threshold))
        for each in decided:
            told = _told(each, names, calibration)
            for action in {one.label for one in told}:
                own = [one for one in told if one.label == action]
                counts[step, action] += alarms(each.times_ms, each.truth, own).on_background
    minutes = sum(alarms(each.times_ms, each.truth, ()).background_minutes for each in said)
    if not minutes:
        raise ValueError("thresholds are fitted to false alarms on background, there is none")
    return counts, minutes


def _decided(said: Said, names: Sequence[str], calibration: Calibration) -> Said:
    """What was said, with what a calibration takes for known; starts have no part in it."""
    needed = {name: calibration.unknown_threshold for name in names} | calibration.thresholds
    needed |= {BACKGROUND: 0.0, WARMING: 0.0}
    labels = [replace(label, known=label.score >= needed[label.label]) for label in said.labels]
    return replace(said, labels=labels)


def _told(decided: Said, names: Sequence[str], calibration: Calibration) -> tuple[Told, ...]:
    """What the service would tell under a calibration, of what it takes for known."""
    return told_actions(decided.labels, decided.answered_ms.tolist(), names, calibration)


def _first(holds: NDArray[np.bool_]) -> int:
    """The first step at which it holds; the last where it never does."""
    return int(np.argmax(holds)) if holds.any() else len(holds) - 1

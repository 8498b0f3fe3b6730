"""Thresholds: how sure a model must be before an action is told, at a stated rate of false alarms.

False alarms are counted as they would be told, by the service's own rule, on everything that is
background: idle, transitions and actions left out of the vocabulary. It knows no network.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from model.pose.artifact import BACKGROUND, WARMING, Calibration
from training.everyday.delays import Alarms, Told, alarms, told_actions
from training.online import FrameLabel

STEPS: NDArray[np.float64] = np.round(np.arange(0, 0.96, 0.025), 3)
"""Tried one after another. At more than the last an action would hardly ever be told."""
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
    said: Sequence[Said], names: Sequence[str], temperature: float, alarms_per_minute: float
) -> Calibration:
    """The least thresholds with which no more is told falsely than is allowed.

    An action gets a threshold of its own where it alone would give more than its part. Counts at
    different thresholds of different actions are added up, as if actions did not crowd one another
    out.

    Args:
        said: At this temperature.
        names: The classes.
        temperature: Of the calibration.
        alarms_per_minute: Allowed false alarms a minute of background.

    Raises:
        ValueError: There is no background.
    """
    counts, minutes = _counts(said, names)
    allowed = alarms_per_minute * minutes
    own = [_first(counts[:, action] <= LARGEST_PART * allowed) for action in range(len(names))]
    together = [
        sum(counts[max(step, least), action] for action, least in enumerate(own))
        for step in range(len(STEPS))
    ]
    shared = _first(np.array(together) <= allowed)
    thresholds = {
        name: float(STEPS[least])
        for name, least in zip(names, own, strict=True)
        if least > shared and name != BACKGROUND
    }
    return Calibration(temperature, thresholds, float(STEPS[shared]))


def alarms_of(said: Iterable[Said], names: Sequence[str], calibration: Calibration) -> Alarms:
    """The false alarms under a calibration, whose temperature is in the scores already."""
    found = (alarms(each.times_ms, each.truth, _told(each, names, calibration)) for each in said)
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


def _counts(said: Sequence[Said], names: Sequence[str]) -> tuple[NDArray[np.int64], float]:
    """False alarms on background of each action at each step ``(S, K)``, and its minutes.

    Raises:
        ValueError: There is no background.
    """
    counts = np.zeros((len(STEPS), len(names)), np.int64)
    for step, threshold in enumerate(STEPS.tolist()):
        calibration = Calibration(unknown_threshold=threshold)
        for each in said:
            told = _told(each, names, calibration)
            for action in {one.label for one in told}:
                own = [one for one in told if one.label == action]
                counts[step, action] += alarms(each.times_ms, each.truth, own).on_background
    minutes = sum(alarms(each.times_ms, each.truth, ()).background_minutes for each in said)
    if not minutes:
        raise ValueError("thresholds are fitted to false alarms on background, there is none")
    return counts, minutes


def _told(said: Said, names: Sequence[str], calibration: Calibration) -> tuple[Told, ...]:
    """What the service would tell under a calibration."""
    needed = {name: calibration.unknown_threshold for name in names} | calibration.thresholds
    needed |= {BACKGROUND: 0.0, WARMING: 0.0}
    labels = (replace(label, known=label.score >= needed[label.label]) for label in said.labels)
    return told_actions(labels, said.answered_ms.tolist(), names)


def _first(holds: NDArray[np.bool_]) -> int:
    """The first step at which it holds; the last where it never does."""
    return int(np.argmax(holds)) if holds.any() else len(holds) - 1

"""Scores: how well what was said of streams agrees with what was done, by frame and by action.

All shares are per cent, times are seconds. It knows classes; what made them is `hearing`'s.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from model.pose.metrics import BACKGROUND, Labels, frame_accuracy
from training.everyday.delays import Alarms, Onset, alarms, onsets
from training.everyday.hearing import Heard


@dataclass(frozen=True)
class Delays:
    """How soon actions are told.

    Attributes:
        actions: How many began in sight.
        median_s: From an action's beginning until it is told, of those that are; None if none is.
        p90_s: Nine of ten are told sooner.
        never_found: Share of the actions that are never told, in per cent; None without actions.
    """

    actions: int
    median_s: float | None
    p90_s: float | None
    never_found: float | None

    @classmethod
    def of(cls, found: Collection[Onset]) -> "Delays":
        """Measures what became of actions."""
        seconds = [each.delay_ms / 1000 for each in found if each.delay_ms is not None]
        median_s, p90_s = np.percentile(seconds, (50, 90)).tolist() if seconds else (None, None)
        missed = 100 * (1 - len(seconds) / len(found)) if found else None
        return cls(len(found), median_s, p90_s, missed)


@dataclass(frozen=True)
class Scores:
    """Scores of some streams.

    Attributes:
        frame_accuracy: Of frames that have a class, background included.
        macro_f1: Mean F1 over frames of the classes that occur, without background and experimental
            ones; None where none occurs.
        delays: Of all actions but experimental ones.
        alarms: Of all that was told.
        minutes: How long the streams are together.
    """

    frame_accuracy: float
    macro_f1: float | None
    delays: Delays
    alarms: Alarms
    minutes: float


@dataclass(frozen=True)
class ActionScores:
    """Scores of one action.

    Attributes:
        frames: That show it.
        f1: Over frames.
        delays: Of it.
    """

    frames: int
    f1: float
    delays: Delays


def scores_of(heard: Sequence[Heard], experimental: Collection[int] = ()) -> Scores:
    """Scores streams together.

    Args:
        heard: At least one frame of them has a class.
        experimental: Classes that count in the frame accuracy alone.
    """
    truth, said = frames_of(heard)
    judged = sorted(set(truth.tolist()) - {BACKGROUND, *experimental})
    found = [onset for each in heard for onset in _onsets(each) if onset.label in judged]
    return Scores(
        frame_accuracy=frame_accuracy(truth, said),
        macro_f1=float(np.mean([f1(truth, said, label) for label in judged])) if judged else None,
        delays=Delays.of(found),
        alarms=sum((alarms(each.times_ms, each.truth, each.told) for each in heard), Alarms()),
        minutes=sum(float(each.times_ms[-1] - each.times_ms[0]) for each in heard) / 60_000,
    )


def action_scores(heard: Sequence[Heard]) -> dict[int, ActionScores]:
    """Scores each action that occurs, by its class."""
    truth, said = frames_of(heard)
    found = [onset for each in heard for onset in _onsets(each)]
    return {
        label: ActionScores(
            frames=int((truth == label).sum()),
            f1=f1(truth, said, label),
            delays=Delays.of([onset for onset in found if onset.label == label]),
        )
        for label in sorted(set(truth.tolist()) - {BACKGROUND})
    }


def by_source(heard: Iterable[Heard]) -> dict[str, list[Heard]]:
    """Streams by their data set, in the order in which these come."""
    sources: dict[str, list[Heard]] = {}
    for each in heard:
        sources.setdefault(each.source, []).append(each)
    return sources


def frames_of(heard: Iterable[Heard]) -> tuple[Labels, Labels]:
    """Truth and what was said ``(N,)`` of all frames that have a class."""
    pairs = [(each.truth[each.truth >= 0], each.classes[each.truth >= 0]) for each in heard]
    return np.concatenate([truth for truth, _ in pairs]), np.concatenate(
        [said for _, said in pairs]
    )


def named(heard: Sequence[Heard]) -> tuple[list[int], list[int]]:
    """Each action, and the class that was said of most of its frames, for a confusion matrix."""
    truths, saids = [], []
    for each in heard:
        edges = np.flatnonzero(np.diff(each.truth)) + 1
        for truth, said in zip(
            np.split(each.truth, edges), np.split(each.classes, edges), strict=True
        ):
            if truth[0] > BACKGROUND:
                truths.append(int(truth[0]))
                saids.append(int(np.bincount(said).argmax()))
    return truths, saids


def f1(truth: Labels, said: Labels, label: int) -> float:
    """F1 over frames ``(N,)`` of one class that occurs in one of both, in per cent."""
    hits = int(((truth == label) & (said == label)).sum())
    return 100 * 2 * hits / int((truth == label).sum() + (said == label).sum())


def _onsets(heard: Heard) -> tuple[Onset, ...]:
    return onsets(heard.times_ms, heard.truth, heard.told)

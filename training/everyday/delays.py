"""Delays and false alarms: actions that were told, set beside those that were done.

Told is what the service tells as events, by its own rule (`model.pose.hysteresis`). All is in the
recording's own time; it knows classes and no network.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.pose.artifact import Calibration
from model.pose.decision import Decision
from model.pose.hysteresis import Edge, Hysteresis
from model.pose.metrics import BACKGROUND, Labels, segments
from model.pose.window import MAX_GAP_MS
from training.online import FrameLabel

TOLERANCE_MS = 500.0
"""What starts so long before its action begins, or after it ended, is no false alarm."""
_MS_A_MINUTE = 60_000

Times = NDArray[np.float64]


@dataclass(frozen=True)
class Told:
    """An action that was told.

    Attributes:
        label: Its class.
        since_ms: When it was first said.
        last_ms: When it was last said.
        certain_ms: When its start was told: the time of the frame at which that was answered.
    """

    label: int
    since_ms: float
    last_ms: float
    certain_ms: float


@dataclass(frozen=True)
class Done:
    """An action that was done: the times of its first and its last frame."""

    label: int
    first_ms: float
    last_ms: float


@dataclass(frozen=True)
class Onset:
    """What became of an action whose beginning was seen.

    Attributes:
        label: Its class.
        delay_ms: From its beginning until it was told, 0 where it was told before; None where it
            never was.
    """

    label: int
    delay_ms: float | None


@dataclass(frozen=True)
class Alarms:
    """How often something was told that nobody did.

    Attributes:
        on_background: Starts on background of what nobody did then, to the tolerance.
        on_actions: The same on another action, whose name was mistaken.
        background_minutes: How long background lasted.
        action_minutes: How long actions lasted.
    """

    on_background: int = 0
    on_actions: int = 0
    background_minutes: float = 0.0
    action_minutes: float = 0.0

    def __add__(self, other: "Alarms") -> "Alarms":
        """Both together."""
        return Alarms(
            self.on_background + other.on_background,
            self.on_actions + other.on_actions,
            self.background_minutes + other.background_minutes,
            self.action_minutes + other.action_minutes,
        )

    @property
    def per_minute(self) -> float | None:
        """False alarms a minute of background; None where there was none."""
        return _rate(self.on_background, self.background_minutes)

    @property
    def mistaken_per_minute(self) -> float | None:
        """Mistaken starts a minute of action; None where there was none."""
        return _rate(self.on_actions, self.action_minutes)


def told_actions(
    labels: Iterable[FrameLabel],
    answered_ms: Iterable[float],
    names: Sequence[str],
    calibration: Calibration,
) -> tuple[Told, ...]:
    """The actions that the service would tell of one person.

    Args:
        labels: What was said of each frame in which the person was seen, in order.
        answered_ms: When each of these frames was answered.
        names: The classes; what is told is one of them.
        calibration: The model's.
    """
    rule = Hysteresis(calibration)
    told: list[Told] = []
    started: tuple[Edge, float] | None = None
    steps = [
        (edge, at_ms)
        for label, at_ms in zip(labels, answered_ms, strict=True)
        for edge in rule.step(label.t_ms, Decision(label.label, label.score, label.known))
    ]
    for edge, at_ms in (*steps, *((edge, np.nan) for edge in rule.close())):
        if edge.event == "start":
            started = edge, at_ms
        elif started is not None:
            start, certain_ms = started
            told.append(Told(names.index(edge.label), start.t_ms, edge.t_ms, certain_ms))
    return tuple(told)


def done_actions(times_ms: Times, truth: Labels) -> tuple[Done, ...]:
    """The runs of one action each in ``truth (T,)``, in order, at the times ``(T,)``."""
    return tuple(
        Done(run.label, float(times_ms[run.start]), float(times_ms[run.stop - 1]))
        for run in segments(truth)
        if run.label > BACKGROUND
    )


def onsets(times_ms: Times, truth: Labels, told: Sequence[Told]) -> tuple[Onset, ...]:
    """What became of each action, but of one that lasts from the first frame on.

    It is found if something is told under its name while it is done, unless that began as a false
    alarm: what is said all the time finds nothing.
    """
    done = done_actions(times_ms, truth)
    rightly = [each for each in told if _starts_near(each, done)]
    begun = (each for each in done if each.first_ms > times_ms[0])
    return tuple(Onset(each.label, _delay_ms(each, rightly)) for each in begun)


def alarms(times_ms: Times, truth: Labels, told: Sequence[Told]) -> Alarms:
    """Counts starts of what was not done; those where the truth is not known do not count.

    Args:
        times_ms: ``(T,)`` strictly increasing.
        truth: ``(T,)`` classes, or ``LEFT_OUT``.
        told: What was told.
    """
    done = done_actions(times_ms, truth)
    false = [each for each in told if not _starts_near(each, done)]
    where = np.searchsorted(times_ms, [each.since_ms for each in false])
    there = truth[where.astype(np.int64)]
    lasting_ms = np.append(np.minimum(np.diff(times_ms), MAX_GAP_MS), 0.0)
    return Alarms(
        int((there == BACKGROUND).sum()),
        int((there > BACKGROUND).sum()),
        float(lasting_ms[truth == BACKGROUND].sum()) / _MS_A_MINUTE,
        float(lasting_ms[truth > BACKGROUND].sum()) / _MS_A_MINUTE,
    )


def _delay_ms(done: Done, told: Sequence[Told]) -> float | None:
    certain_ms = [
        each.certain_ms
        for each in told
        if each.label == done.label
        and each.since_ms <= done.last_ms
        and each.last_ms >= done.first_ms
    ]
    return max(min(certain_ms) - done.first_ms, 0.0) if certain_ms else None


def _starts_near(told: Told, done: Iterable[Done]) -> bool:
    """Whether it starts while somebody does it, to the tolerance."""
    return any(
        told.label == each.label
        and each.first_ms - TOLERANCE_MS <= told.since_ms <= each.last_ms + TOLERANCE_MS
        for each in done
    )


def _rate(count: int, minutes: float) -> float | None:
    return count / minutes if minutes > 0 else None

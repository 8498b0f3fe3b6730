"""Hysteresis: labels that flicker frame by frame become the starts and ends of actions that last.

A pure state machine for one person, on the client's clock. The service tells its edges as events,
the evaluation counts them; neither has a rule of its own.
"""

from dataclasses import dataclass, replace
from typing import Literal

from model.pose.artifact import BACKGROUND, WARMING, Calibration
from model.pose.decision import Decision
from model.pose.window import MAX_GAP_MS

END_MS = 300.0
"""An action has ended once it was not said for so long."""


@dataclass(frozen=True)
class Edge:
    """An action starts or ends.

    Attributes:
        event: Which of both.
        label: The action.
        t_ms: When it was first said, or when last.
        score: Its mean score so far.
    """

    event: Literal["start", "end"]
    label: str
    t_ms: float
    score: float


@dataclass
class _Run:
    """Frames in a row with one label."""

    label: str
    since_ms: float
    total: float = 0.0
    frames: int = 0
    recent: tuple[tuple[float, float], ...] = ()
    """Times and scores of the last ``start_ms`` of the calibration, until it starts."""

    @property
    def score(self) -> float:
        return self.total / max(self.frames, 1)

    @property
    def recent_score(self) -> float:
        return sum(score for _, score in self.recent) / max(len(self.recent), 1)

    def add(self, score: float) -> None:
        self.total += score
        self.frames += 1


@dataclass(frozen=True)
class HysteresisState:
    """What the edges to come depend on."""

    candidate: _Run | None
    opened: _Run | None
    last_ms: float
    seen_ms: float


class Hysteresis:
    """The rule, and where one person stands in it.

    An action has started once it was said for so long without break as the calibration says, and
    surely enough on the mean of the last so long: what begins doubtfully is told as soon as it is
    clear. It then goes on while it is said, however surely.

    Args:
        calibration: how long and how surely an action must be said to start.
        gap_ms: what was done before a silence of more than this has ended.
    """

    def __init__(self, calibration: Calibration, gap_ms: float = MAX_GAP_MS) -> None:
        self._calibration = calibration
        self._gap_ms = gap_ms
        self._candidate: _Run | None = None
        self._open: _Run | None = None
        self._last_ms = 0.0
        self.seen_ms = 0.0
        """The time of the last decision."""

    def step(self, time_ms: float, decision: Decision) -> list[Edge]:
        """Takes the decision on one frame in, in order of time.

        Returns:
            The edges that it makes certain. A start names the time at which its action was first
            said, an end the time at which it was last said.
        """
        edges: list[Edge] = []
        if time_ms - self.seen_ms > self._gap_ms:
            # The window takes such a silence for a gap; whatever was done before it has ended.
            edges += self.close()
            self._candidate = None
        self.seen_ms = time_ms
        said = decision.label if decision.known else None
        if said in (BACKGROUND, WARMING):
            said = None
        if self._open and said == self._open.label:
            self._last_ms = time_ms
            self._open.add(decision.score)
        elif self._open and time_ms - self._last_ms >= END_MS:
            edges += self.close()
        edges += self._try(time_ms, said, decision.score)
        return edges

    def state(self) -> HysteresisState:
        """Returns what the edges to come depend on."""
        candidate, opened = self._candidate, self._open
        return HysteresisState(
            candidate and replace(candidate),
            opened and replace(opened),
            self._last_ms,
            self.seen_ms,
        )

    def restore(self, state: HysteresisState) -> None:
        """Goes on from a state."""
        self._candidate, self._open = state.candidate, state.opened
        self._last_ms, self.seen_ms = state.last_ms, state.seen_ms

    def close(self) -> list[Edge]:
        """Ends the open action, if there is one: the person or the stream has ended."""
        if self._open is None:
            return []
        run, self._open = self._open, None
        return [Edge("end", run.label, self._last_ms, run.score)]

    def _try(self, time_ms: float, said: str | None, score: float) -> list[Edge]:
        """Follows the label that may become the next action."""
        if said is None or (self._open and said == self._open.label):
            self._candidate = None
            return []
        if self._candidate is None or self._candidate.label != said:
            self._candidate = _Run(said, time_ms)
        run = self._candidate
        run.add(score)
        start_ms = self._calibration.start_ms
        kept = (entry for entry in run.recent if time_ms - entry[0] <= start_ms)
        run.recent = (*kept, (time_ms, score))
        needed = self._calibration.start_thresholds.get(said, 0.0)
        if time_ms - run.since_ms < start_ms or run.recent_score < needed:
            return []
        edges, run.recent = self.close(), ()
        self._candidate, self._open, self._last_ms = None, run, time_ms
        return [*edges, Edge("start", run.label, run.since_ms, run.score)]

"""Segments: the starts and ends of one person's actions, as the wire tells them.

The rule is `model.pose.hysteresis`; here its edges get the person that events name.
"""

from collections.abc import Iterable

from model.pose.artifact import Calibration
from model.pose.decision import Decision
from model.pose.hysteresis import Edge, Hysteresis, HysteresisState
from model.pose.window import MAX_GAP_MS
from service.protocol import Event


class Segments:
    """The segments of one person.

    Args:
        person: the id that events name.
        calibration: the model's.
        gap_ms: without a decision for so long, what was done before has ended.
    """

    def __init__(self, person: int, calibration: Calibration, gap_ms: float = MAX_GAP_MS) -> None:
        self._person = person
        self._rule = Hysteresis(calibration, gap_ms)

    @property
    def seen_ms(self) -> float:
        """The time of the last decision."""
        return self._rule.seen_ms

    def step(self, time_ms: float, decision: Decision) -> list[Event]:
        """Takes the decision on one frame in, in order of time.

        Returns:
            The events that it makes certain. A start names the time at which its action was first
            said, an end the time at which it was last said.
        """
        return self._told(self._rule.step(time_ms, decision))

    def state(self) -> HysteresisState:
        """Returns what the events to come depend on."""
        return self._rule.state()

    def restore(self, state: HysteresisState) -> None:
        """Goes on from a state."""
        self._rule.restore(state)

    def close(self) -> list[Event]:
        """Ends the open segment, if there is one: the person or the stream has ended."""
        return self._told(self._rule.close())

    def _told(self, edges: Iterable[Edge]) -> list[Event]:
        return [
            Event(edge.event, self._person, edge.label, edge.t_ms, edge.score) for edge in edges
        ]

"""What was told already, so that nothing is told twice when a session resumes at an earlier point.

A server that crashed may have kept its sessions as they were a second before: frames that are sent
again then get their answers again. It does not know why something comes twice.
"""

import math
from collections import deque

from posewire_client.messages import Actions, Event, Message, SeenPose

_EVENTS_KEPT = 256
"""More than all people of a stream can begin and end in the seconds that may come twice."""


class Told:
    """Remembers what one stream was told of its frames, over all of its links."""

    def __init__(self) -> None:
        self._newest_ms: dict[type[Actions | SeenPose], float] = {}
        self._events: deque[tuple[str, int, str, float]] = deque(maxlen=_EVENTS_KEPT)

    def again(self, message: Message) -> bool:
        """Whether a message was told before; it is remembered as told."""
        match message:
            case Actions() | SeenPose():
                kind = type(message)
                newest_ms = self._newest_ms.get(kind, -math.inf)
                self._newest_ms[kind] = max(newest_ms, message.t_ms)
                return message.t_ms <= newest_ms
            case Event():
                event = (message.event, message.person, message.label, message.t_ms)
                told = event in self._events
                self._events.append(event)
                return told
        return False

"""What the fake server keeps of a lost session, under a token that opens it once."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Kept:
    """A session, as far as its labels depend on it.

    Attributes:
        seen_ms: The newest frame that was taken in.
        frames: How many were.
        labels: How many were labelled.
        pending: Those that wait for their label.
        event_label: The last event's.
        taught: How many examples of each action.
    """

    seen_ms: float | None = None
    frames: int = 0
    labels: int = 0
    pending: tuple[dict[str, Any], ...] = ()
    event_label: str | None = None
    taught: tuple[tuple[str, int], ...] = ()


@dataclass
class Memory:
    """Token → what it opens.

    Attributes:
        crashes: A lost session is kept as it was last saved, not as it is lost.
        save_every: It is saved after so many frames.
    """

    crashes: bool = False
    save_every: int = 1
    _kept: dict[str, Kept] = field(default_factory=dict)

    def save(self, token: str, state: Kept) -> None:
        """Saves a session that lives."""
        if self.crashes and state.frames % self.save_every == 0:
            self._kept[token] = state

    def lose(self, token: str, state: Kept) -> None:
        """Keeps a session that was lost."""
        if not self.crashes:
            self._kept[token] = state

    def take(self, token: str) -> Kept | None:
        """Returns what a token opens, once."""
        return self._kept.pop(token, None)

    def forget(self) -> None:
        """Forgets all, as when their time is over."""
        self._kept.clear()

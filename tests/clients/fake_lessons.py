"""How the fake server is taught: it learns every label but those of its model."""

from collections.abc import Iterable
from typing import Any

MODEL_LABELS = ("background", "wave", "sit")


class FakeLessons:
    """What one session has been taught.

    Args:
        taught: How many examples of each action it knows from before.
    """

    def __init__(self, taught: Iterable[tuple[str, int]]) -> None:
        self._examples = dict(taught)

    @property
    def taught(self) -> tuple[tuple[str, int], ...]:
        """How many examples of each action it knows."""
        return tuple(self._examples.items())

    def answer(self, lesson: dict[str, Any]) -> dict[str, Any]:
        """Learns or forgets, and returns what is to be said."""
        label = lesson["label"]
        if label in MODEL_LABELS:
            return _refusal("bad-label", f"{label} is a label of the model")
        if lesson["type"] == "teach":
            self._examples[label] = self._examples.get(label, 0) + 1
        elif self._examples.pop(label, None) is None:
            return _refusal("not-taught", f"only what was taught is forgotten, not {label!r}")
        return {
            "type": "taught",
            "label": label,
            "examples": self._examples.get(label, 0),
            "labels": list(self._examples),
        }


def _refusal(code: str, message: str) -> dict[str, Any]:
    return {"type": "error", "code": code, "message": message, "fatal": False}

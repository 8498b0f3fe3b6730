"""What commands of export say, and how far they have come."""

import argparse
import json
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self, TypeVar

from tqdm import tqdm

Item = TypeVar("Item")

FAILED = 1
"""The exit status where a check fails."""

QUIETLY: Any = {"delay": 2.0, "leave": False, "disable": None}
"""A bar is there after 2 s of work, gone at the end, and never in what is no terminal."""


def say(options: argparse.Namespace, lines: Iterable[str], value: dict[str, object]) -> None:
    """Prints lines for a person, or with `--json` one line for a machine."""
    print(json.dumps(value) if options.json else "\n".join(lines))


def followed(
    items: Iterable[Item], what: str, unit: str, total: int | None = None
) -> Iterable[Item]:
    """Goes through items; a bar on stderr says how far, where that takes a while."""
    bar: Iterable[Item] = tqdm(items, what, unit=unit, total=total, **QUIETLY)
    return bar


class Stages:
    """A bar over the stages of work whose inside cannot be followed; it is gone at the end.

    Args:
        what: is done.
        count: of stages.
    """

    def __init__(self, what: str, count: int) -> None:
        self._bar = tqdm(total=count, desc=what, unit="stage", **QUIETLY)

    def done(self, then: str) -> None:
        """One stage is over, another begins."""
        self._bar.set_postfix_str(then, refresh=False)
        self._bar.update()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bar.close()

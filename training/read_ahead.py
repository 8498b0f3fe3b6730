"""Reading ahead: the next items of an iterator are made in a thread while the current one is used.

It knows no data. What it reads must draw nothing from torch's generator, which the steps draw from.
"""

from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")


def ahead(items: Iterator[Item], depth: int = 2) -> Generator[Item, None, None]:
    """Gives the same items in the same order, made by one thread, up to ``depth`` in advance.

    What ``items`` raises is raised where its item would have come. Whoever stops early ends the
    thread, after the item that it is at.
    """
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="read-ahead") as thread:
        coming = deque(thread.submit(_next, items) for _ in range(depth))
        try:
            while found := coming.popleft().result():
                coming.append(thread.submit(_next, items))
                yield found[0]
        finally:
            for later in coming:
                later.cancel()


def _next(items: Iterator[Item]) -> tuple[Item] | None:
    """The next item, or None at the end."""
    for item in items:
        return (item,)
    return None

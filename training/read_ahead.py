"""Reading ahead: the next items of an iterator are made in a thread while the current one is used.

It knows no data. What it reads must draw nothing from torch's generator, which the steps draw from.
"""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

import torch

Item = TypeVar("Item")
Plan = TypeVar("Plan")

MOST_READERS = 8


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


def made_ahead(
    plans: Iterator[Plan], make: Callable[[Plan], Item], threads: int
) -> Generator[Item, None, None]:
    """Gives what is made of each plan, in their order, made by several threads in advance.

    What is raised is raised where its item would have come. Whoever stops early ends the threads,
    after the items that they are at.

    Args:
        plans: What is to be made, drawn here and one after another.
        make: Makes one; it must draw nothing.
        threads: How many make some at the same time.
    """
    with ThreadPoolExecutor(max_workers=threads, thread_name_prefix="read-ahead") as pool:
        coming = deque(pool.submit(make, plan) for plan in islice(plans, threads + 1))
        try:
            while coming:
                made = coming.popleft().result()
                coming.extend(pool.submit(make, plan) for plan in islice(plans, 1))
                yield made
        finally:
            for later in coming:
                later.cancel()


def readers(device: torch.device) -> int:
    """How many threads read for a device: a GPU is not to wait, a processor has work itself."""
    return 1 if device.type == "cpu" else min(MOST_READERS, os.cpu_count() or 1)


def _next(items: Iterator[Item]) -> tuple[Item] | None:
    """The next item, or None at the end."""
    for item in items:
        return (item,)
    return None

"""Reading ahead changes when items are made, and nothing else."""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tests.training.swings import TINY, write_swings
from training.clip_source import ClipBatch, ClipSource
from training.consistency import Perspective
from training.projection import Cameras
from training.read_ahead import ahead
from training.view_task import ViewTask


def readers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if "read-ahead" in thread.name]


@pytest.mark.parametrize("depth", [1, 2, 20])
def test_items_and_their_order_are_those_of_the_iterator(depth: int) -> None:
    """Of any depth, none at all included, and the thread ends with them."""
    assert list(ahead(iter(range(7)), depth)) == list(range(7))
    assert list(ahead(iter(()), depth)) == []
    assert not readers()


def test_what_comes_next_is_made_while_the_current_one_is_used() -> None:
    """As many as the depth says, by another thread, and not one more."""
    made: list[tuple[int, str]] = []
    enough = threading.Event()

    def items() -> Iterator[int]:
        for number in range(9):
            made.append((number, threading.current_thread().name))
            if number == 2:
                enough.set()
            yield number

    reading = ahead(items(), depth=2)
    assert next(reading) == 0
    assert enough.wait(5)
    reading.close()
    assert [number for number, _ in made] == [0, 1, 2]
    assert {name.partition("_")[0] for _, name in made} == {"read-ahead"}
    assert not readers()


def test_what_the_iterator_raises_comes_in_its_place() -> None:
    """Items before it are given first; the thread ends."""

    def items() -> Iterator[int]:
        yield 1
        yield 2
        raise OSError("the disk went away")

    reading = ahead(items())
    assert [next(reading), next(reading)] == [1, 2]
    with pytest.raises(OSError, match="the disk went away"):
        next(reading)
    assert not readers()


def test_batches_are_read_ahead_without_drawing_from_torch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With cameras drawn at random: the same batches whatever the main thread draws meanwhile."""
    source = ClipSource([write_swings(tmp_path / "store")], "coco17", "body-2d", 1, project=True)
    perspective = Perspective(cameras=Cameras(90.0, 10.0), count=2)
    task = ViewTask(source, range(72), perspective, TINY.frames, 12, 1, torch.device("cpu"))
    plainly, names = ClipSource.read_by, set()

    def noting(
        source: ClipSource,
        cameras: NDArray[np.float64],
        places: Sequence[int] | NDArray[np.int64],
    ) -> ClipBatch:
        names.add(threading.current_thread().name.partition("_")[0])
        return plainly(source, cameras, places)

    monkeypatch.setattr(ClipSource, "read_by", noting)
    torch.manual_seed(3)
    alone = torch.rand(6)
    torch.manual_seed(3)
    first, drawn = [], []
    for batch in task.batches(0):
        first.append(batch.clips)
        drawn.append(torch.rand(1))
    assert torch.equal(torch.cat(drawn), alone)
    assert names == {"read-ahead"}
    again = [batch.clips for batch in task.batches(0)]
    assert len(again) == 6
    assert all(torch.equal(one, other) for one, other in zip(first, again, strict=True))

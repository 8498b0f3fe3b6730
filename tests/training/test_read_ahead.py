"""Reading ahead changes when items are made, and nothing else."""

import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from model.pose.normalise import Normalisation
from model.pose.store import DataSet, PoseStore
from model.pose.store_writer import PoseStoreWriter
from tests.training.protocol_store import clip
from tests.training.swings import TINY, write_swings
from training.clip_source import ClipBatch, ClipSource
from training.consistency import Perspective
from training.projection import Cameras
from training.read_ahead import ahead, made_ahead
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


@pytest.mark.parametrize("threads", [1, 4])
def test_what_several_make_comes_in_the_order_of_the_plans(threads: int) -> None:
    """However long each takes, and a fault in its place; no more are made than are wanted."""
    begun: list[int] = []

    def make(plan: int) -> int:
        begun.append(plan)
        time.sleep(0.001 * (plan % 3))
        if plan == 30:
            raise OSError("the disk went away")
        return plan * plan

    making = made_ahead(iter(range(100)), make, threads)
    assert [next(making) for _ in range(30)] == [plan * plan for plan in range(30)]
    with pytest.raises(OSError, match="the disk went away"):
        next(making)
    assert not readers()
    assert max(begun) <= 31 + threads
    assert list(made_ahead(iter(()), make, threads)) == []


@pytest.mark.parametrize("normalisation", ["kinect-3d", "2s-agcn"])
def test_a_clip_reads_the_same_whatever_is_read_beside_it(
    normalisation: Normalisation, tmp_path: Path
) -> None:
    """Clips of like lengths are normalised together; what is padded stays 0."""
    with PoseStoreWriter(tmp_path / "store", DataSet("x", "kinect20", 30.0, ("x",), "")) as store:
        for number in range(40):
            store.append(clip(number, 0, number, 5 + number * 17 % 90))
    source = ClipSource([PoseStore(tmp_path / "store")], "kinect20", normalisation, 1)
    together = source.read(range(40))
    assert len(set(together.lengths.tolist())) > 20
    for place in range(40):
        length = int(together.lengths[place])
        alone = source.read([place]).clips[0]
        assert torch.equal(together.clips[place, :, :length], alone)
        assert not together.clips[place, :, length:].any()


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

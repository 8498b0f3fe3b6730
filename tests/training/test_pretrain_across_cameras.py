"""Pretraining across cameras: views of one execution, by whichever camera that trains."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from model.network.pretrained import load_pretrained
from model.pose.store import PoseStore, StoreError
from model.pose.store_writer import PoseStoreWriter
from tests.training.swings import READING, TINY, write_swings
from training.__main__ import main
from training.clip_source import ClipBatch, ClipSource
from training.view_task import ViewTask, executions

QUICK = "--hidden-size 16 --frames 16 --batch 12 --epochs 1".split()
CAMERAS = 3


@pytest.fixture(scope="module")
def swings(tmp_path_factory: pytest.TempPathFactory) -> PoseStore:
    return write_swings(tmp_path_factory.mktemp("swings") / "store")


@pytest.fixture(scope="module")
def filmed(swings: PoseStore, tmp_path_factory: pytest.TempPathFactory) -> PoseStore:
    """Each clip as three cameras recorded it."""
    path = tmp_path_factory.mktemp("filmed") / "store"
    with PoseStoreWriter(path, swings.data_set) as writer:
        for clip in swings:
            for camera in range(1, CAMERAS + 1):
                name = f"{clip.name}_v{camera}"
                writer.append(replace(clip, name=name, view=camera, execution=clip.name))
    return PoseStore(path)


class NotedSource(ClipSource):
    """A source that notes what is read."""

    def __init__(self, store: PoseStore) -> None:
        super().__init__([store], READING.layout, READING.normalisation, persons=1)
        self.noted: list[list[int]] = []

    def read(self, places: Sequence[int] | NDArray[np.int64], observed: float = 1.0) -> ClipBatch:
        self.noted.append([int(place) for place in places])
        return super().read(places, observed)


def test_views_of_a_clip_are_of_all_recordings_that_train_of_its_execution(
    filmed: PoseStore,
) -> None:
    """Row v·B + b is of the execution of clip b; the third camera, which tests, is in no view."""
    source = NotedSource(filmed)
    train = [place for place in range(len(source)) if source.entry(place).view != CAMERAS]
    perspective = replace(TINY.perspective, across_cameras=True)
    task = ViewTask(source, train, perspective, TINY.frames, 24, 1, torch.device("cpu"))

    assert [len(batch.clips) for batch in task.batches(0)] == [4 * 24] * (len(train) // 24)
    read = np.array(source.noted).reshape(-1, perspective.count, 24)
    executions = np.vectorize(lambda place: source.entry(place).execution)(read)
    cameras = np.vectorize(lambda place: source.entry(place).view)(read)
    assert (executions == executions[:, :1]).all()
    # Each execution comes with each of its recordings: twice.
    assert set(Counter(executions[:, 0].ravel()).values()) == {2}
    assert set(cameras.ravel()) == {1, 2}
    # Of four views by two cameras all are by one with a chance of an eighth.
    assert np.ptp(cameras, axis=1).mean() == pytest.approx(7 / 8, abs=0.08)


def test_one_camera_twice_is_not_two(filmed: PoseStore) -> None:
    """A store that is given twice holds each execution twice, by the same camera."""
    source = ClipSource([filmed, filmed], READING.layout, READING.normalisation, persons=1)
    train = [place for place in range(len(source)) if source.entry(place).view == 1]
    with pytest.raises(StoreError, match="expected clips that several cameras recorded of one"):
        executions(source, train)


def test_the_command_says_what_was_compared(
    filmed: PoseStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The checkpoint notes it, for whoever reads a figure of it; how many clips, is printed."""
    given = ["--store", str(filmed.path), "--out", str(tmp_path), "--views", "1", "2"]
    assert main(["pretrain", *given, *QUICK, "--across-cameras"]) == 0
    settings = load_pretrained(tmp_path / "pretrained.ckpt").provenance["settings"]
    assert isinstance(settings, dict)
    assert settings["preset"]["perspective"]["across_cameras"] is True
    train = sum(entry.view != CAMERAS for entry in filmed.entries)
    said = f"{train:,} clips, {train:,} of them recorded by several cameras"
    assert said in capsys.readouterr().out


def test_clips_of_one_camera_are_refused(
    swings: PoseStore, filmed: PoseStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whether the store names no execution, or only one of its cameras trains."""
    for store, views in ((swings, []), (filmed, ["--views", "1"])):
        given = ["--store", str(store.path), "--out", str(tmp_path / "out"), *views]
        assert main(["pretrain", *given, *QUICK, "--across-cameras"]) == 2
        assert capsys.readouterr().err == (
            "pretrain: expected clips that several cameras recorded of one execution, got none "
            "among those that train; a store that an earlier version prepared does not say\n"
        )
        assert not (tmp_path / "out").exists()

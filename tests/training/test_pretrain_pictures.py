"""Pretraining on picture keypoints: of recordings in space, of pictures, and who reads it then."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from model.network.pretrained import load_pretrained
from model.network.projectors import Projections
from model.pose.store import DataSet, PoseClip, PoseStore
from model.pose.store_writer import PoseStoreWriter
from tests.training.protocol_store import write_protocol_store
from training.__main__ import main
from training.clip_source import ClipSource
from training.presets import PRESETS
from training.pretraining import perspective_on
from training.projection import Cameras
from training.view_task import ViewTask

QUICK = "--hidden-size 16 --frames 16 --batch 12 --epochs 1".split()
PICTURES = "--layout coco17 --normalisation body-2d".split()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> PoseStore:
    return write_protocol_store(tmp_path_factory.mktemp("space") / "store")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> PoseStore:
    """A store as a pose estimator leaves it: x, y in pixels and a score."""
    path = tmp_path_factory.mktemp("pictures") / "store"
    draw = np.random.default_rng(0)
    with PoseStoreWriter(path, DataSet("made_up", "coco17", 30.0, ("x",), "made up")) as writer:
        for number in range(24):
            keypoints = draw.uniform(0, 400, (20, 1, 17, 4)).astype(np.float32)
            keypoints[..., 2] = 0
            keypoints[..., 3] = draw.uniform(0.2, 1, (20, 1, 17))
            writer.append(PoseClip(f"c{number}", keypoints, np.linspace(0, 600, 20), 1, 1, 0))
    return PoseStore(path)


class Seen(nn.Module):
    """Keeps the views that it is given."""

    def forward(self, views: Tensor) -> list[Projections]:
        self.views = views
        return [Projections(*(view.flatten(1)[:, :4],) * 3) for view in views]


def _noted_preset(checkpoint: Path) -> Mapping[str, Mapping[str, object]]:
    settings = load_pretrained(checkpoint).provenance["settings"]
    assert isinstance(settings, dict)
    noted: Mapping[str, Mapping[str, object]] = settings["preset"]["perspective"]
    assert settings["project"] is ("cameras" in noted and noted["cameras"] is not None)
    return noted


def test_recordings_in_space_train_an_encoder_of_pictures(
    store: PoseStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The checkpoint says so; evaluate shows it pictures, or says in one sentence that it must."""
    given = ["--store", str(store.path), "--out", str(tmp_path)]
    training = [*QUICK, "--left-out", "2", "4", "6", "8"]
    assert main(["pretrain", *given, *training, *PICTURES, "--project"]) == 0
    checkpoint = tmp_path / "pretrained.ckpt"
    reading = load_pretrained(checkpoint).reading
    assert (reading.layout, reading.normalisation) == ("coco17", "body-2d")
    noted = _noted_preset(checkpoint)
    assert noted["cameras"] == {"turn_degrees": 90, "tilt_degrees": 10}
    assert noted["views"]["picture"] is True
    asked = ["evaluate", "knn", "--protocol", "utd_mhad/cross-subject", "--name", "x"]
    asked += [*given, "--pretrained", str(checkpoint)]
    assert main([*asked, "--project"]) == 0
    assert main(asked) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert "have 3 dimensions, the encoder reads 2; --project shows" in said


def test_stores_of_pictures_need_no_flag(pictures: PoseStore, tmp_path: Path) -> None:
    """They are read as they are, with views in the plane, and no camera is drawn."""
    given = ["--store", str(pictures.path), *PICTURES, "--out", str(tmp_path)]
    assert main(["pretrain", *given, *QUICK]) == 0
    noted = _noted_preset(tmp_path / "pretrained.ckpt")
    assert noted["cameras"] is None
    assert noted["views"]["picture"] is True


def test_each_view_of_a_projected_clip_has_a_camera_of_its_own(store: PoseStore) -> None:
    """Four views a clip, B clips; of one clip shoulders are of many widths, of an epoch the same.

    Scores, 1 or 0 here, are those of the clip in every view.
    """
    source = ClipSource([store], "coco17", "body-2d", 1, project=True)
    perspective = perspective_on(source, PRESETS["small"].perspective)
    task = ViewTask(source, range(24), perspective, 16, 12, 1, torch.device("cpu"))
    network = Seen()
    first, second = task.batches(0)
    task.loss(network, first)
    width = (network.views[:, :, 0, :, 5] - network.views[:, :, 0, :, 6]).mean(dim=(2, 3))

    assert network.views.shape == (4, 12, 3, 16, 17, 1)
    assert float(width.std(dim=0).median()) > 0.1
    assert set(network.views[:, :, 2].flatten().tolist()) == {0.0, 1.0}
    assert torch.equal(next(task.batches(0)).clips, first.clips)
    assert not torch.equal(next(task.batches(1)).clips, first.clips)
    assert len(second.clips) == 4 * 12


def test_views_of_one_clip_stand_at_the_same_place_of_each_view(store: PoseStore) -> None:
    """Row v·B + b is clip b by camera v: by cameras that are all alike, all views are."""
    source = ClipSource([store], "coco17", "body-2d", 1, project=True)
    perspective = replace(
        perspective_on(source, PRESETS["small"].perspective), cameras=Cameras(0.0, 0.0)
    )
    task = ViewTask(source, range(24), perspective, 16, 12, 1, torch.device("cpu"))
    for batch in task.batches(0):
        views = batch.clips.reshape(4, 12, *batch.clips.shape[1:])
        assert torch.equal(views, views[:1].expand_as(views))
        assert not torch.equal(views[0, 0], views[0, 1])


def test_a_normalisation_in_space_makes_no_picture(
    store: PoseStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence names the flag, and nothing is left behind."""
    out = tmp_path / "out"
    given = ["--store", str(store.path), "--out", str(out), *QUICK, "--project"]
    assert main(["pretrain", *given]) == 2
    assert capsys.readouterr().err == (
        "pretrain: --project: expected a --normalisation of picture keypoints, such as body-2d, "
        "got kinect-3d\n"
    )
    assert not out.exists()

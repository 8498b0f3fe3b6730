"""Pretraining tells clips apart without their labels, survives a kill, and says when it fails."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from model.network.pretrained import Reading, load_pretrained
from model.network.weights import CheckpointError
from model.pose.layout import layout_named
from model.pose.store import DataSet, PoseClip, PoseStore
from model.pose.store_writer import PoseStoreWriter
from training.__main__ import main
from training.clip_source import ClipBatch, ClipSource
from training.collapse import diversity
from training.mgfd import MgfdWeights
from training.optimisation import Optimisation
from training.pretrain import PRESETS, Preset, chosen_clips, pretrain
from training.representation import (
    Labelled,
    clip_features,
    labelled,
    linear_accuracy,
    retrieval_accuracy,
)
from training.view_task import CollapseError, Perspective
from training.views import CAMERA_VIEWS

KINECT = layout_named("kinect20")
READING = Reading("joint", "kinect20", "kinect-3d")
TINY = Preset(
    hidden_size=16,
    persons=1,
    frames=16,
    perspective=Perspective(views=CAMERA_VIEWS),
    optimisation=Optimisation(
        epochs=6, batch=24, learning_rate=2e-3, weight_decay=1e-5, validate_every=2
    ),
)


def write_swings(path: Path, subjects: int = 6, each: int = 4) -> PoseStore:
    """A store of three classes: what swings is an arm, a leg, or both arms."""
    draw = np.random.default_rng(0)
    moving = {0: ("left_",), 1: ("right_",), 2: ("left_", "right_")}
    data_set = DataSet("swings", "kinect20", 30.0, ("arm", "leg", "both"), "made up")
    with PoseStoreWriter(path, data_set) as writer:
        for subject in range(subjects):
            body = draw.normal(size=(20, 3)) * 0.02 + np.linspace(0, 1.6, 20)[:, None] * 0.3
            body[:, 1] += np.arange(20) % 7 * 0.2
            body[4:8, 0] -= 0.3
            body[8:12, 0] += 0.3
            for number in range(3 * each):
                label, frames = number % 3, int(draw.integers(20, 50))
                phase = np.sin(np.arange(frames) / 3 + draw.uniform(0, 6))
                points = np.repeat(body[None], frames, axis=0)
                for joint, name in enumerate(KINECT.joints):
                    if name.startswith(moving[label]) and ("leg" if label == 1 else "") in "leg":
                        points[:, joint, 1] += 0.25 * phase * (label + 1)
                keypoints = np.ones((frames, 1, 20, 4), np.float32)
                keypoints[:, 0, :, :3] = points + draw.normal(size=points.shape) * 0.005
                times_ms = np.arange(frames) * 1000 / 30
                name = f"s{subject}_{number}"
                writer.append(PoseClip(name, keypoints, times_ms, subject, 1, label))
    return PoseStore(path)


@pytest.fixture(scope="module")
def swings(tmp_path_factory: pytest.TempPathFactory) -> PoseStore:
    return write_swings(tmp_path_factory.mktemp("swings") / "store")


def source_of(store: PoseStore) -> ClipSource:
    return ClipSource([store], "kinect20", "kinect-3d", persons=1)


class KilledError(Exception):
    """The process was killed."""


class DyingSource(ClipSource):
    """A source whose process is killed at its tenth batch, in the middle of an epoch."""

    reads = 0

    def read(self, places: Sequence[int] | NDArray[np.int64]) -> ClipBatch:
        self.reads += 1
        if self.reads == 10:
            raise KilledError
        return super().read(places)


def test_pretraining_lowers_its_loss_and_keeps_clips_apart(
    swings: PoseStore, tmp_path: Path
) -> None:
    """The loss falls, the features span many directions, and the checkpoint gives them again."""
    source = source_of(swings)
    chosen = chosen_clips(source, None, set(), {5})
    path = pretrain(source, chosen, READING, TINY, tmp_path, "32-true")
    pretrained = load_pretrained(path)
    progress = pretrained.provenance["progress"]
    assert isinstance(progress, dict)
    assert progress["losses"][-1] < progress["losses"][0]
    assert pretrained.reading == READING
    features = clip_features(
        pretrained.network.backbone, source, chosen.train, "joint", KINECT.parents
    )
    found = diversity(torch.from_numpy(features))
    assert found.rank > 3


def test_a_killed_run_is_taken_up_to_the_same_weights(swings: PoseStore, tmp_path: Path) -> None:
    """Two epochs, a stop and four more give what six at once give, to the bit."""
    source = source_of(swings)
    chosen = chosen_clips(source, None, set(), {5})
    whole = load_pretrained(pretrain(source, chosen, READING, TINY, tmp_path / "a", "32-true"))

    begun = tmp_path / "b"
    dying = DyingSource([swings], "kinect20", "kinect-3d", persons=1)
    with pytest.raises(KilledError):
        pretrain(dying, chosen, READING, TINY, begun, "32-true")
    assert (begun / "pretrain.state.pt").is_file()
    again = load_pretrained(pretrain(source, chosen, READING, TINY, begun, "32-true"))
    for name, weights in whole.network.state_dict().items():
        assert torch.equal(weights, again.network.state_dict()[name]), name


def test_collapse_is_named() -> None:
    """Equal features are a complete collapse, features on a line a dimensional one."""
    torch.manual_seed(0)
    apart = torch.randn(64, 32)
    assert diversity(apart).collapse is None
    assert diversity(torch.ones(64, 32) + 1e-3 * apart).collapse == "complete collapse"
    line = torch.randn(64, 1) * torch.ones(1, 32)
    assert diversity(line).collapse == "dimensional collapse"
    assert diversity(torch.full((4, 8), torch.nan)).collapse == "complete collapse"


def test_a_run_that_collapses_says_so(swings: PoseStore, tmp_path: Path) -> None:
    """With similarity alone all clips become one: the run ends with a sentence that names it."""
    loss = MgfdWeights(similarity=50.0, variance_autocovariance=0.0)
    optimisation = replace(TINY.optimisation, epochs=40, learning_rate=2e-2)
    perspective = replace(TINY.perspective, loss=loss)
    preset = replace(TINY, perspective=perspective, optimisation=optimisation)
    source = source_of(swings)
    chosen = chosen_clips(source, None, set(), {5})
    with pytest.raises(CollapseError, match="collapse: projections have spread"):
        pretrain(source, chosen, READING, preset, tmp_path, "32-true")


def test_views_and_subjects_choose_the_clips(swings: PoseStore) -> None:
    """Left out is looked at by nobody; choosing does not train; nobody is left: refused."""
    source = source_of(swings)
    chosen = chosen_clips(source, {1}, {0, 1}, {5})
    assert {source.entry(place).subject for place in chosen.train} == {2, 3, 4}
    assert {source.entry(place).subject for place in chosen.queries} == {5}
    with pytest.raises(ValueError, match="leave none"):
        chosen_clips(source, {1}, set(range(6)), set())


def test_probe_and_retrieval_read_what_features_hold(swings: PoseStore) -> None:
    """Features that are the class give 100 %, features of nothing about a third."""
    source = source_of(swings)
    places = range(len(source))
    draw = np.random.default_rng(0)
    nothing = labelled(draw.normal(size=(72, 8)).astype(np.float32), source, places)
    told = Labelled(np.eye(3, dtype=np.float32)[nothing.labels], nothing.labels, nothing.subjects)
    assert retrieval_accuracy(told, told) == 100
    assert linear_accuracy(told, told) == 100
    other = labelled(draw.normal(size=(72, 8)).astype(np.float32), source, places)
    assert 10 < retrieval_accuracy(nothing, other) < 60


def test_what_is_not_a_pretrained_checkpoint_is_refused(tmp_path: Path) -> None:
    """One sentence names the file, what was expected and what came."""
    path = tmp_path / "x.ckpt"
    torch.save({"format": "posewire-pretrained", "version": 9}, path)
    with pytest.raises(CheckpointError, match=r"x\.ckpt: expected format .* version 1; found"):
        load_pretrained(path)
    settings = {"format": "posewire-pretrained", "version": 1, "encoder": {"kind": "dste"}}
    torch.save(settings, path)
    with pytest.raises(CheckpointError, match="settings cannot be read"):
        load_pretrained(path)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--store", "nowhere"], "nowhere"),
        (["--store", "{store}", "--layout", "bird"], "layout 'bird' is unknown"),
        (["--store", "{store}", "--layout", "coco17"], "layout 'coco17' lacks pelvis"),
        (["--store", "{store}", "--views", "1", "2"], "camera 2, the stores hold none"),
        (["--store", "{store}", "--choosing", "99"], "subject 99, the stores hold none"),
        (["--store", "{store}", "--seed", "-1"], "seed: expected 0 or more, got -1"),
        (["--store", "{store}", "--left-out", *"012345"], "leave none"),
        (["--store", "{store}", "--left-out", *"01234", "--epochs", "1"], "batch"),
    ],
)
def test_bad_input_of_the_command_is_one_sentence(
    arguments: list[str],
    sentence: str,
    swings: PoseStore,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Exit 2, one line on stderr."""
    filled = [argument.format(store=swings.path) for argument in arguments]
    assert main(["pretrain", *filled, "--out", str(tmp_path)]) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert sentence in said[0]


def test_the_presets_are_the_papers_and_one_for_a_cpu() -> None:
    """The authors used D 1024, two persons, 64 frames, 451 epochs, batch 356, 5e-4."""
    paper = PRESETS["paper"]
    assert (paper.hidden_size, paper.persons, paper.frames) == (1024, 2, 64)
    settings = paper.optimisation
    assert (settings.epochs, settings.batch, settings.learning_rate) == (451, 356, 5e-4)
    assert PRESETS["small"].persons == 1

"""Pretraining tells clips apart without their labels, and says when it fails."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from model.network.pretrained import load_pretrained
from model.network.weights import CheckpointError
from model.pose.store import PoseStore
from tests.training.protocol_store import write_protocol_store
from tests.training.swings import KINECT, READING, TINY, source_of, write_swings
from training.__main__ import main
from training.clip_choice import chosen_clips
from training.clip_source import ClipSource
from training.collapse import diversity
from training.consistency import CollapseError
from training.mgfd import MgfdWeights
from training.presets import PRESETS
from training.pretraining import pretrain
from training.representation import (
    Labelled,
    clip_features,
    labelled,
    logistic_probe,
    retrieval_accuracy,
)


@pytest.fixture(scope="module")
def swings(tmp_path_factory: pytest.TempPathFactory) -> PoseStore:
    return write_swings(tmp_path_factory.mktemp("swings") / "store")


def test_pretraining_lowers_its_loss_and_keeps_clips_apart(
    swings: PoseStore, tmp_path: Path
) -> None:
    """The loss falls, features span many directions, and the checkpoint says whose clips it saw."""
    source = source_of(swings)
    chosen = chosen_clips(source, None, set(), {5})
    path = pretrain(source, chosen, READING, TINY, tmp_path).checkpoint
    pretrained = load_pretrained(path)
    assert pretrained.provenance["data"] == {
        "swings": {"clips": 72, "subjects": [0, 1, 2, 3, 4, 5], "views": [1], "setups": []}
    }
    progress = pretrained.provenance["progress"]
    assert isinstance(progress, dict)
    assert progress["losses"][-1] < progress["losses"][0]
    assert pretrained.reading == READING
    features = clip_features(
        pretrained.network.backbone, source, chosen.train, "joint", KINECT.parents
    )
    found = diversity(torch.from_numpy(features))
    assert found.rank > 3


def test_collapse_is_named() -> None:
    """Equal features are a complete collapse, features on a line a dimensional one."""
    torch.manual_seed(0)
    apart = torch.randn(64, 32)
    assert diversity(apart).collapse is None
    assert diversity(torch.ones(64, 32) + 1e-3 * apart).collapse == "complete collapse"
    line = torch.randn(64, 1) * torch.ones(1, 32)
    assert diversity(line).collapse == "dimensional collapse"
    assert diversity(torch.full((4, 8), torch.nan)).collapse == "complete collapse"


@pytest.mark.parametrize("validate_every", [1, 1_000])
def test_a_run_that_collapses_says_so(
    swings: PoseStore, tmp_path: Path, validate_every: int
) -> None:
    """With similarity alone all clips become one: a sentence names it, at the end if not before."""
    loss = MgfdWeights(similarity=50.0, variance_autocovariance=0.0)
    optimisation = replace(
        TINY.optimisation,
        epochs=40,
        learning_rate=2e-2,
        average_decay=0.5,
        validate_every=validate_every,
    )
    perspective = replace(TINY.perspective, loss=loss)
    preset = replace(TINY, perspective=perspective, optimisation=optimisation)
    source = source_of(swings)
    chosen = chosen_clips(source, None, set(), {5})
    with pytest.raises(CollapseError, match="collapse: projections have spread"):
        pretrain(source, chosen, READING, preset, tmp_path)


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
    assert (logistic_probe(told).predict(told.features) == told.labels).all()
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
    reading = {"modality": "joint", "layout": "kinect20", "normalisation": "bird"}
    encoder = {"kind": "dste", "joints": 20, "persons": 1, "hidden_size": 16, "frames": 16}
    torch.save({**settings, "encoder": encoder, "reading": reading, "provenance": {}}, path)
    with pytest.raises(CheckpointError, match=r"settings cannot be read: .*'bird'"):
        load_pretrained(path)


QUICK = "--hidden-size 16 --frames 16 --batch 12 --epochs 1".split()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("--store nowhere", "nowhere"),
        ("--layout bird", "layout 'bird' is unknown"),
        ("--layout coco17", "layout 'coco17' lacks pelvis"),
        ("--normalisation bird", "invalid choice: 'bird'"),
        ("--modality bird", "invalid choice: 'bird'"),
        ("--preset bird", "invalid choice: 'bird'"),
        ("--views 1 2", "camera 2, the stores hold none"),
        ("--choosing 99", "subject 99, the stores hold none"),
        ("--left-out 99", "subject 99, the stores hold none"),
        ("--left-out 0 1 2 3 4 5", "leave none"),
        ("--protocol ntu60/cross-view", "is for ntu60 or ntu60_agcn or ntu60_2d, this store holds"),
        ("--protocol ntu60", "protocol 'ntu60' is unknown; known are"),
        ("--seed -1", "--seed: expected a whole number of at least 0, got '-1'"),
        ("--seed 4294967296", "expected a seed of at most 4294967295, got 4294967296"),
        ("--epochs 0", "--epochs: expected a whole number of at least 1, got '0'"),
        ("--accumulate 0", "--accumulate: expected a whole number of at least 1, got '0'"),
        ("--learning-rate 0", "--learning-rate: expected a number above 0, got '0'"),
        ("--learning-rate nan", "--learning-rate: expected a number above 0, got 'nan'"),
        ("--batch 0", "--batch: expected a whole number of at least 1, got '0'"),
        ("--batch 1", "batch: expected at least 2 clips to be told apart, got 1"),
        ("--batch 73", "batch: expected at most 72, since 72 clips train on 1 device(s), got 73"),
        ("--hidden-size 15", "hidden_size must be even"),
        ("--frames 0", "--frames: expected a whole number of at least 1, got '0'"),
        ("--encoder bird", "invalid choice: 'bird'"),
        ("--accelerator bird", "invalid choice: 'bird'"),
        ("--devices 0", "--devices: expected a whole number of at least 1, got '0'"),
        ("--precision bird", "invalid choice: 'bird'"),
        ("--epochs many", "--epochs: expected a whole number of at least 1, got 'many'"),
    ],
)
def test_bad_input_of_the_command_is_one_sentence(
    arguments: str,
    sentence: str,
    swings: PoseStore,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Exit 2, one line on stderr that names flag or setting, and nothing is left behind."""
    given = ["--store", str(swings.path), *QUICK, *arguments.split()]
    try:
        status = main(["pretrain", *given, "--out", str(tmp_path / "out")])
    except SystemExit as ended:  # argparse's own
        status = int(ended.code or 0)
    said = capsys.readouterr().err.splitlines()
    assert status == 2
    assert len(said) == 1
    assert sentence in said[0]
    assert not (tmp_path / "out").exists()


def test_a_state_that_cannot_be_taken_up_is_kept_until_restart(
    swings: PoseStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of other settings, half a file, parts missing: one sentence; --restart begins anew."""
    command = ["pretrain", "--store", str(swings.path), *QUICK, "--out", str(tmp_path)]
    state = tmp_path / "pretrain.state.pt"
    assert main(command) == 0
    whole = state.read_bytes()
    assert main([*command, "--seed", "2"]) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert f"{state}: this run began with other settings: preset.optimisation.seed was 1," in last
    assert last.endswith(" and is now 2; --restart begins it anew")
    content = torch.load(state, weights_only=True)
    del content["average"]
    torch.save(content, tmp_path / "parted.pt")
    content = torch.load(state, weights_only=True)
    content["progress"]["epoch"] = "two"
    torch.save(content, tmp_path / "worded.pt")
    damaged = [(tmp_path / name).read_bytes() for name in ("parted.pt", "worded.pt")]
    for broken in (whole[: len(whole) // 2], b"no state", *damaged):
        state.write_bytes(broken)
        assert main(command) == 2
        last = capsys.readouterr().err.splitlines()[-1]
        assert last.endswith(
            "expected the state of a run, found something else; --restart begins it anew"
        )
        assert state.read_bytes() == broken
    assert main([*command, "--seed", "2", "--restart"]) == 0


def test_a_run_is_not_taken_up_with_other_clips(
    swings: PoseStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As many clips, but of another subject, or others who choose: refused by name."""
    command = ["pretrain", "--store", str(swings.path), *QUICK, "--out", str(tmp_path)]
    assert main([*command, "--left-out", "5", "--choosing", "4"]) == 0
    kept = capsys.readouterr().out
    assert "last epoch kept (fewer than 3 validations: --choosing chose nothing)" in kept
    noted: Any = load_pretrained(tmp_path / "pretrained.ckpt").provenance["data"]
    assert noted["swings"]["subjects"] == [0, 1, 2, 3, 4]
    assert main([*command, "--left-out", "3", "--choosing", "4"]) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert "data.swings.subjects was [0, 1, 2, 3], and is now [0, 1, 2, 5]" in said
    assert main([*command, "--left-out", "4", "--choosing", "5"]) == 2
    assert "choosing.swings.subjects was [4], and is now [5]" in capsys.readouterr().err


def test_a_protocol_keeps_who_tests_out(
    swings: PoseStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only its training part is seen, less who is left out; of another store, all are."""
    store = write_protocol_store(tmp_path / "store")
    command = ["pretrain", *QUICK, "--out", str(tmp_path), "--protocol", "utd_mhad/cross-subject"]
    assert main([*command, "--left-out", "5", "--store", str(store.path)]) == 0
    provenance = load_pretrained(tmp_path / "pretrained.ckpt").provenance
    assert provenance["data"] == {
        "utd_mhad": {"clips": 36, "subjects": [1, 3, 7], "views": [], "setups": []}
    }
    both = ["--out", str(tmp_path / "both"), "--store", str(swings.path), str(store.path)]
    assert main([*command, *both]) == 0
    data = load_pretrained(tmp_path / "both" / "pretrained.ckpt").provenance["data"]
    assert isinstance(data, dict)
    assert data["utd_mhad"]["subjects"] == [1, 3, 5, 7]
    assert data["swings"]["clips"] == len(swings.entries)
    capsys.readouterr()
    assert main([*command, "--store", str(swings.path), str(swings.path)]) == 2
    assert "is for utd_mhad, this store holds swings" in capsys.readouterr().err
    # Who tests is left out in any case, and cannot choose.
    assert main([*command, "--restart", "--left-out", "2", "--store", str(store.path)]) == 0
    assert main([*command, "--choosing", "2", "--store", str(store.path)]) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.endswith("clips of subject 2, none of those that train by the protocol is")


def test_subjects_of_several_stores_do_not_choose(
    swings: PoseStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Class 0 of one data set is not class 0 of another; without --choosing both train."""
    stores = ["--store", str(swings.path), str(swings.path)]
    assert main(["pretrain", *stores, *QUICK, "--out", str(tmp_path), "--choosing", "5"]) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert "--choosing: expected one store, because classes of several have the same" in said
    source = ClipSource([swings, swings], "kinect20", "kinect-3d", 1)
    assert len(chosen_clips(source, None, set(), set()).train) == 144


def test_a_run_that_is_done_is_not_done_again(
    swings: PoseStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same command once more learns nothing, and writes the same checkpoint."""
    command = ["pretrain", "--store", str(swings.path), *QUICK, "--out", str(tmp_path), "--json"]
    assert main(command) == 0
    said = capsys.readouterr().out.splitlines()
    assert re.search(r"72 clips, last epoch kept, [\d,]+ clips/s on cpu × 1, ", said[-2])
    assert json.loads(said[-1])["clips_per_second"] > 0
    first = (tmp_path / "pretrained.ckpt").read_bytes()
    assert main(command) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["clips_per_second"] == 0
    assert (tmp_path / "pretrained.ckpt").read_bytes() == first


def test_flags_stand_in_the_presets_place(swings: PoseStore, tmp_path: Path) -> None:
    """The checkpoint's encoder and settings are what the flags said."""
    flags = [*QUICK, "--encoder", "sttr", "--accumulate", "2", "--learning-rate", "0.002"]
    command = ["pretrain", "--store", str(swings.path), *flags, "--out", str(tmp_path)]
    assert main([*command, "--precision", "32-true"]) == 0
    pretrained = load_pretrained(tmp_path / "pretrained.ckpt")
    config = pretrained.network.backbone.config
    assert (config.kind, config.hidden_size, config.frames) == ("sttr", 16, 16)
    settings = pretrained.provenance["settings"]
    assert isinstance(settings, dict)
    assert settings["precision"] == "32-true"
    noted = settings["preset"]["optimisation"]
    assert (noted["accumulate"], noted["learning_rate"], noted["batches"]) == (2, 0.002, 6)


def test_the_presets_are_the_papers_and_one_for_a_cpu() -> None:
    """The authors used D 1024, two persons, 64 frames, 451 epochs, batch 356, 5e-4."""
    paper = PRESETS["paper"]
    assert (paper.hidden_size, paper.persons, paper.frames) == (1024, 2, 64)
    settings = paper.optimisation
    assert (settings.epochs, settings.batch, settings.learning_rate) == (451, 356, 5e-4)
    assert PRESETS["small"].persons == 1
    assert (paper.encoder, PRESETS["edge"].hidden_size) == ("dste", 256)

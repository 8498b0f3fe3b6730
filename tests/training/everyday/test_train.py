"""The everyday model from prepared stores to an artifact, in small."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch

from export.graph import check_network
from model.network.checkpoint import load_checkpoint
from model.network.pretrained import load_pretrained
from model.pose.artifact import spec_of
from model.pose.store import PoseClip, PoseStore, StoreError
from model.pose.store_writer import PoseStoreWriter
from tests.training.everyday.made_up import SPLITS, VOCABULARY, write_store
from tests.training.everyday.small import preset, recipe, words_of
from training.__main__ import main
from training.calibration import fit_temperature
from training.everyday import finetuning, train
from training.everyday.calibration import calibrated
from training.everyday.choosing import Choosing
from training.everyday.finetuning import (
    VERSION,
    finetune_on_streams,
    finetuned_path,
)
from training.everyday.label_windows import ends_by_label
from training.everyday.pretraining import READING, TIMING, pretrain_on_streams
from training.everyday.recipe import EncoderOptimisation
from training.everyday.splits import Part, SplitError, held_out
from training.everyday.stream_source import StreamSource
from training.everyday.stream_store import write_streams
from training.labellers import load_weights, open_checkpoint, save_weights
from training.optimisation import FitError

TESTER = 5


class Guarded(PoseStore):
    """A store that hands out nobody who tests."""

    def __getitem__(self, place: int) -> PoseClip:
        if self.entries[place].subject == TESTER:
            raise AssertionError(f"{self.entries[place].name} tests, and was read")
        return super().__getitem__(place)


class Interrupted(PoseStore):
    """A store whose reader presses Ctrl-C at the given read."""

    def __init__(self, path: Path, at: int) -> None:
        super().__init__(path)
        self._left = at

    def __getitem__(self, place: int) -> PoseClip:
        self._left -= 1
        if self._left < 0:
            raise KeyboardInterrupt
        return super().__getitem__(place)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("everyday")
    (folder / "vocabulary.toml").write_text(VOCABULARY, encoding="utf-8")
    (folder / "splits.toml").write_text(SPLITS, encoding="utf-8")
    write_store(folder / "hdm05")
    streams_of(folder, "train", 0.06)
    streams_of(folder, "choose", 0.01)
    return folder


def streams_of(folder: Path, part: Part, hours: float) -> PoseStore:
    stores = [Guarded(folder / "hdm05")]
    return write_streams(stores, *words_of(folder), part, folder / part, hours, seed=1)


def test_streams_are_composed_once_and_again_after_a_change(folder: Path) -> None:
    """The same arguments leave the store alone, another length does not; nobody who tests acts."""
    before = (folder / "train" / "keypoints.npy").stat().st_mtime_ns
    store = streams_of(folder, "train", 0.06)
    assert (folder / "train" / "keypoints.npy").stat().st_mtime_ns == before
    assert {entry.subject for entry in store.entries} <= {1, 2, 3}
    other = folder / "shorter"
    other.mkdir()
    stores = [Guarded(folder / "hdm05")]
    first = write_streams(stores, *words_of(folder), "choose", other / "s", 0.01, seed=1)
    assert {entry.subject for entry in first.entries} == {4}
    longer = write_streams(stores, *words_of(folder), "choose", other / "s", 0.04, seed=1)
    assert len(longer) > len(first)


def test_from_streams_to_what_can_be_exported(folder: Path, tmp_path: Path) -> None:
    """Pretrain, fine-tune, calibrate: what is exported says the classes, its figures and terms."""
    train, choose = PoseStore(folder / "train"), PoseStore(folder / "choose")
    vocabulary, _ = words_of(folder)
    encoder = pretrain_on_streams(train, preset(), tmp_path, held_out="a hash").checkpoint
    ours = recipe("usdrl")
    progress = finetune_on_streams(
        train, choose, vocabulary, ours, tmp_path, pretrained=encoder, held_out="a hash"
    )
    assert progress.epoch == 2
    weights = load_weights(finetuned_path(tmp_path, ours))
    choosing = Choosing(choose, vocabulary, weights.spec)
    spec = calibrated(weights, choosing)
    said = choosing.evaluate(weights.network).log_probabilities(spec.labels)
    assert spec.calibration.temperature == pytest.approx(fit_temperature(*said), abs=1e-4)
    assert spec.labels == vocabulary.labels
    assert spec.figures["everyday.choosing.false_alarms_per_minute"] <= 0.5
    path = tmp_path / "everyday-s.ckpt"
    save_weights(replace(weights, spec=spec), path)
    checkpoint = load_checkpoint(path)
    check_network(checkpoint.network.config, spec_of(checkpoint.artifact))
    assert open_checkpoint(path).spec.calibration == spec.calibration
    assert "non-commercial" in spec.provenance.terms
    assert open_checkpoint(path).spec == spec
    assert (spec.version, spec.provenance.held_out) == (VERSION, "a hash")


def test_no_stage_goes_on_with_what_learnt_from_others(
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An encoder, a run and weights from other splits are refused; the command asks each stage."""
    streams, (vocabulary, splits) = PoseStore(folder / "choose"), words_of(folder)
    kept, others = held_out(splits, vocabulary), "ab" * 32
    encoder = pretrain_on_streams(streams, preset(), tmp_path / "pretrain", held_out=others)
    learn = partial(finetune_on_streams, streams, streams, vocabulary)
    with pytest.raises(SplitError, match=r"pretrained.ckpt: expected .* got one without others"):
        learn(recipe("usdrl"), tmp_path, pretrained=encoder.checkpoint, held_out=kept)
    learn(recipe("scratch"), tmp_path, held_out=others)
    with pytest.raises(FitError, match="held_out"):
        learn(recipe("scratch"), tmp_path, held_out=kept)

    monkeypatch.setattr(train, "read_vocabulary", lambda: vocabulary)
    monkeypatch.setattr(train, "_filmed", lambda *_: None)
    words = ["everyday", "--stores", str(folder), "--splits", str(splits.path), "--hours", "0.01"]
    words += ["--choose-minutes", "0.6", "--calibrate-minutes", "0.6", "--out", str(tmp_path)]
    for stage, model, named in (
        ("finetune", "usdrl", "pretrained.ckpt"),
        ("calibrate", "scratch", "everyday-s-scratch"),
    ):
        assert main([*words, "--stage", stage, "--model", model]) == 2
        said = capsys.readouterr().err.splitlines()[-1]
        assert f"{named}: expected a model that was trained without the people" in said
        assert "got one without others (abababababab…)" in said


def test_recordings_that_are_missing_are_said_before_any_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not after hours of composing and pretraining."""
    out, there = tmp_path / "out", tmp_path / "nothing"
    words = ["everyday", "--stores", str(tmp_path), "--recordings", str(there), "--out", str(out)]
    assert main(words) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert str(there) in said
    assert not out.exists()


@pytest.mark.parametrize("model", ["scratch", "gru"])
def test_other_models_learn_from_the_same_streams(model: str, folder: Path, tmp_path: Path) -> None:
    """Interrupted and taken up, they come out to the bit as if they had not been."""
    choose, (vocabulary, _) = PoseStore(folder / "choose"), words_of(folder)
    whole, parts, ours = tmp_path / "whole", tmp_path / "parts", recipe(model)
    finetune_on_streams(PoseStore(folder / "train"), choose, vocabulary, ours, whole)
    broken = Interrupted(folder / "train", at=6)
    with pytest.raises(KeyboardInterrupt):
        finetune_on_streams(broken, choose, vocabulary, ours, parts)
    progress = finetune_on_streams(PoseStore(folder / "train"), choose, vocabulary, ours, parts)
    assert progress.epoch == 2
    states = [
        load_weights(finetuned_path(out, ours)).network.state_dict() for out in (whole, parts)
    ]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_pretraining_reads_no_label_and_is_taken_up_to_the_bit(
    folder: Path, tmp_path: Path
) -> None:
    """A store without labels gives the same weights, killed after an epoch or not."""
    labelled = PoseStore(folder / "train")
    bare = tmp_path / "bare"
    with PoseStoreWriter(bare, labelled.data_set) as writer:
        for clip in labelled:
            writer.append(replace(clip, frame_labels=None, segments=()))
    whole = pretrain_on_streams(labelled, preset(), tmp_path / "whole").checkpoint
    reads_an_epoch = 2 * 3 * 4
    broken = Interrupted(bare, reads_an_epoch + 5)
    with pytest.raises(KeyboardInterrupt):
        pretrain_on_streams(broken, preset(), tmp_path / "parts")
    parts = pretrain_on_streams(PoseStore(bare), preset(), tmp_path / "parts").checkpoint
    first, second = (load_pretrained(path).network.state_dict() for path in (whole, parts))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_frames_are_kept_by_what_they_show(folder: Path) -> None:
    """Every class that a window may end in is there, with the frames of its own label alone."""
    vocabulary, _ = words_of(folder)
    store = PoseStore(folder / "train")
    source = StreamSource(store, READING, TIMING, vocabulary.mirror)
    generator = np.random.default_rng(0)
    footage = [source.see(place, generator) for place in range(len(store))]
    ends = ends_by_label(footage)
    assert set(ends) <= set(range(len(vocabulary.labels)))
    assert 0 in ends
    assert len(ends) > 3
    for label, places in ends.items():
        assert {int(footage[place].labels[frame]) for place, frame in places} == {label}


class NotedError(Exception):
    """Enough was seen."""


def test_labels_with_a_side_are_mirrored_where_it_learns(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mirrored picture of a raised left arm is learnt as one of a raised right arm."""
    store, (vocabulary, _) = PoseStore(folder / "choose"), words_of(folder)
    noted: list[object] = []

    def source(*_: object) -> None:
        noted.append(_[3])
        raise NotedError

    monkeypatch.setattr(finetuning, "StreamSource", source)
    with pytest.raises(NotedError):
        finetune_on_streams(store, store, vocabulary, recipe("scratch"), tmp_path)
    assert noted == [vocabulary.mirror]
    left, right = (vocabulary.labels.index(f"raise {side} arm") for side in ("left", "right"))
    assert vocabulary.mirror[left] == right


def test_the_encoder_learns_at_its_own_rate(folder: Path) -> None:
    """Each weight is in one group, and those of the encoder carry the share."""
    network = torch.nn.ModuleDict({"backbone": torch.nn.Linear(2, 2), "fc": torch.nn.Linear(2, 2)})
    optimiser = EncoderOptimisation(encoder_rate_share=0.1).optimiser(network)
    shares = {
        id(weights): group["rate_share"]
        for group in optimiser.param_groups
        for weights in group["params"]
    }
    for name, weights in network.named_parameters():
        assert shares[id(weights)] == (0.1 if name.startswith("backbone") else 1.0)
    assert len(shares) == 4


def test_a_store_in_a_picture_or_too_short_is_refused(folder: Path, tmp_path: Path) -> None:
    """One sentence says what was expected."""
    store = PoseStore(folder / "train")
    flat = msgspec.structs.replace(store.data_set, layout="body13")
    with PoseStoreWriter(tmp_path / "flat", flat) as writer:
        writer.append(replace(store[0], keypoints=store[0].keypoints[:, :, :13]))
    with pytest.raises(StoreError, match="expected kinect20, got body13"):
        StreamSource(PoseStore(tmp_path / "flat"), READING, TIMING)
    clip = store[0]
    short = replace(
        clip,
        keypoints=clip.keypoints[:5],
        times_ms=clip.times_ms[:5],
        frame_labels=None,
        segments=(),
    )
    with PoseStoreWriter(tmp_path / "short", store.data_set) as writer:
        writer.append(short)
    source = StreamSource(PoseStore(tmp_path / "short"), READING, TIMING)
    with pytest.raises(StoreError, match=r"in which somebody is seen, got .*, 5 frames"):
        source.see(0, np.random.default_rng(0))


def test_bad_input_of_the_command_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No stores: exit 2, one line, and nothing is left behind."""
    out = tmp_path / "out"
    words = ["everyday", "--stores", str(tmp_path), "--out", str(out), "--stage", "streams"]
    assert main(words) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith(f"everyday: {tmp_path / 'nw_ucla'}: expected a prepared store")
    assert not out.exists()

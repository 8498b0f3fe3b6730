"""The fine-tune learns, is taken up after a kill, and refuses what it cannot use."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from model.network.checkpoint import load_checkpoint
from model.network.pretrained import load_pretrained, save_pretrained
from model.pose.artifact import spec_of
from model.pose.store import PoseStore
from tests.training.protocol_store import write_encoder, write_protocol_store
from training.__main__ import main
from training.dense_recordings import utkinect_recordings
from training.dense_run import finetune, state_path
from training.dense_task import DenseTask
from training.evaluate_utkinect import evaluate_store
from training.labellers import open_checkpoint
from training.optimisation import FitError
from training.recipes import RECIPES, Recipe
from training.splits import UTKINECT

Tiny = Callable[[str], Recipe]


@pytest.mark.parametrize("model", RECIPES)
def test_a_small_fine_tune_learns_motion_of_people_it_never_saw(
    store: PoseStore, runs: Path, model: str
) -> None:
    """On the test subjects: far above chance and above always-background (53 %)."""
    scores = evaluate_store(store, UTKINECT.test, open_checkpoint(runs / f"{model}.ckpt")).scores

    assert scores.frame_accuracy > 75
    assert scores.macro_f1 > 60


def test_the_checkpoint_holds_all_that_an_artifact_needs(store: PoseStore, runs: Path) -> None:
    """Its notes are a whole specification: timing, labels, calibration, provenance, figures."""
    checkpoint = load_checkpoint(runs / "dste.ckpt")
    spec = spec_of(checkpoint.artifact)

    assert (spec.name, spec.task, spec.layout) == ("utkinect-dste", "frames", "kinect20")
    assert (spec.frames, spec.hop_frames, spec.lookahead_frames) == (24, 1, 0)
    assert (spec.labels, spec.normalisation) == (store.data_set.labels, "kinect-3d")
    assert "subjects 1, 3, 5, 7" in spec.provenance.data
    assert 0.25 <= spec.calibration.temperature <= 4
    assert 60 < spec.figures["utkinect.subject_9.macro_f1"] <= 100


def test_a_run_that_was_killed_ends_in_the_same_weights(
    store: PoseStore, tiny: Tiny, runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed in the middle of its third epoch, and taken up: weights equal, bit by bit."""
    whole_loss, calls = DenseTask.loss, 0

    def dies(
        task: DenseTask, network: nn.Module, batch: tuple[torch.Tensor, torch.Tensor]
    ) -> torch.Tensor:
        nonlocal calls
        calls += 1
        if calls == 20:
            raise KeyboardInterrupt
        return whole_loss(task, network, batch)

    with monkeypatch.context() as patched:
        patched.setattr(DenseTask, "loss", dies)
        with pytest.raises(KeyboardInterrupt):
            finetune(utkinect_recordings(store), tmp_path, "dste", tiny("dste"))
    assert not (tmp_path / "dste.ckpt").exists()
    finetune(utkinect_recordings(store), tmp_path, "dste", tiny("dste"))
    expected = load_checkpoint(runs / "dste.ckpt").network.state_dict()
    found = load_checkpoint(tmp_path / "dste.ckpt").network.state_dict()

    assert calls == 20
    assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_a_run_is_not_taken_up_with_other_settings(
    store: PoseStore, tiny: Tiny, runs: Path
) -> None:
    """The sentence says which file, and that --restart begins anew."""
    other = replace(tiny("gru"), smoothing=0.2)
    with pytest.raises(FitError, match=r"gru\.state\.pt: this run began with other settings"):
        finetune(utkinect_recordings(store), runs, "gru", other)


def test_other_weights_to_begin_with_are_another_run(
    store: PoseStore, tiny: Tiny, tmp_path: Path
) -> None:
    """What is compared are the weights themselves, not what is noted beside them."""
    file = write_encoder(tmp_path / "encoder.ckpt")
    recipe = tiny("pretrained")
    recipe = replace(recipe, optimisation=replace(recipe.optimisation, epochs=1))
    finetune(utkinect_recordings(store), tmp_path, "pretrained", recipe, pretrained=file)
    begun = load_pretrained(file)
    save_pretrained(replace(begun, provenance={"commit": "another"}), file)
    finetune(utkinect_recordings(store), tmp_path, "pretrained", recipe, pretrained=file)
    assert load_checkpoint(tmp_path / "pretrained.ckpt").provenance["encoder"] == {
        "commit": "another"
    }
    begun.network.backbone.get_parameter("spe").data.add_(1e-3)
    save_pretrained(begun, file)
    with pytest.raises(FitError, match="settings: pretrained was '"):
        finetune(utkinect_recordings(store), tmp_path, "pretrained", recipe, pretrained=file)


def test_a_broken_state_is_refused(store: PoseStore, tiny: Tiny, tmp_path: Path) -> None:
    """A file that is no state is named, not run over."""
    state_path(tmp_path, "mlp").write_bytes(b"no state")
    with pytest.raises(FitError, match=r"mlp\.state\.pt: expected the state of a run"):
        finetune(utkinect_recordings(store), tmp_path, "mlp", tiny("mlp"))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["finetune", "utkinect", "--store", "nowhere", "--out", "x"], "finetune: nowhere: expec"),
        (
            ["finetune", "utkinect", "--store", "S", "--out", "x", "--epochs", "0"],
            "at least 1, got '0'",
        ),
        (["evaluate", "utkinect", "--store", "S", "--checkpoint", "no.ckpt"], "no.ckpt: expected"),
        (
            ["evaluate", "utkinect", "--store", "S", "--artifact", "no.onnx"],
            "no.onnx: an artifact is",
        ),
        (["report", "utkinect", "--store", "S", "--runs", "nowhere"], "mlp.ckpt: expected"),
        (["finetune", "ntu", "--store", "S", "--out", "x"], "invalid choice: 'ntu'"),
    ],
)
def test_bad_input_is_exit_2_and_one_sentence(
    arguments: list[str],
    sentence: str,
    store: PoseStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nothing is trained and no traceback is shown."""
    monkeypatch.chdir(tmp_path)
    given = [str(store.path) if argument == "S" else argument for argument in arguments]
    try:
        status = main(given)
    except SystemExit as ended:  # argparse's own
        status = int(ended.code or 0)
    said = capsys.readouterr().err.splitlines()

    assert status == 2
    assert sentence in said[-1]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "command",
    [
        "finetune utkinect --store S --out x",
        "evaluate utkinect --store S --checkpoint dste.ckpt",
        "report utkinect --store S --runs .",
    ],
)
def test_a_store_of_another_data_set_is_refused(
    command: str,
    runs: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """By what the store says of itself, before anything is read of it or written."""
    other = write_protocol_store(tmp_path / "other")
    monkeypatch.chdir(runs)
    before = sorted(runs.iterdir())

    assert main([str(other.path) if word == "S" else word for word in command.split()]) == 2
    assert capsys.readouterr().err.splitlines() == [
        f"{command.partition(' ')[0]}: {other.path}: expected a prepared store of utkinect, "
        "got one of utd_mhad"
    ]
    assert sorted(runs.iterdir()) == before


def test_an_artifact_that_is_not_onnx_is_refused(
    store: PoseStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file is named."""
    path = tmp_path / "text.onnx"
    path.write_text("hello")
    options = ["--store", str(store.path), "--artifact", str(path)]

    assert main(["evaluate", "utkinect", *options]) == 2
    assert "text.onnx: not an ONNX file" in capsys.readouterr().err

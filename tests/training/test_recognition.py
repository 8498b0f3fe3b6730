"""Clip fine-tuning learns, compares at equal steps, survives a kill, evaluates as it trained."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from model.network.checkpoint import load_checkpoint
from model.network.pretrained import load_pretrained, pretraining_network
from model.pose.artifact import spec_of
from model.pose.store import PoseStore, StoreError
from tests.training.protocol_store import (
    IN_PICTURES,
    LABELS,
    write_encoder,
    write_protocol_store,
)
from tests.training.test_evaluate_frozen import exit_status
from training.__main__ import main
from training.clip_source import ClipSource
from training.devices import Devices
from training.optimisation import FitError, Optimisation
from training.protocols import protocol_named
from training.recognition_run import Beginning, finetune, labelled_clips, recogniser_of
from training.recognition_streams import mean_probabilities, open_recogniser
from training.recognition_task import Batch, RecognitionRecipe, RecognitionTask
from training.results import read_result

PROTOCOL = protocol_named("utd_mhad/cross-subject")
RECIPE = RecognitionRecipe(
    optimisation=Optimisation(
        epochs=8, batch=16, learning_rate=4e-3, average_decay=0.8, validate_every=1_000_000
    ),
    head_dropout=0.1,
    drop_path=0.0,
)
HERE = Devices()


@pytest.fixture(scope="module")
def odd_and_even(tmp_path_factory: pytest.TempPathFactory) -> PoseStore:
    return write_protocol_store(tmp_path_factory.mktemp("protocol") / "store")


@pytest.fixture(scope="module")
def beginning(tmp_path_factory: pytest.TempPathFactory) -> Beginning:
    path = write_encoder(tmp_path_factory.mktemp("encoder") / "pretrained.ckpt")
    pretrained = load_pretrained(path)
    return Beginning(pretrained.network.backbone.config, pretrained.reading, pretrained)


@pytest.fixture(scope="module")
def checkpoint(
    odd_and_even: PoseStore, beginning: Beginning, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    clips = labelled_clips(PROTOCOL, odd_and_even, choosing=False, percent=100, seed=1)
    return finetune(clips, beginning, RECIPE, tmp_path_factory.mktemp("run"), HERE)


def test_it_tells_actions_of_people_it_never_saw(
    odd_and_even: PoseStore, checkpoint: Path, tmp_path: Path
) -> None:
    """On the even subjects, far above the 33 % of chance; the result holds every answer."""
    options = ["--protocol", PROTOCOL.name, "--store", str(odd_and_even.path), "--name", "x.y"]
    options += ["--checkpoint", str(checkpoint), "--out", str(tmp_path)]
    assert main(["evaluate", "recognition", *options]) == 0
    result = read_result(tmp_path / "x.y.json")

    assert result.figures[0].value > 85
    assert len(result.truth) == 48
    agreeing = np.mean(np.array(result.truth) == np.array(result.predicted))
    assert result.figures[0].value == pytest.approx(100 * agreeing, abs=1e-3)


def test_a_checkpoint_says_how_clips_are_prepared(checkpoint: Path) -> None:
    """Layout, normalisation, classes and modality, and what it was trained on."""
    loaded = load_checkpoint(checkpoint)
    spec = spec_of(loaded.artifact)

    assert (spec.task, spec.layout, spec.normalisation) == ("clip", "kinect20", "kinect-3d")
    assert (spec.labels, spec.frames) == (LABELS, 16)
    assert spec.provenance.data == ("utd_mhad, training part of utd_mhad/cross-subject: 48 clips")
    assert loaded.network.config.modality == "joint"


def test_several_streams_average_their_probabilities(
    odd_and_even: PoseStore,
    beginning: Beginning,
    checkpoint: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each clip whole and in crops, all of one weight; early prediction has no crops.

    It says that options of frozen encoders are none of a recogniser's.
    """
    clips = labelled_clips(PROTOCOL, odd_and_even, choosing=False, percent=25, seed=2)
    scratch = finetune(clips, replace(beginning, weights=None), RECIPE, tmp_path, HERE)
    streams = [open_recogniser(path, odd_and_even, project=False) for path in (checkpoint, scratch)]
    places = list(PROTOCOL.partition(odd_and_even).test)
    single = [stream.probabilities(places) for stream in streams]

    whole = mean_probabilities(streams, places, [(1.0, 0.0)])
    np.testing.assert_allclose(whole, (single[0] + single[1]) / 2)
    cut = [stream.probabilities(places, 1.0, 0.5, 0.5) for stream in streams]
    both = mean_probabilities(streams, places, [(1.0, 0.0), (0.5, 0.5)])
    np.testing.assert_allclose(both, (single[0] + single[1] + cut[0] + cut[1]) / 4)
    np.testing.assert_allclose(single[0].sum(axis=1), 1)
    options = ["--protocol", PROTOCOL.name, "--store", str(odd_and_even.path), "--name", "z"]
    options += ["--checkpoint", str(checkpoint), str(scratch), "--out", str(tmp_path)]
    assert main(["evaluate", "early", *options]) == 0
    early = read_result(tmp_path / "z.json")
    assert early.predicted == tuple((single[0] + single[1]).argmax(axis=1).tolist())
    assert [x for x, _ in early.curves["accuracy"]] == list(range(10, 101, 10))
    assert main(["evaluate", "early", *options, "--random-weights", "2"]) == 2
    assert "with --pretrained only" in capsys.readouterr().err


def test_the_encoder_begins_with_pretrained_weights_and_the_head_does_not(
    beginning: Beginning,
) -> None:
    """From scratch the same sizes have other weights; nothing else of the network differs."""
    torch.manual_seed(0)
    begun = recogniser_of(beginning, RECIPE, 3)
    scratch = recogniser_of(replace(beginning, weights=None), RECIPE, 3)
    assert beginning.weights is not None
    expected = beginning.weights.network.backbone.state_dict()

    assert begun.config == scratch.config
    assert all(torch.equal(begun.backbone.state_dict()[name], expected[name]) for name in expected)
    assert not torch.equal(scratch.backbone.spe, begun.backbone.spe)


@pytest.mark.parametrize("percent", [5, 100])
def test_an_epoch_has_as_many_batches_whatever_labels_are_known(
    percent: float, odd_and_even: PoseStore
) -> None:
    """Three batches of 16 at 48 clips and at 3; within them clips come equally often."""
    clips = labelled_clips(PROTOCOL, odd_and_even, choosing=False, percent=percent, seed=1)
    source = ClipSource([odd_and_even], "kinect20", "kinect-3d", 1)
    optimisation = replace(RECIPE.optimisation, batches=clips.full // 16)
    task = RecognitionTask(
        source, clips.places, RECIPE.views, 16, optimisation, 0.0, torch.device("cpu")
    )
    labels = torch.cat([labels for _, labels in task.batches(0)])

    assert len(clips.places) == (48 if percent == 100 else 3)
    assert torch.bincount(labels).tolist() == [16, 16, 16]
    first, again = next(task.batches(3)), next(task.batches(3))
    assert torch.equal(first[0].clips, again[0].clips)


def test_a_run_that_was_killed_ends_in_the_same_weights(
    odd_and_even: PoseStore,
    beginning: Beginning,
    checkpoint: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Killed in the middle of its fourth epoch, and taken up: weights equal, bit by bit."""
    whole_loss, calls = RecognitionTask.loss, 0

    def dies(task: RecognitionTask, network: nn.Module, batch: Batch) -> Tensor:
        nonlocal calls
        calls += 1
        if calls == 11:
            raise KeyboardInterrupt
        return whole_loss(task, network, batch)

    clips = labelled_clips(PROTOCOL, odd_and_even, choosing=False, percent=100, seed=1)
    with monkeypatch.context() as patched:
        patched.setattr(RecognitionTask, "loss", dies)
        with pytest.raises(KeyboardInterrupt):
            finetune(clips, beginning, RECIPE, tmp_path, HERE)
    path = finetune(clips, beginning, RECIPE, tmp_path, HERE)
    expected = load_checkpoint(checkpoint).network.state_dict()
    found = load_checkpoint(path).network.state_dict()

    assert all(torch.equal(found[name], expected[name]) for name in expected)
    fewer = labelled_clips(PROTOCOL, odd_and_even, choosing=False, percent=50, seed=1)
    with pytest.raises(FitError, match="began with other settings"):
        finetune(fewer, beginning, RECIPE, tmp_path, HERE)


def test_other_weights_to_begin_with_are_another_run(
    odd_and_even: PoseStore, beginning: Beginning, tmp_path: Path
) -> None:
    """Of the same sizes: a state that began with other weights is refused."""
    clips = labelled_clips(PROTOCOL, odd_and_even, choosing=False, percent=25, seed=1)
    recipe = replace(RECIPE, optimisation=replace(RECIPE.optimisation, epochs=1))
    path = finetune(clips, beginning, recipe, tmp_path, HERE)
    data = load_checkpoint(path).provenance["data"]
    assert data == {"utd_mhad": {"clips": 12, "subjects": [1, 3, 5, 7], "views": [], "setups": []}}
    assert beginning.weights is not None
    torch.manual_seed(5)
    network = pretraining_network(beginning.encoder, beginning.reading)
    other = replace(beginning, weights=replace(beginning.weights, network=network.eval()))
    with pytest.raises(FitError, match=r"settings: pretrained was '[0-9a-f.]+', and is now"):
        finetune(clips, other, recipe, tmp_path, HERE)


def test_several_processes_do_not_fine_tune(
    odd_and_even: PoseStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Under torchrun with two: exit 2, one sentence, and an earlier state is left alone."""
    for name, value in (("TORCHELASTIC_RUN_ID", "x"), ("LOCAL_WORLD_SIZE", "2")):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    (tmp_path / "finetune.state.pt").write_bytes(b"kept")
    options = ["--protocol", PROTOCOL.name, "--store", str(odd_and_even.path), "--restart"]
    assert main(["finetune", "recognition", *options, "--out", str(tmp_path)]) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert said == "finetune recognition: expected one process to fine-tune in, got 2"
    assert (tmp_path / "finetune.state.pt").read_bytes() == b"kept"


def test_a_learning_rate_at_which_it_diverges_is_exit_2(
    odd_and_even: PoseStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence that names the rate; no checkpoint."""
    options = ["--protocol", PROTOCOL.name, "--store", str(odd_and_even.path)]
    options += ["--out", str(tmp_path), "--epochs", "2", "--learning-rate", "1e30"]
    assert main(["finetune", "recognition", *options]) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith("finetune recognition: step ")
    assert "are no finite numbers any more, at a learning rate of 1e+30" in said
    assert not (tmp_path / "finetuned.ckpt").exists()


def test_a_recogniser_of_other_classes_is_refused(checkpoint: Path, tmp_path: Path) -> None:
    """The sentence names the classes of both."""
    store = write_protocol_store(tmp_path / "store", ("jump", "run", "sit"))
    with pytest.raises(StoreError, match=r"of .*finetuned\.ckpt \(wave, .*\), got jump, run, sit"):
        open_recogniser(checkpoint, store, project=False)


@pytest.mark.parametrize(
    ("command", "changed", "sentence"),
    [
        ("finetune", {"--protocol": "ucf"}, "protocol 'ucf' is unknown"),
        ("finetune", {"--store": "nowhere"}, "nowhere: expected a prepared store"),
        ("finetune", {"--pretrained": "no.ckpt"}, "no.ckpt: expected"),
        ("finetune", {"--labels": "0"}, "expected per cent above 0 and up to 100, got '0'"),
        ("finetune", {"--labels": "all"}, "got 'all'"),
        ("finetune", {"--epochs": "0"}, "expected a whole number of at least 1, got '0'"),
        ("finetune", {"--learning-rate": "nan"}, "expected a number above 0, got 'nan'"),
        ("finetune", {"--layout": "ntu99"}, "layout 'ntu99' is unknown"),
        ("finetune", {"--layout": "coco17", "--normalisation": "body-2d"}, "--project shows them"),
        ("finetune", {"--layout": "coco17"}, "lacks pelvis, spine"),
        (
            "finetune",
            {"--pretrained": "pretrained.ckpt", "--modality": "bone"},
            "--modality: pretrained.ckpt reads joint, got bone",
        ),
        ("evaluate", {"--checkpoint": "no.ckpt"}, "no.ckpt: expected"),
        ("evaluate", {"--checkpoint": "pretrained.ckpt"}, "found 'posewire-pretrained'"),
    ],
)
def test_bad_input_is_exit_2_and_one_sentence(
    command: str,
    changed: dict[str, str],
    sentence: str,
    odd_and_even: PoseStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """No traceback, nothing trained, no result."""
    monkeypatch.chdir(tmp_path)
    write_encoder(Path("pretrained.ckpt"), IN_PICTURES)
    options = {"--protocol": PROTOCOL.name, "--store": str(odd_and_even.path), "--out": "out"}
    options |= ({"--name": "x"} if command == "evaluate" else {}) | changed
    words = [word for pair in options.items() for word in pair]
    assert exit_status([command, "recognition", *words])
    said = capsys.readouterr().err.splitlines()

    assert sentence in said[-1]
    assert not any("Traceback" in line for line in said)
    assert not list(Path().glob("out/*"))

"""A dense model may begin with the encoder of another one that learnt from composed streams."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from model.network.baselines import GruBaseline
from model.network.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from model.network.ensemble import Ensemble
from model.network.recogniser import Recogniser
from model.network.weights import CheckpointError
from model.pose.store import DataSet, PoseStore
from model.pose.store_writer import PoseStoreWriter
from tests.training.conftest import recording
from tests.training.protocol_store import write_encoder
from training.dense_recordings import recordings_of, utkinect_recordings
from training.dense_run import finetune
from training.dense_task import names_sides
from training.encoders import load_encoder
from training.labellers import load_weights, open_checkpoint
from training.leaks import LeakError, check_unseen
from training.protocols import protocol_named
from training.recipes import Recipe
from training.splits import UTKINECT

LABELS = ("background", "wave", "squat", "swipe left")
COMPOSED = protocol_named("everyday/composed")


def streams(path: Path, subjects: Sequence[int]) -> PoseStore:
    """Composed streams of UTKinect's subjects, and one that was recorded as it is."""
    with PoseStoreWriter(path, DataSet("everyday", "kinect20", 15.0, LABELS, "none")) as writer:
        for split, number in (*(("composed", subject) for subject in subjects), ("real", 1)):
            clip = recording(number)
            name = f"utkinect/{number}/{split}"
            writer.append(replace(clip, name=name, splits=(split,)))
    return PoseStore(path)


def test_what_was_learnt_from_streams_is_begun_with(
    store: PoseStore, tiny: Callable[[str], Recipe], tmp_path: Path
) -> None:
    """The head is new, for other labels; the encoder is the one that was learnt, and not random.

    The first model learns from composed streams alone. After a single step the second one's encoder
    is still all but the first one's.
    """
    learnt = recordings_of(COMPOSED, streams(tmp_path / "streams", UTKINECT.train), choosing=False)
    assert len(learnt.train) == len(UTKINECT.train)
    finetune(learnt, tmp_path, "dste", tiny("dste"))
    encoder = load_encoder(tmp_path / "dste.ckpt")
    recipe = tiny("pretrained")
    one_step = replace(recipe.optimisation, epochs=1, batches=1, learning_rate=1e-6)
    begun = replace(recipe, optimisation=one_step)
    finetune(
        utkinect_recordings(store), tmp_path, "pretrained", begun, pretrained=tmp_path / "dste.ckpt"
    )

    own = load_checkpoint(tmp_path / "pretrained.ckpt").network
    assert isinstance(own, Recogniser)
    assert own.config.labels == len(store.data_set.labels)
    torch.testing.assert_close(
        own.backbone.state_dict(),
        dict(encoder.network.backbone.state_dict()),
        atol=1e-4,
        rtol=0,
    )
    assert open_checkpoint(tmp_path / "dste.ckpt").spec.labels == LABELS


def test_streams_of_who_tests_are_a_leak(
    store: PoseStore, tiny: Callable[[str], Recipe], tmp_path: Path
) -> None:
    """Streams are noted under the data sets that they are composed of, and refused by them."""
    chosen = protocol_named("utkinect/cross-subject")
    test = chosen.partition(store).test
    for subjects in (UTKINECT.train, (*UTKINECT.train, 2)):
        out = tmp_path / str(len(subjects))
        learnt = recordings_of(COMPOSED, streams(out / "streams", subjects), choosing=False)
        one_epoch = replace(tiny("mlp").optimisation, epochs=1, batches=1)
        finetune(learnt, out, "dste", replace(tiny("dste"), optimisation=one_epoch))
        if 2 not in subjects:
            assert check_unseen([out / "dste.ckpt"], chosen.name, store, test) == ()
            continue
        with pytest.raises(LeakError, match="these saw subjects 2"):
            check_unseen([out / "dste.ckpt"], chosen.name, store, test)


def test_a_file_of_pretrain_is_read_as_before_and_others_are_refused(
    runs: Path, tmp_path: Path
) -> None:
    """A pretrained file says how it reads; a baseline has no encoder, bare weights say nothing."""
    assert load_encoder(write_encoder(tmp_path / "pretrained.ckpt")).reading.layout == "kinect20"
    with pytest.raises(CheckpointError, match="posewire-baseline"):
        load_encoder(runs / "gru.ckpt")
    network = load_checkpoint(runs / "dste.ckpt").network
    assert isinstance(network, Recogniser)
    save_checkpoint(Checkpoint(network), tmp_path / "bare.ckpt")
    with pytest.raises(CheckpointError, match=r"bare\.ckpt: it does not say how clips"):
        load_encoder(tmp_path / "bare.ckpt")
    baseline = load_weights(runs / "gru.ckpt").network
    assert isinstance(baseline, GruBaseline)
    save_checkpoint(Checkpoint(Ensemble(network, baseline)), tmp_path / "both.ckpt")
    with pytest.raises(CheckpointError, match=r"both\.ckpt: expected one encoder, found an ens"):
        load_encoder(tmp_path / "both.ckpt")


def test_labels_with_sides_are_not_mirrored() -> None:
    """Whoever swipes left in a mirror swipes right; a word that only begins so is no side."""
    assert names_sides(("background", "Swipe Left"))
    assert not names_sides(("background", "eat leftovers", "turn upright"))

"""Softened labels: what other people's clips say of a clip, beside its own label."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from model.network.checkpoint import load_checkpoint
from model.pose.store import StoreError
from tests.training.protocol_store import write_encoder, write_protocol_store
from training.__main__ import main
from training.protocols import protocol_named
from training.representation import Labelled
from training.softened import held_out_answers, softened

PEOPLE, EACH, CLASSES = 6, 20, 3


def known(swapped: int | None = None) -> Labelled:
    """Clips of two of three classes, told apart by features; a person's labels may be swapped."""
    generator = np.random.default_rng(1)
    subjects = np.repeat(np.arange(PEOPLE), EACH)
    shown = np.tile([0, 2], PEOPLE * EACH // 2)
    features = generator.normal(size=(len(shown), 16)).astype(np.float32)
    features[:, 0] += 1.5 * shown
    labels = np.where(subjects == swapped, 2 - shown, shown)
    return Labelled(features, labels, subjects)


def test_a_person_whose_labels_are_swapped_is_contradicted() -> None:
    """Of the wrong labels little more than their own part is left, of the right ones most."""
    clips = known(swapped=3)
    targets = softened(clips, CLASSES, 0.6)
    wrong = clips.subjects == 3

    np.testing.assert_allclose(targets.sum(axis=1), 1, atol=1e-6)
    assert targets.dtype == np.float32
    assert not targets[:, 1].any()
    own = targets[np.arange(len(targets)), clips.labels]
    assert own[wrong].mean() < 0.6
    assert own[~wrong].mean() > 0.7


def test_nobody_is_asked_of_whom_the_probe_learnt() -> None:
    """What it says of a person's clips is the same, to the bit, whatever their labels are."""
    asked = known().subjects == 3
    right, wrong = (held_out_answers(known(swapped), CLASSES) for swapped in (None, 3))

    np.testing.assert_array_equal(right[asked], wrong[asked])
    assert not np.array_equal(right[~asked], wrong[~asked])


def test_a_class_of_one_person_keeps_its_label() -> None:
    """No probe of other people can say it."""
    clips = known()
    labels = np.where((clips.subjects == 2) & (clips.labels == 2), 1, clips.labels)
    targets = softened(replace(clips, labels=labels), CLASSES, 0.6)
    own = np.tile(np.eye(CLASSES, dtype=np.float32)[1], (EACH // 2, 1))
    np.testing.assert_array_equal(targets[labels == 1], own)


def test_one_person_has_no_others() -> None:
    """One sentence that says how many there are."""
    clips = known()
    alone = replace(clips, subjects=np.zeros_like(clips.subjects))
    with pytest.raises(StoreError, match=r"expected clips of two people or more, .* got 120 of 1"):
        held_out_answers(alone, CLASSES)


def test_a_recogniser_learns_from_softened_labels(tmp_path: Path) -> None:
    """The share is noted, and the weights are others than those that labels alone give."""
    store = write_protocol_store(tmp_path / "store")
    encoder = write_encoder(tmp_path / "pretrained.ckpt")
    protocol = protocol_named("utd_mhad/cross-subject").name
    words = ["finetune", "recognition", "--protocol", protocol, "--store", str(store.path)]
    words += ["--epochs", "1", "--out"]
    begun = ["--pretrained", str(encoder)]
    assert main([*words, str(tmp_path / "hard"), *begun]) == 0
    assert main([*words, str(tmp_path / "soft"), *begun, "--soften", "50"]) == 0
    hard, soft = (load_checkpoint(tmp_path / name / "finetuned.ckpt") for name in ("hard", "soft"))

    assert isinstance(soft.provenance["settings"], dict)
    assert soft.provenance["settings"]["recipe"]["softened"] == 0.5
    again = ["--pretrained", str(tmp_path / "hard" / "finetuned.ckpt"), "--soften", "50"]
    assert main([*words, str(tmp_path / "again"), *again]) == 2
    heads = [each.network.state_dict()["fc.weight"] for each in (hard, soft)]
    assert not torch.equal(*heads)


def test_without_an_encoder_there_is_nobody_to_ask(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2 and one sentence; an earlier state stays, even where the run was to begin anew."""
    store = write_protocol_store(tmp_path / "store")
    state = tmp_path / "run" / "finetune.state.pt"
    state.parent.mkdir()
    state.write_bytes(b"kept")
    words = ["--protocol", "utd_mhad/cross-subject", "--store", str(store.path), "--soften", "50"]
    words += ["--out", str(state.parent), "--restart"]
    assert main(["finetune", "recognition", *words]) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert said == (
        "finetune recognition: softened labels: expected a pretrained encoder that a probe asks, "
        "got none"
    )
    assert state.read_bytes() == b"kept"

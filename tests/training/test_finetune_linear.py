"""A linear head that is kept: the recogniser says what the probe says, and can be exported."""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from model.network.checkpoint import load_checkpoint
from model.network.pretrained import load_pretrained
from model.network.recogniser import Recogniser
from model.pose.artifact import spec_of
from model.pose.store import PoseStore
from tests.training.protocol_store import LABELS, write_encoder, write_protocol_store
from training.finetune_linear import configure, folded
from training.frozen_streams import open_stream
from training.protocols import protocol_named
from training.representation import Labelled, logistic_probe, whole_clips


def command(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    configure(parser)
    options = parser.parse_args(arguments)
    status: int = options.run(options)
    return status


def test_the_recogniser_says_what_the_probe_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its probabilities for clips that test are the probe's to 1e-4; its encoder is untouched."""
    store = write_protocol_store(tmp_path / "store")
    encoder, out = write_encoder(tmp_path / "pretrained.ckpt"), tmp_path / "linear.ckpt"
    arguments = ["--protocol", "utd_mhad/cross-subject", "--store", str(store.path)]
    assert command(*arguments, "--pretrained", str(encoder), "--out", str(out), "--json") == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["checkpoint"] == str(out)

    parts = protocol_named("utd_mhad/cross-subject").partition(PoseStore(store.path))
    stream = open_stream(encoder, store, False)
    probe = logistic_probe(stream.labelled(parts.train))
    features = stream.labelled(parts.test).features
    network = load_checkpoint(out).network
    assert isinstance(network, Recogniser)
    frames = network.config.encoder.frames
    clips = torch.cat(list(whole_clips(stream.source, parts.test, frames, torch.device("cpu"))))
    with torch.inference_mode():
        said = network(clips)[0].softmax(dim=1).numpy()
    np.testing.assert_allclose(
        said[:, probe[-1].classes_], probe.predict_proba(features), atol=1e-4
    )
    assert spec_of(load_checkpoint(out).artifact).labels == tuple(LABELS)
    noted: Any = load_checkpoint(out).provenance["data"]
    assert noted["utd_mhad"]["subjects"] == [1, 3, 5, 7]
    for name, values in load_pretrained(encoder).network.backbone.state_dict().items():
        assert torch.equal(network.backbone.state_dict()[name], values), name


@pytest.mark.parametrize("seen", [(0, 3), (1, 2, 4)])
def test_a_class_that_no_clip_showed_is_never_said(seen: tuple[int, ...]) -> None:
    """Two classes or more, with gaps between: the others are at least 20 logits below the best."""
    draw = np.random.default_rng(0)
    labels = np.array(seen)[draw.integers(len(seen), size=60)]
    features = draw.normal(size=(60, 6)).astype(np.float32) * 30 + labels[:, None]
    probe = logistic_probe(Labelled(features, labels, np.zeros(60, np.int64)))
    weight, bias = folded(probe, 5)
    logits = (features @ weight.numpy().T + bias.numpy()).astype(np.float64)
    missing = sorted(set(range(5)) - set(seen))
    assert (logits[:, missing] <= logits.max(axis=1, keepdims=True) - 19.99).all()
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares = powers / powers.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(shares[:, list(seen)], probe.predict_proba(features), atol=1e-4)


def test_bad_input_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An encoder that is none: exit 2, the file named, nothing written."""
    store, out = write_protocol_store(tmp_path / "store"), tmp_path / "linear.ckpt"
    (tmp_path / "text.ckpt").write_text("weights")
    arguments = ["--protocol", "utd_mhad/cross-subject", "--store", str(store.path)]
    assert command(*arguments, "--pretrained", str(tmp_path / "text.ckpt"), "--out", str(out)) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"finetune linear: {tmp_path}/text.ckpt: expected plain values")
    assert not out.exists()

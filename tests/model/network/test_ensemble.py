"""An ensemble: a recogniser and a GRU in one network and one file, which answer with their mean."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from model.network.baselines import BaselineConfig, GruBaseline
from model.network.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from model.network.config import EncoderConfig
from model.network.ensemble import Ensemble
from model.network.recogniser import Recogniser, RecogniserConfig
from model.network.weights import CheckpointError

ENCODER = EncoderConfig("dste", joints=4, persons=1, hidden_size=8, frames=16)
CONFIG = RecogniserConfig(ENCODER, "frames", 3)
GRU = BaselineConfig("gru", joints=4, persons=1, labels=3, hidden_size=6, steps=True)


def test_steps_are_of_the_gru_alone() -> None:
    """A setting that would be ignored is refused."""
    with pytest.raises(ValueError, match="steps are read by a baseline of kind gru, not by one"):
        replace(GRU, kind="mlp")


@pytest.fixture
def ensemble() -> Ensemble:
    torch.manual_seed(0)
    return Ensemble(Recogniser(CONFIG), GruBaseline(GRU)).eval()


def test_it_answers_with_the_mean_of_probabilities(ensemble: Ensemble) -> None:
    """A class that both are sure is not there keeps a finite score; features are the encoder's."""
    clip = torch.randn(2, *ENCODER.clip_shape)
    logits, features = ensemble(clip)
    both = [network(clip)[0].softmax(-1) for network in (ensemble.recogniser, ensemble.recurrent)]
    torch.testing.assert_close(logits.softmax(-1), (both[0] + both[1]) / 2)
    assert torch.equal(features, ensemble.recogniser(clip)[1])
    with torch.no_grad():
        ensemble.recogniser.fc.bias[1] = ensemble.recurrent.fc.bias[1] = -1e4
    assert ensemble(clip)[0].isfinite().all()


def test_it_comes_back_from_one_file(ensemble: Ensemble, tmp_path: Path) -> None:
    """With both networks; a file of one recogniser is still one."""
    clip, path = torch.randn(2, *ENCODER.clip_shape), tmp_path / "a.pt"
    save_checkpoint(Checkpoint(ensemble), path)
    loaded = load_checkpoint(path).network
    assert isinstance(loaded, Ensemble)
    assert not loaded.training
    assert torch.equal(loaded(clip)[0], ensemble(clip)[0])
    save_checkpoint(Checkpoint(ensemble.recogniser), path)
    assert isinstance(load_checkpoint(path).network, Recogniser)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"hidden_size": 10**9}, r"hidden_size must lie in 1…8192; got 1000000000"),
        ({"hidden_size": 7}, "the weights do not fit the network"),
        ({"labels": 4}, "both networks of an ensemble have as many labels; got 3 and 4"),
        ({"kind": "mlp", "steps": False}, "an ensemble's second network must be a gru; got 'mlp'"),
        ({"kind": "lstm"}, "the baseline's settings cannot be read: Invalid enum value 'lstm'"),
        ({"dropout": 1.0}, "dropout must be at least 0 and below 1; got 1.0"),
        ({"width": 3}, "settings hold the unknown key 'width'"),
    ],
)
def test_settings_of_a_stranger_are_refused(
    change: dict[str, object], sentence: str, ensemble: Ensemble, tmp_path: Path
) -> None:
    """One sentence names the file, what was expected and what was found."""
    path = tmp_path / "a.pt"
    save_checkpoint(Checkpoint(ensemble), path)
    content = torch.load(path, weights_only=True)
    torch.save(content | {"recurrent": content["recurrent"] | change}, path)
    with pytest.raises(CheckpointError, match=rf"a\.pt: .*{sentence}"):
        load_checkpoint(path)


def test_networks_of_other_clips_are_not_joined(ensemble: Ensemble) -> None:
    """Neither those that read other bodies, nor a recogniser that says one thing of a clip."""
    with pytest.raises(ValueError, match="as many joints; got 4 and 5"):
        Ensemble(ensemble.recogniser, GruBaseline(replace(GRU, joints=5)))
    deeper = Recogniser(replace(CONFIG, encoder=replace(ENCODER, channels=4)))
    with pytest.raises(ValueError, match="as many channels; got 4 and 3"):
        Ensemble(deeper, ensemble.recurrent)
    with pytest.raises(ValueError, match="needs a recogniser of frames; got 'clip'"):
        Ensemble(Recogniser(replace(CONFIG, task="clip")), ensemble.recurrent)

"""An ensemble: several recognisers in one network and one file, which answer with their mean."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from model.network.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from model.network.config import EncoderConfig
from model.network.ensemble import Ensemble
from model.network.recogniser import Recogniser, RecogniserConfig
from model.network.weights import CheckpointError

ENCODER = EncoderConfig("dste", joints=4, persons=1, hidden_size=8, frames=16)
CONFIG = RecogniserConfig(ENCODER, "frames", 3)


@pytest.fixture
def members() -> list[Recogniser]:
    torch.manual_seed(0)
    return [Recogniser(CONFIG).eval() for _ in range(3)]


def test_it_answers_with_the_mean_of_probabilities(members: list[Recogniser]) -> None:
    """A class that all are sure is not there keeps a finite score; features are the first's."""
    clip = torch.randn(2, *ENCODER.clip_shape)
    ensemble = Ensemble(members).eval()
    logits, features = ensemble(clip)
    mean = sum(member(clip)[0].softmax(-1) for member in members) / 3
    torch.testing.assert_close(logits.softmax(-1), mean)
    assert torch.equal(features, members[0](clip)[1])
    with torch.no_grad():
        for member in members:
            member.fc.bias[1] = -1e4
    assert ensemble(clip)[0].isfinite().all()


def test_it_comes_back_from_one_file(members: list[Recogniser], tmp_path: Path) -> None:
    """With all members in their order; a file of one recogniser is still one."""
    clip, path = torch.randn(2, *ENCODER.clip_shape), tmp_path / "a.pt"
    save_checkpoint(Checkpoint(Ensemble(members)), path)
    loaded = load_checkpoint(path).network
    assert isinstance(loaded, Ensemble)
    assert not loaded.training
    assert torch.equal(loaded(clip)[0], Ensemble(members)(clip)[0])
    save_checkpoint(Checkpoint(members[0]), path)
    assert isinstance(load_checkpoint(path).network, Recogniser)


@pytest.mark.parametrize(
    ("claimed", "sentence"),
    [
        (65, "expected 1 to 64 members, found 65"),
        (0, "expected 1 to 64 members, found 0"),
        (True, "expected 1 to 64 members, found True"),
        ("two", "expected 1 to 64 members, found 'two'"),
        (2, r"the weights do not fit the network; extra: members\.2"),
    ],
)
def test_a_number_of_members_that_is_only_claimed_is_refused(
    claimed: object, sentence: str, members: list[Recogniser], tmp_path: Path
) -> None:
    """One sentence names the file and what was found."""
    path = tmp_path / "a.pt"
    save_checkpoint(Checkpoint(Ensemble(members)), path)
    content = torch.load(path, weights_only=True)
    torch.save(content | {"members": claimed}, path)
    with pytest.raises(CheckpointError, match=rf"a\.pt: {sentence}"):
        load_checkpoint(path)


def test_members_are_several_and_alike(members: list[Recogniser]) -> None:
    """One is none, and one with another number of labels is named by its place."""
    with pytest.raises(ValueError, match="at least 2 members; got 1"):
        Ensemble(members[:1])
    other = Recogniser(replace(CONFIG, labels=4))
    with pytest.raises(ValueError, match=r"labels=4.* as number 2"):
        Ensemble([members[0], other])

"""Our checkpoint: what is saved is what is loaded, and nothing else is."""

import copy
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import pytest
import torch
from torch import nn

from model.network.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from model.network.config import EncoderConfig
from model.network.recogniser import Recogniser, RecogniserConfig
from model.network.weights import CheckpointError, digest

ENCODER = EncoderConfig("dste", joints=4, persons=1, hidden_size=8, frames=16)
CONFIG = RecogniserConfig(ENCODER, "frames", 3, "bone", (1, 1, 1, 2), head_dropout=0.1)
SHARED = "backbone.t_tr.CA.attn.in_proj_bias", "backbone.t_tr.DSA.attn.in_proj_bias"


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "a.pt"
    artifact = {"labels": ["background", "wave"], "rate_hz": 30.0, "nested": {"parents": (0, 1)}}
    save_checkpoint(Checkpoint(Recogniser(CONFIG), artifact, {"commit": None}), path)
    return path


def edit(path: Path, change: Callable[[Any], object]) -> None:
    """Change the content of a checkpoint file as a stranger could."""
    content = torch.load(path, weights_only=True)
    change(content)
    torch.save(content, path)


def edit_state(path: Path, change: Callable[[dict[str, torch.Tensor]], object]) -> None:
    edit(path, lambda content: change(content["state_dict"]))


def test_a_checkpoint_comes_back_as_it_was(tmp_path: Path) -> None:
    """Settings, weights, entries and outputs survive; the network comes ready for use."""
    network = Recogniser(CONFIG).eval()
    clip = torch.randn(2, *ENCODER.clip_shape)
    path = tmp_path / "a.pt"
    save_checkpoint(Checkpoint(network, {"labels": ["a", "b", "c"]}, {"epochs": 3}), path)
    loaded = load_checkpoint(path)
    assert loaded.network.config == CONFIG
    assert loaded.artifact == {"labels": ["a", "b", "c"]}
    assert loaded.provenance == {"epochs": 3}
    assert not loaded.network.training
    for ours, theirs in zip(loaded.network(clip), network(clip), strict=True):
        assert torch.equal(ours, theirs)


def test_the_same_checkpoint_gives_the_same_bytes(tmp_path: Path) -> None:
    """A hash names a checkpoint: neither time nor file name is written into it."""
    checkpoint = Checkpoint(Recogniser(CONFIG), {"b": 1, "a": 2})
    for name in ("a.pt", "b.pt"):
        save_checkpoint(checkpoint, tmp_path / name)
    assert (tmp_path / "a.pt").read_bytes() == (tmp_path / "b.pt").read_bytes()


def test_a_digest_is_that_of_values_and_names() -> None:
    """Copies have one; a value, a count of batches or a name that differs gives another."""
    network = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    first = digest(network)
    assert re.fullmatch("[0-9a-f]{64}", first)
    assert digest(copy.deepcopy(network)) == first
    assert digest(nn.ModuleDict({"a": network[0], "b": network[1]})) != first
    counted = copy.deepcopy(network)
    counted.get_buffer("1.num_batches_tracked").add_(1)
    moved = copy.deepcopy(network)
    moved.get_parameter("0.bias").data[1] += 1e-3
    assert len({first, digest(counted), digest(moved)}) == 3


def test_a_save_that_fails_leaves_the_old_file(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the disk fills up half-way, the older checkpoint stays and nothing else does."""
    before = saved.read_bytes()

    def fill_up(content: object, file: BinaryIO) -> None:
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", fill_up)
    with pytest.raises(CheckpointError, match=r"a\.pt: cannot be written: No space left"):
        save_checkpoint(Checkpoint(Recogniser(CONFIG)), saved)
    assert saved.read_bytes() == before
    assert list(saved.parent.iterdir()) == [saved]


def test_entries_that_could_not_be_loaded_are_not_saved(tmp_path: Path) -> None:
    """An entry that is no plain value is refused before anything is written."""
    with pytest.raises(CheckpointError, match="artifact must hold plain values"):
        save_checkpoint(Checkpoint(Recogniser(CONFIG), {"f": object()}), tmp_path / "a.pt")
    assert not list(tmp_path.iterdir())


class Hostile:
    """Runs code when it is unpickled by the standard library."""

    def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
        return (exec, ("raise SystemExit('the checkpoint ran code')",))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a checkpoint",
        b"PK\x03\x04 broken",
        pickle.dumps(Hostile()),
        pickle.dumps({"format": Hostile()}, protocol=2),
        b"\x80\x02.",
    ],
)
def test_files_that_are_not_torchs_are_refused(content: bytes, tmp_path: Path) -> None:
    """Whatever the bytes, one sentence comes back and no code in them is run."""
    path = tmp_path / "a.pt"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"a\.pt: expected plain values and tensors"):
        load_checkpoint(path)


def test_a_file_that_holds_code_is_refused(tmp_path: Path) -> None:
    """The same within torch's own archive."""
    torch.save({"format": "posewire-checkpoint", "network": Hostile()}, tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match="expected plain values and tensors"):
        load_checkpoint(tmp_path / "a.pt")


def test_a_cut_file_is_refused(saved: Path) -> None:
    """A download that stopped half-way is no checkpoint."""
    saved.write_bytes(saved.read_bytes()[:-1000])
    with pytest.raises(CheckpointError, match="expected plain values and tensors"):
        load_checkpoint(saved)


def test_missing_files_and_folders_are_refused(tmp_path: Path) -> None:
    """The sentence names the path."""
    for path in (tmp_path, tmp_path / "none.pt"):
        with pytest.raises(CheckpointError, match=f"{path}: expected a checkpoint file"):
            load_checkpoint(path)
    with pytest.raises(CheckpointError, match="cannot be written: No such file or directory"):
        save_checkpoint(Checkpoint(Recogniser(CONFIG)), tmp_path / "none" / "a.pt")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"format": "else"}, "expected format 'posewire-checkpoint', found 'else'"),
        ({"version": 2}, "expected version 1 of the format, found 2"),
        ({"network": {"task": "clip"}}, "missing required field `encoder`"),
        ({"network": None}, "settings cannot be read"),
        ({"artifact": []}, "expected a dict under the key 'artifact'"),
        ({"state_dict": None}, "expected a dict under the key 'state_dict'"),
        ({"state_dict": {"spe": 3}}, "state_dict key 'spe' is not a name with a tensor"),
        ({"state_dict": {}}, r"missing: backbone\.spe, .* and \d+ more$"),
    ],
)
def test_other_content_is_refused(change: dict[str, object], sentence: str, saved: Path) -> None:
    """Another format, version or kind of entry is named, with what was expected."""
    edit(saved, lambda content: content.update(change))
    with pytest.raises(CheckpointError, match=sentence):
        load_checkpoint(saved)


def test_every_key_that_does_not_fit_is_named(saved: Path) -> None:
    """Missing, extra and misshapen keys are told apart in one sentence, with their shapes."""

    def spoil(state: dict[str, torch.Tensor]) -> None:
        state["fc.wait"] = state.pop("fc.weight")
        state["fc.bias"] = torch.zeros(4)

    edit_state(saved, spoil)
    with pytest.raises(CheckpointError) as raised:
        load_checkpoint(saved)
    assert str(raised.value) == (
        f"{saved}: the weights do not fit the network; missing: fc.weight; extra: fc.wait; "
        "of another shape: fc.bias (expected (3,), found (4,))"
    )


@pytest.mark.parametrize(
    ("name", "values", "sentence"),
    [
        ("fc.bias", torch.tensor([0.0, 1.0, torch.nan]), "fc.bias holds values that are not"),
        ("fc.bias", torch.zeros(3, dtype=torch.int64), r"found integers \(3,\)"),
        ("fc.bias", torch.zeros(1).expand(3), "fc.bias does not store a value for each"),
        ("fc.bias", torch.zeros(3).to_sparse(), "fc.bias does not store a value for each"),
        (SHARED[1], torch.ones(24), f"{SHARED[0]} and {SHARED[1]} are one weight, but"),
    ],
)
def test_weights_that_are_no_weights_are_refused(
    name: str, values: torch.Tensor, sentence: str, saved: Path
) -> None:
    """Undefined numbers, other types, values not stored, and a shared weight at odds."""
    edit_state(saved, lambda state: state.update({name: values}))
    with pytest.raises(CheckpointError, match=sentence):
        load_checkpoint(saved)


def test_a_size_that_is_only_claimed_is_not_allocated(saved: Path) -> None:
    """Settings that name a network of terabytes are refused by comparison, at once."""
    huge = {"hidden_size": 8192, "layers": 64, "joints": 1024, "persons": 16, "frames": 4096}

    def claim(content: Any) -> None:
        content["network"]["encoder"].update(huge)
        content["network"].update({"modality": "joint", "parents": []})

    edit(saved, claim)
    with pytest.raises(CheckpointError, match=r"of another shape: backbone\.spe"):
        load_checkpoint(saved)

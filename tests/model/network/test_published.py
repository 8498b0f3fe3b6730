"""The authors' checkpoints load, round-trip, and are refused by name when they are wrong."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from torch import Tensor

from model.network.config import EncoderConfig, EncoderKind
from model.network.projectors import PretrainingNetwork
from model.network.published import Published, load_published, save_published
from model.network.recogniser import Recogniser, encoder_of
from model.network.weights import CheckpointError

if TYPE_CHECKING:
    from tests.model.network.conftest import Golden

State = dict[str, Tensor]


def write(state: State, path: Path, prefix: str = "") -> State:
    """Write a file as the authors' training does, with what stands beside the weights there."""
    named = {f"{prefix}{name}": values for name, values in state.items()}
    torch.save({"epoch": 451, "arch": prefix, "state_dict": named}, path)
    return named


def assert_same(path: Path, state: State) -> None:
    written = torch.load(path, weights_only=True)["state_dict"]
    assert written.keys() == state.keys()
    assert all(torch.equal(written[name], values) for name, values in state.items())


@pytest.fixture(params=["dste", "sttr"])
def state(request: pytest.FixtureRequest) -> State:
    """The weights of a small pretraining network, with the 34 tokens of two COCO bodies."""
    kind: EncoderKind = request.param
    config = EncoderConfig(kind, joints=17, persons=2, hidden_size=8, frames=16)
    return PretrainingNetwork(encoder_of(config)).state_dict()


@pytest.mark.parametrize("prefix", ["", "module."])
def test_a_pretraining_checkpoint_round_trips(
    golden: "Golden", prefix: str, tmp_path: Path
) -> None:
    """The authors' weights give the authors' projections, and are written as they were read."""
    state = write(golden.state, tmp_path / "theirs.pt", prefix)
    published = load_published(tmp_path / "theirs.pt")
    assert isinstance(published.network, PretrainingNetwork)
    assert published.network.backbone.config == golden.config
    with torch.no_grad():
        instance = published.network(golden.tensors["clips"][0]).instance
    torch.testing.assert_close(instance, golden.tensors["joint.z_i"], rtol=1e-5, atol=1e-5)
    save_published(published, tmp_path / "ours.pt")
    assert_same(tmp_path / "ours.pt", state)


def test_a_downstream_checkpoint_is_a_recogniser(golden: "Golden", tmp_path: Path) -> None:
    """With `fc.*` in place of projectors it scores what the caller says, and round-trips."""
    backbone = {k: v for k, v in golden.state.items() if k.startswith("backbone.")}
    head = {"fc.weight": torch.randn(52, 64), "fc.bias": torch.randn(52)}
    state = write({**backbone, **head}, tmp_path / "theirs.pt", "module.")
    published = load_published(tmp_path / "theirs.pt", task="frames")
    assert isinstance(published.network, Recogniser)
    with torch.no_grad():
        logits, _ = published.network(golden.tensors["clips"][0])
    expected = golden.tensors["dense_features"] @ head["fc.weight"].T + head["fc.bias"]
    torch.testing.assert_close(logits, expected, rtol=1e-4, atol=1e-4)
    save_published(published, tmp_path / "ours.pt")
    assert_same(tmp_path / "ours.pt", state)


@pytest.mark.parametrize("sizes", [(17, 64, 1), (25, 64, 2), (20, 32, 3)])
@pytest.mark.parametrize("kind", ["dste", "sttr"])
def test_sizes_are_found_in_the_shapes(
    kind: EncoderKind, sizes: tuple[int, int, int], tmp_path: Path
) -> None:
    """34, 50 or any even number of spatial tokens, any frames, any layers; some keys prefixed."""
    joints, frames, layers = sizes
    config = EncoderConfig(kind, joints, 2, 8, frames, layers=layers)
    network = PretrainingNetwork(encoder_of(config))
    prefixed = frozenset(name for name in network.state_dict() if name.startswith("backbone"))
    save_published(Published(network, prefixed), tmp_path / "a.pt")
    published = load_published(tmp_path / "a.pt")
    assert published.prefixed == prefixed
    assert published.network.backbone.config == config


def drop(name: str) -> Callable[[State], object]:
    return lambda state: state.pop(name)


def put(name: str, *shape: int) -> Callable[[State], object]:
    return lambda state: state.update({name: torch.zeros(shape)})


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (drop("backbone.spe"), "expected the key backbone.spe, found none"),
        (put("backbone.spe", 1, 33, 8), "tokens of 2 persons; holds 33"),
        (put("backbone.spe", 34, 8), r"backbone.spe must have 3 axes; has the shape \(34, 8\)"),
        (put("backbone.spe", 1, 0, 8), "tokens of 2 persons; holds 0"),
        (put("backbone.spe", 1, 50, 8), "t_embedding.0.weight must take a multiple of 50 values"),
        (put("backbone.ske_emb.s_embedding.0.weight", 8, 47), "a multiple of 3 values"),
        (put("backbone.ske_emb.s_embedding.0.weight", 8, 0), "frames must lie in 1…4096; got 0"),
        (drop("backbone.tpe.pe"), "missing: backbone.tpe.pe$"),
        (put("backbone.tpe.pe", 1, 100, 8), r"backbone.tpe.pe \(expected \(1, 200, 8\)"),
        (put("queue", 8, 65536), "extra: queue$"),
        (put("t_proj.0.weight", 8, 8), r"t_proj.0.weight \(expected \(16, 8\), found \(8, 8\)\)"),
        (put("fc.weight", 5, 16), "missing: fc.bias; extra: t_proj.0.weight, .* more$"),
        (put("fc.weight", 0, 16), "labels must lie in 1…100000; got 0"),
        (put("module.backbone.spe", 1), "backbone.spe is listed both with and without 'module.'"),
    ],
)
def test_a_wrong_checkpoint_is_refused_by_its_keys(
    spoil: Callable[[State], object], sentence: str, state: State, tmp_path: Path
) -> None:
    """Each sentence names the file, the key, what was expected and what came."""
    spoil(state)
    write(state, tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match=rf"a\.pt: .*{sentence}"):
        load_published(tmp_path / "a.pt")


def test_a_checkpoint_without_layers_is_refused(state: State, tmp_path: Path) -> None:
    """Neither kind of layer there: the sentence says what such keys look like."""
    write({k: v for k, v in state.items() if "_tr" not in k}, tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match=r"expected layers named backbone\.t_tr\.CA… or"):
        load_published(tmp_path / "a.pt")


@pytest.mark.parametrize("content", [{}, {"state_dict": {}}, {"state_dict": []}, [1]])
def test_a_file_without_weights_is_refused(content: object, tmp_path: Path) -> None:
    """A torch file of something else gets a sentence as well."""
    torch.save(content, tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match=r"a\.pt: expected "):
        load_published(tmp_path / "a.pt")


def test_branches_that_disagree_on_their_attention_are_refused(tmp_path: Path) -> None:
    """CA and DSA list one attention twice; two different ones are no DST layer."""
    network = PretrainingNetwork(encoder_of(EncoderConfig("dste", 17, 2, 8, 16)))
    state = dict(network.state_dict())
    name = "backbone.s_tr1.DSA.attn.out_proj.weight"
    state[name] = state[name] + 1
    write(state, tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match=r"s_tr1\.CA\.attn.* and backbone\.s_tr1\.DSA\.attn"):
        load_published(tmp_path / "a.pt")

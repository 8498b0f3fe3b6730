"""One encoder for three modalities: fusion, subsets, and what is kept of it in files."""

from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from model.network.config import EncoderConfig, EncoderKind
from model.network.encoder import Streams, clip_feature
from model.network.multimodal import MultiModalEmbedding, MultiModalNetwork
from model.network.pretrained import (
    Pretrained,
    Reading,
    load_backbone,
    load_pretrained,
    pretraining_network,
    save_pretrained,
)
from model.network.projectors import PretrainingNetwork
from model.network.recogniser import Recogniser, RecogniserConfig, encoder_of
from model.network.tokens import MODALITIES, SingleModality, derive
from model.network.weights import CheckpointError
from model.pose.layout import layout_named

LAYOUT = layout_named("kinect20")
ENCODER = EncoderConfig("dste", joints=20, persons=1, hidden_size=8, frames=12, heads=2)
ALL = Reading("all", "kinect20", "kinect-3d")
JOINT = Reading("joint", "kinect20", "kinect-3d")
SUBSETS = [subset for size in (1, 2, 3) for subset in combinations(MODALITIES, size)]


def multi_modal(kind: EncoderKind = "dste") -> MultiModalNetwork:
    """A multi-modal network whose fusion is not the identity that it starts as."""
    torch.manual_seed(0)
    config = EncoderConfig(kind, joints=20, persons=1, hidden_size=8, frames=12, heads=2)
    network = MultiModalNetwork(encoder_of(config, "all", LAYOUT.parents))
    for name, weights in network.named_parameters():
        if "fusion" in name:
            torch.nn.init.normal_(weights)
    return network.eval()


def clips(count: int = 4) -> Tensor:
    return torch.randn(count, *ENCODER.clip_shape)


def by_hand(network: MultiModalNetwork, joints: Tensor, subset: tuple[str, ...]) -> Tensor:
    """The clip feature of a subset's fused stream, spelt out with weights by their names."""
    state = network.state_dict()

    def embedded(tokens: Tensor, name: str) -> Tensor:
        first, norm, last = (f"backbone.ske_emb.modal.{name}.{place}" for place in (0, 1, 3))
        hidden = tokens @ state[f"{first}.weight"].T + state[f"{first}.bias"]
        hidden = (hidden - hidden.mean(-1, keepdim=True)) / torch.sqrt(
            hidden.var(-1, keepdim=True, unbiased=False) + 1e-5
        )
        hidden = (hidden * state[f"{norm}.weight"] + state[f"{norm}.bias"]).relu()
        result: Tensor = hidden @ state[f"{last}.weight"].T + state[f"{last}.bias"]
        return result

    parents = list(LAYOUT.parents)
    motion = torch.zeros_like(joints)
    motion[:, :, :-1] = joints[:, :, 1:] - joints[:, :, :-1]
    seen = {"joint": joints, "motion": motion, "bone": joints - joints[:, :, :, parents]}
    temporal = spatial = torch.zeros(())
    for name in subset:
        # (B, C, T, V, M) to (B, T, M·V·C) and (B, M·V, T·C), channels fastest.
        frames = seen[name].permute(0, 2, 4, 3, 1).reshape(len(joints), 12, -1)
        bodies = seen[name].permute(0, 4, 3, 2, 1).reshape(len(joints), 20, -1)
        temporal = temporal + embedded(frames, f"{name}.t_embedding") / len(subset)
        spatial = spatial + embedded(bodies, f"{name}.s_embedding") / len(subset)
    fused = Streams(
        temporal @ state["backbone.ske_emb.t_fusion.weight"].T,
        spatial @ state["backbone.ske_emb.s_fusion.weight"].T,
    )
    return clip_feature(network.backbone.attend(fused))


@pytest.mark.parametrize("subset", SUBSETS)
def test_any_subset_gives_what_is_worked_out_by_hand(subset: tuple[SingleModality, ...]) -> None:
    """The mean of the present modalities' embeddings, fused, goes through the shared body."""
    network, joints = multi_modal(), clips()
    with torch.no_grad():
        expected = by_hand(network, joints, subset)
        found = Pretrained(network, ALL).clip_feature(joints, subset)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_the_encoder_itself_gives_the_fused_stream_of_all() -> None:
    """To all that calls an encoder, a multi-modal one is like any other; order does not matter."""
    network, joints = multi_modal("sttr"), clips()
    pretrained = Pretrained(network, ALL)
    with torch.no_grad():
        fused = clip_feature(network.backbone(derive(joints, "all")))
        torch.testing.assert_close(pretrained.clip_feature(joints), fused)
        for order in (MODALITIES, MODALITIES[::-1]):
            torch.testing.assert_close(pretrained.clip_feature(joints, order), fused)


def test_all_streams_in_one_call_are_those_of_one_call_each() -> None:
    """The batched pass gives each modality's own stream, and the fused one, clip by clip."""
    network, joints = multi_modal(), clips()
    embedding = network.backbone.ske_emb
    assert isinstance(embedding, MultiModalEmbedding)
    with torch.no_grad():
        features = network.features(joints)
        torch.testing.assert_close(features.fused, clip_feature(network.encode(joints)))
        for name, found in zip(MODALITIES, features.modal, strict=True):
            (own,) = embedding.each(joints, [name])
            torch.testing.assert_close(found, clip_feature(network.backbone.attend(own)))
        projections = network.project_all(features)
        assert all(map(torch.equal, projections.fused, network(joints)))
    shapes = {tuple(z.shape) for one in projections[1] + projections[2] for z in one}
    assert shapes == {(4, 16), (4, 32)}


@pytest.mark.parametrize("subset", [(), ("joint", "joint"), ("depth",), ("all",)])
def test_a_subset_that_is_none_is_refused(subset: Any) -> None:
    """None, one twice, or an unknown one: the sentence says which there are."""
    with pytest.raises(ValueError, match="expected some of joint, motion, bone, each once; got"):
        multi_modal().encode(clips(), subset)


def test_one_modality_cannot_become_another() -> None:
    """A single-stream encoder gives its own modality by name, and refuses others."""
    pretrained = Pretrained(PretrainingNetwork(encoder_of(ENCODER)).eval(), JOINT)
    joints = clips()
    assert torch.equal(pretrained.clip_feature(joints, ["joint"]), pretrained.clip_feature(joints))
    with pytest.raises(ValueError, match="this encoder reads joint only; got joint, bone"):
        pretrained.clip_feature(joints, ["joint", "bone"])
    with pytest.raises(ValueError, match="cannot read modality 'all'"):
        Pretrained(pretrained.network, ALL)
    with pytest.raises(TypeError, match="a multi-modal embedding, found a SkeletonEmbedding"):
        MultiModalNetwork(pretrained.network.backbone)


@pytest.mark.parametrize("reading", [ALL, JOINT])
@pytest.mark.parametrize("causal", [False, True])
def test_a_pretrained_network_comes_back_as_it_was(
    reading: Reading, causal: bool, tmp_path: Path
) -> None:
    """Kind, settings, weights and features survive the file, for one modality and for all."""
    config = EncoderConfig("dste", 20, 1, 8, frames=12, causal=causal)
    network = pretraining_network(config, reading).eval()
    before = Pretrained(network, reading, {"commit": None})
    save_pretrained(before, tmp_path / "a.ckpt")
    after = load_pretrained(tmp_path / "a.ckpt")
    assert type(after.network) is type(network)
    assert (after.network.backbone.config, after.reading) == (config, reading)
    assert not after.network.training
    joints = clips()
    assert torch.equal(after.clip_feature(joints), before.clip_feature(joints))


@pytest.mark.parametrize(
    ("key", "changes", "sentence"),
    [
        ("encoder", {"casual": True}, "unknown key 'casual'"),
        ("encoder", {"joints": 19}, "the 20 joints of layout kinect20, got an encoder of 19"),
        ("reading", {"modality": "depth"}, "settings cannot be read: Invalid enum value 'depth'"),
        ("reading", {"layout": "bird"}, "layout 'bird' is unknown"),
        ("reading", {"modality": "joint"}, r"do not fit the network; missing: backbone\.ske_emb"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(
    key: str, changes: dict[str, object], sentence: str, tmp_path: Path
) -> None:
    """One sentence names the file and what does not hold."""
    path = tmp_path / "a.ckpt"
    save_pretrained(Pretrained(multi_modal(), ALL), path)
    content = torch.load(path, weights_only=True)
    content[key] |= changes
    torch.save(content, path)
    with pytest.raises(CheckpointError, match=rf"a\.ckpt: .*{sentence}"):
        load_pretrained(path)


def test_settings_from_before_causal_are_read(tmp_path: Path) -> None:
    """A pretrained file without the key is of an encoder that is not causal."""
    path = tmp_path / "a.ckpt"
    save_pretrained(Pretrained(multi_modal(), ALL), path)
    content = torch.load(path, weights_only=True)
    del content["encoder"]["causal"]
    torch.save(content, path)
    assert not load_pretrained(path).network.backbone.config.causal


@pytest.mark.parametrize("modality", ["joint", "bone", "all"])
def test_a_recogniser_starts_from_a_pretrained_backbone(modality: Any) -> None:
    """Its features are the pretrained encoder's, its head is untouched."""
    reading = Reading(modality, "kinect20", "none")
    pretrained = Pretrained(pretraining_network(ENCODER, reading).eval(), reading)
    config = RecogniserConfig(ENCODER, "clip", 3, modality, LAYOUT.parents)
    recogniser = Recogniser(config).eval()
    head = recogniser.fc.weight.clone()
    load_backbone(recogniser, pretrained)
    joints = clips()
    logits, _ = recogniser(joints)
    expected = recogniser.fc(pretrained.clip_feature(joints))
    torch.testing.assert_close(logits, expected)
    assert torch.equal(recogniser.fc.weight, head)


@pytest.mark.parametrize(
    ("changes", "modality", "sentence"),
    [
        ({"frames": 16}, "joint", "frames is expected to be 16, found 12"),
        ({"joints": 19}, "joint", "joints is expected to be 19, found 20"),
        ({"causal": True}, "joint", "causal is expected to be True, found False"),
        ({}, "motion", "modality is expected to be motion, found joint"),
    ],
)
def test_a_backbone_that_does_not_fit_is_refused(
    changes: dict[str, Any], modality: Any, sentence: str
) -> None:
    """The sentence names the setting, what the recogniser expects and what was pretrained."""
    pretrained = Pretrained(PretrainingNetwork(encoder_of(ENCODER)), JOINT)
    encoder = EncoderConfig(**{**ENCODER.__dict__, **changes})
    recogniser = Recogniser(RecogniserConfig(encoder, "clip", 3, modality))
    with pytest.raises(CheckpointError, match=sentence):
        load_backbone(recogniser, pretrained)
    read = replace(pretrained, path=Path("runs/nw.ckpt"))
    with pytest.raises(CheckpointError, match=rf"^runs/nw\.ckpt: .*{sentence}"):
        load_backbone(recogniser, read)


def test_bones_of_another_tree_are_refused() -> None:
    """Bones are what they are by their parents; how much is dropped in training may differ."""
    reading = Reading("bone", "kinect20", "none")
    pretrained = Pretrained(PretrainingNetwork(encoder_of(ENCODER)), reading)
    encoder = EncoderConfig(**{**ENCODER.__dict__, "drop_path": 0.3})
    load_backbone(
        Recogniser(RecogniserConfig(encoder, "clip", 3, "bone", LAYOUT.parents)), pretrained
    )
    chain = (0, *range(19))
    with pytest.raises(CheckpointError, match=r"parents is expected to be \(0, 0, 1"):
        load_backbone(Recogniser(RecogniserConfig(encoder, "clip", 3, "bone", chain)), pretrained)

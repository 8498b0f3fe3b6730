"""The encoders and projectors are the function that the USDRL authors published."""

from typing import TYPE_CHECKING

import pytest
import torch
from torch import Tensor

from model.network.encoder import clip_feature
from model.network.recogniser import Recogniser, RecogniserConfig
from model.network.tokens import derive, spatial_tokens, temporal_tokens

if TYPE_CHECKING:
    from tests.model.network.conftest import Golden

TOLERANCE = 1e-5


def assert_close(ours: Tensor, theirs: Tensor, name: str) -> None:
    assert ours.shape == theirs.shape, name
    relative = (ours - theirs).abs().max() / theirs.std()
    assert relative <= TOLERANCE, f"{name} is off by {relative:.1e} of its spread"


def test_every_modality_gives_the_published_tokens_streams_and_projections(
    golden: "Golden",
) -> None:
    """From clips to projections every number is the authors', within 1e-5 of its spread."""
    network = golden.network()
    assert {"joint", "motion"} <= golden.modalities.keys()
    for modality, parents in golden.modalities.items():
        clip = derive(golden.tensors["clips"][0], modality, parents)
        with torch.no_grad():
            streams = network.backbone(clip)
            projections = network.project(streams)
        ours = {
            "tokens_t": temporal_tokens(clip),
            "tokens_s": spatial_tokens(clip),
            "y_t": streams.temporal,
            "y_s": streams.spatial,
            "z_t": projections.temporal,
            "z_s": projections.spatial,
            "z_i": projections.instance,
        }
        for name, values in ours.items():
            assert_close(values, golden.tensors[f"{modality}.{name}"], f"{modality}.{name}")


def test_dense_and_clip_features_are_the_published_ones(golden: "Golden") -> None:
    """Both features of the joint modality are the authors', within 1e-5 of their spread."""
    backbone = golden.network().backbone
    with torch.no_grad():
        streams = backbone(golden.tensors["clips"][0])
        assert_close(clip_feature(streams), golden.tensors["clip_features"], "clip_features")
        dense = backbone.dense_feature(streams)
    assert_close(dense, golden.tensors["dense_features"], "dense_features")


@pytest.mark.parametrize("task", ["frames", "clip"])
def test_a_recogniser_scores_the_published_features(golden: "Golden", task: str) -> None:
    """Logits are the linear head of the authors' dense or clip feature, nothing between."""
    settings = {**RecogniserConfig(golden.config, "clip", labels=5).to_dict(), "task": task}
    recogniser = Recogniser(RecogniserConfig.from_dict(settings)).eval()
    recogniser.backbone.load_state_dict(golden.network().backbone.state_dict())
    feature = golden.tensors["dense_features" if task == "frames" else "clip_features"]
    with torch.no_grad():
        logits, features = recogniser(golden.tensors["clips"][0])
        assert_close(logits, recogniser.fc(feature), "logits")
    assert_close(features, golden.tensors["dense_features"], "features")

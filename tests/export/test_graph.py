"""The graph: what is served holds nothing that a fast runtime cannot do, and shares no batch."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import AttributeProto
from torch import Tensor, nn

from export.artifact_file import Artifact, open_artifact, write_artifact
from export.graph import FORBIDDEN, to_onnx
from export.tensorrt_readiness import faults
from model.network.baselines import BaselineConfig, GruBaseline
from model.network.ensemble import Ensemble
from model.network.recogniser import Recogniser
from model.pose.artifact import ArtifactError
from tests.export.checkpoints import small_network
from tests.service.artifacts import KINECT


@pytest.fixture(scope="module")
def artifact(place: Path) -> Artifact:
    """A small network, exported."""
    return open_artifact(place / "small.onnx")


def test_the_graph_is_plain(artifact: Artifact) -> None:
    """No scatter, no control flow, no functions, no operators of another domain."""
    nodes = artifact.model.graph.node
    assert FORBIDDEN.isdisjoint(node.op_type for node in nodes)
    assert {node.domain for node in nodes} == {""}
    assert list(artifact.model.functions) == []
    kinds = {attribute.type for node in nodes for attribute in node.attribute}
    assert kinds.isdisjoint({AttributeProto.GRAPH, AttributeProto.GRAPHS})


def test_time_is_static_and_the_batch_dynamic(artifact: Artifact) -> None:
    """Every dimension of every input and output but the first is a number."""
    graph = onnx.shape_inference.infer_shapes(artifact.model).graph
    for value in (*graph.input, *graph.output):
        batch, *others = value.type.tensor_type.shape.dim
        assert batch.dim_param
        assert all(dimension.dim_value > 0 for dimension in others), value.name


def test_a_layer_normalisation_stays_one_node(artifact: Artifact) -> None:
    """Each LayerNorm that runs is one LayerNormalization, which runtimes have fast, and no more."""
    network = small_network()
    ran: list[nn.Module] = []
    for module in network.modules():
        if isinstance(module, nn.LayerNorm):
            module.register_forward_hook(lambda module, *_: ran.append(module))
    network(torch.zeros(1, *network.config.encoder.clip_shape))
    operators = [node.op_type for node in artifact.model.graph.node]
    assert operators.count("LayerNormalization") == len(ran) > 0
    assert {"Sqrt", "Pow"}.isdisjoint(operators)


def test_an_ensemble_is_one_graph_that_answers_as_its_network(tmp_path: Path) -> None:
    """Its recurrence is one operator; its answers are those of torch, for one clip and several."""
    recogniser = small_network()
    encoder = recogniser.config.encoder
    sizes = BaselineConfig("gru", encoder.joints, encoder.persons, recogniser.config.labels, 8)
    network = Ensemble(recogniser, GruBaseline(replace(sizes, steps=True))).eval()
    artifact = write_artifact(to_onnx(network), KINECT, tmp_path / "both.onnx")
    assert [node.op_type for node in artifact.model.graph.node].count("GRU") == 1
    assert faults(artifact.model) == []
    clips = np.random.default_rng(0).normal(size=(3, *encoder.clip_shape)).astype(np.float32)
    for batch in (clips[:1], clips):
        with torch.inference_mode():
            logits, _ = network(torch.from_numpy(batch))
        np.testing.assert_allclose(artifact.session.logits(batch), logits.numpy(), atol=1e-4)


def test_nothing_of_the_builder_is_left_in_it(artifact: Artifact) -> None:
    """The file says what the model is, not where and from which lines of code it was made."""
    content = artifact.path.read_bytes()
    assert str(Path(__file__).parents[2]).encode() not in content
    assert b"recogniser.py" not in content
    keys = [entry.key for entry in artifact.model.metadata_props]
    assert keys == ["posewire", "posewire-tensorrt", "posewire-sha256"]


@pytest.mark.parametrize("batch", [1, 7, 64])
@pytest.mark.parametrize("hostile", [0.0, 1e4, 1e30, np.inf, np.nan])
def test_an_output_does_not_depend_on_its_neighbours(
    artifact: Artifact, batch: int, hostile: float
) -> None:
    """A clip gives the same alone and among any others, be they huge or no numbers at all."""
    shape = small_network().config.encoder.clip_shape
    clip = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    crowd = np.full((batch, *shape), hostile, np.float32)
    place = batch // 2
    crowd[place] = clip
    alone, among = artifact.session.run(clip[None]), artifact.session.run(crowd)
    for found, expected in zip(among, alone, strict=True):
        np.testing.assert_allclose(found[place], expected[0], rtol=1e-5, atol=1e-5)


class Scattering(Recogniser):
    """A recogniser that assigns by index, as a careless put-back does."""

    def forward(self, clip: Tensor) -> tuple[Tensor, Tensor]:
        logits, features = super().forward(clip)
        shifted = torch.zeros_like(features)
        shifted[:, torch.tensor([0, 3, 5])] = features[:, torch.tensor([5, 0, 3])]
        return logits, features + shifted


def test_a_graph_that_scatters_is_refused() -> None:
    """An operator that must not be there is named, and no graph is given."""
    network = Scattering(small_network().config).eval()
    with pytest.raises(ArtifactError, match="an artifact's graph has no Scatter"):
        to_onnx(network)

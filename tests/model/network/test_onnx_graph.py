"""The exported graph: fit for any batch size, without control flow, equal to torch."""

import logging
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from model.network.config import EncoderConfig, EncoderKind
from model.network.recogniser import Recogniser, RecogniserConfig, Task
from model.network.tokens import Modality

FORBIDDEN = {"ScatterND", "ScatterElements", "If", "Loop", "Scan", "SequenceAt"}


# PyTorch's exporter uses a name of its own that it has deprecated.
@pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning")
@pytest.mark.parametrize(
    ("kind", "task", "modality"),
    [("dste", "frames", "bone"), ("sttr", "clip", "motion"), ("sttr", "frames", "all")],
)
def test_the_graph_gives_what_torch_gives(
    kind: EncoderKind, task: Task, modality: Modality, tmp_path: Path
) -> None:
    """Batches of 1, 2 and 7 agree within 1e-5; time is static, no scatter, no control flow."""
    encoder = EncoderConfig(kind, joints=5, persons=2, hidden_size=16, frames=12, heads=2)
    config = RecogniserConfig(encoder, task, 3, modality, parents=(0, 0, 1, 1, 3))
    recogniser = Recogniser(config).eval()
    path = tmp_path / "graph.onnx"
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    torch.onnx.export(
        recogniser,
        (torch.randn(2, *encoder.clip_shape),),
        path,
        dynamo=True,
        input_names=["clip"],
        output_names=["logits", "features"],
        dynamic_shapes=({0: "batch"},),
        external_data=False,
        verbose=False,
    )
    assert not FORBIDDEN & {node.op_type for node in onnx.load(path).graph.node}
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    assert session.get_inputs()[0].shape == ["batch", *encoder.clip_shape]
    assert session.get_outputs()[1].shape == ["batch", 12, 32]
    for batch in (1, 2, 7):
        clip = torch.randn(batch, *encoder.clip_shape)
        with torch.inference_mode():
            expected = recogniser(clip)
        for ours, theirs in zip(session.run(None, {"clip": clip.numpy()}), expected, strict=True):
            np.testing.assert_allclose(ours, theirs.numpy(), rtol=0, atol=1e-5)

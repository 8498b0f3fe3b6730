"""A causal recogniser as a graph: the same numbers, and still no word from the future."""

from collections.abc import Callable

import numpy as np
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray

from export.graph import to_onnx
from model.network.config import EncoderConfig, EncoderKind
from model.network.recogniser import Recogniser, RecogniserConfig

Scores = Callable[[NDArray[np.float32]], list[NDArray[np.float32]]]


def exported(recogniser: Recogniser) -> Scores:
    """The graph of a recogniser, to be run on clips."""
    graph = to_onnx(recogniser).SerializeToString()
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    return lambda clips: session.run(None, {"clip": clips})


@pytest.mark.parametrize("kind", ["dste", "sttr"])
def test_the_graph_is_causal_and_gives_what_torch_gives(kind: EncoderKind) -> None:
    """Batches of any size agree with torch within 1e-5; frames so far are scored as they were."""
    torch.manual_seed(0)
    encoder = EncoderConfig(kind, 5, 1, hidden_size=8, frames=12, heads=2, causal=True)
    recogniser = Recogniser(RecogniserConfig(encoder, "frames", 3)).eval()
    run = exported(recogniser)
    clips = torch.randn(3, *encoder.clip_shape)
    with torch.inference_mode():
        expected = recogniser(clips)
    for ours, theirs in zip(run(clips.numpy()), expected, strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=0, atol=1e-5)
    other = clips[:1].clone()
    other[:, :, 8:] += 100.0
    for before, after in zip(run(clips[:1].numpy()), run(other.numpy()), strict=True):
        np.testing.assert_allclose(after[:, :8], before[:, :8], rtol=0, atol=1e-6)
        assert np.abs(after[:, 8:] - before[:, 8:]).max() > 1e-3

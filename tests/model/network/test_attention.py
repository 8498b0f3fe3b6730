"""The parts of the layers, each held against a second implementation."""

import pytest
import torch
from torch import Tensor, nn

from model.network.attention import (
    ConvolutionalAttention,
    DenseShiftAttention,
    DropPath,
    SelfAttention,
)
from model.network.config import EncoderConfig
from model.network.sttr import PostNormLayer


@pytest.mark.parametrize("heads", [1, 2, 4])
def test_attention_is_that_of_pytorch(heads: int) -> None:
    """With the same weights, under the same names, it gives what PyTorch's own gives."""
    theirs = nn.MultiheadAttention(16, heads, batch_first=True)
    nn.init.normal_(theirs.in_proj_bias)
    ours = SelfAttention(16, heads)
    ours.load_state_dict(theirs.state_dict())
    tokens = torch.randn(3, 10, 16)
    expected, _ = theirs(tokens, tokens, tokens)
    torch.testing.assert_close(ours(tokens), expected)


def test_the_baseline_layer_is_that_of_pytorch() -> None:
    """A layer of STTR is a post-norm transformer layer with ReLU and no dropout."""
    theirs = nn.TransformerEncoderLayer(16, 2, 16, dropout=0.0, batch_first=True)
    ours = PostNormLayer(EncoderConfig("sttr", joints=5, persons=1, hidden_size=16, heads=2))
    ours.load_state_dict(theirs.state_dict())
    tokens = torch.randn(3, 10, 16)
    torch.testing.assert_close(ours(tokens), theirs(tokens))


def test_convolutional_attention_convolves_over_the_tokens() -> None:
    """The linear map that stands for the convolution gives what the convolution gives."""
    branch = ConvolutionalAttention(SelfAttention(16, 1), 16, drop_path=0.0)
    tokens = torch.randn(3, 10, 16)
    local = tokens + branch.conv1(tokens.transpose(1, 2)).relu().transpose(1, 2)
    local = branch.attn(branch.norm1(local)) + tokens
    torch.testing.assert_close(branch(tokens), branch.mlp(branch.norm2(local)))


@pytest.mark.parametrize("gap", [1, 3, 4, 20])
def test_dense_shift_keeps_every_gapth_token(gap: int) -> None:
    """One doubled batch gives the mean of two calls, and the put-back is the indexed one."""
    branch = DenseShiftAttention(SelfAttention(16, 1), 16, length=10, gap=gap, drop_path=0.0)
    tokens = torch.randn(3, 10, 16)

    def block(sequence: Tensor) -> Tensor:
        sequence = sequence + branch.attn(branch.norm1(sequence))
        result: Tensor = sequence + branch.mlp(branch.norm2(sequence))
        return result

    mixed = branch.wt2(branch.wt1(tokens.mT).relu()).mT + tokens
    mixed[:, ::gap] = tokens[:, ::gap]
    torch.testing.assert_close(branch(tokens), (block(mixed) + block(tokens)) / 2)


def test_drop_path_skips_whole_samples_and_keeps_their_mean() -> None:
    """In training a sample's branch is 0 or scaled up; in evaluation it is left alone."""
    drop = DropPath(0.25)
    branch = torch.ones(4000, 3, 2)
    dropped = drop(branch)
    assert set(dropped.flatten(1).unique(dim=0)[:, 0].tolist()) == {0.0, torch.tensor(4 / 3).item()}
    assert dropped.mean() == pytest.approx(1.0, abs=0.05)
    assert drop.eval()(branch) is branch

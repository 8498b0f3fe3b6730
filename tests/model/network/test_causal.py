"""The causal encoder: what was said of a frame stays said, whatever comes after it."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from model.network.attention import DenseShiftAttention, SelfAttention, past
from model.network.config import EncoderConfig, EncoderKind
from model.network.encoder import Encoder, Streams
from model.network.pretrained import Reading, pretraining_network
from model.network.recogniser import Recogniser, RecogniserConfig, encoder_of
from model.network.tokens import Modality

FRAMES = 12
KINDS: list[EncoderKind] = ["dste", "sttr"]


def small(kind: EncoderKind, causal: bool, **sizes: int) -> EncoderConfig:
    fixed = EncoderConfig(kind, joints=5, persons=1, hidden_size=8, frames=FRAMES).__dict__
    return EncoderConfig(**{**fixed, "causal": causal, **sizes})


def two_futures(last: int, size: float = 3.0) -> Tensor:
    """Two clips (2, 3, T, 5, 1) that agree up to and with the frame `last`."""
    clip = torch.randn(1, 3, FRAMES, 5, 1)
    other = clip.clone()
    other[:, :, last + 1 :] += size * torch.randn(1, 3, FRAMES - last - 1, 5, 1)
    return torch.cat([clip, other])


def dense(encoder: Encoder, clips: Tensor) -> Tensor:
    with torch.no_grad():
        return encoder.dense_feature(encoder.eval()(clips))


@settings(max_examples=30, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    seed=st.integers(0, 2**31),
    last=st.integers(0, FRAMES - 2),
    layers=st.integers(1, 3),
    heads=st.sampled_from([1, 2]),
    gap=st.integers(1, 5),
    size=st.sampled_from([1e-2, 3.0, 1e6]),
)
def test_a_later_frame_changes_no_earlier_output(
    kind: EncoderKind, seed: int, last: int, layers: int, heads: int, gap: int, size: float
) -> None:
    """Of clips that agree up to a frame, dense features agree up to it, and part after it."""
    torch.manual_seed(seed)
    encoder = encoder_of(small(kind, True, layers=layers, heads=heads, gap=gap))
    one, other = dense(encoder, two_futures(last, size))
    torch.testing.assert_close(one[: last + 1], other[: last + 1], rtol=0, atol=1e-6)
    assert not torch.allclose(one[last + 1 :], other[last + 1 :], rtol=0, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_the_published_encoder_fails_that_check(kind: EncoderKind) -> None:
    """Without the setting both halves of the dense feature know the future: the check can fail."""
    torch.manual_seed(0)
    one, other = dense(encoder_of(small(kind, False)), two_futures(5))
    for half in (slice(8), slice(8, None)):
        assert (one[:6, half] - other[:6, half]).abs().max() > 1e-3


@pytest.mark.parametrize("kind", KINDS)
def test_the_second_half_is_the_mean_so_far(kind: EncoderKind) -> None:
    """Frame t has y_t beside the mean of y_0 … y_t, and nothing of the spatial stream."""
    encoder = encoder_of(small(kind, True))
    streams = Streams(torch.randn(2, FRAMES, 8), torch.randn(2, 5, 8))
    expected = [streams.temporal[:, : frame + 1].mean(dim=1) for frame in range(FRAMES)]
    feature = encoder.dense_feature(streams)
    assert torch.equal(feature[..., :8], streams.temporal)
    torch.testing.assert_close(feature[..., 8:], torch.stack(expected, dim=1))


def test_causal_attention_is_that_of_pytorch() -> None:
    """Masked attention is PyTorch's own with the same mask, which says what is *not* seen."""
    theirs = torch.nn.MultiheadAttention(16, 2, batch_first=True)
    ours = SelfAttention(16, 2, past(10))
    ours.load_state_dict(theirs.state_dict())
    tokens = torch.randn(3, 10, 16)
    expected, _ = theirs(tokens, tokens, tokens, attn_mask=~past(10))
    torch.testing.assert_close(ours(tokens), expected)


def test_dense_shift_mixes_the_past_alone() -> None:
    """Each place is mixed from those up to it, by the weights below the diagonal."""
    branch = DenseShiftAttention(SelfAttention(4, 1, past(6)), 4, length=6, gap=6, drop_path=0.0)
    tokens = torch.randn(2, 6, 4)
    expected = tokens.clone()
    for channel in range(4):
        hidden = tokens[..., channel] @ branch.wt1.weight.tril().T + branch.wt1.bias
        along = hidden.relu() @ branch.wt2.weight.tril().T + branch.wt2.bias
        expected[:, 1:, channel] += along[:, 1:]
    torch.testing.assert_close(branch._shift(tokens), expected)


@pytest.mark.parametrize("kind", KINDS)
def test_weights_are_named_alike_either_way(kind: EncoderKind) -> None:
    """The setting adds no weight: a checkpoint of one kind has the names of the other."""
    causal, published = (encoder_of(small(kind, setting)) for setting in (True, False))
    assert causal.state_dict().keys() == published.state_dict().keys()


def test_settings_from_before_the_setting_are_not_causal() -> None:
    """A checkpoint without the key is read as what it was."""
    plain = RecogniserConfig(small("dste", True), "frames", 3).to_dict()
    encoder = plain["encoder"]
    assert isinstance(encoder, dict)
    assert encoder.pop("causal") is True
    assert not RecogniserConfig.from_dict(plain).encoder.causal


@pytest.mark.parametrize("modality", ["joint", "bone"])
def test_a_causal_recogniser_keeps_to_what_it_said(modality: Modality) -> None:
    """From joints in to scores of frames out, the future changes nothing."""
    recogniser = Recogniser(
        RecogniserConfig(small("sttr", True), "frames", 3, modality, (0, 0, 1, 2, 3))
    )
    with torch.no_grad():
        logits, _ = recogniser.eval()(two_futures(7))
    torch.testing.assert_close(logits[0, :8], logits[1, :8], rtol=0, atol=1e-6)


@pytest.mark.parametrize("modality", ["motion", "all"])
def test_motion_is_refused(modality: Modality) -> None:
    """Motion is the step to the *next* frame: a causal recogniser that reads it is none."""
    with pytest.raises(ValueError, match=f"motion looks one frame ahead; got '{modality}'"):
        RecogniserConfig(small("sttr", True), "frames", 3, modality, (0, 0, 1, 2, 3))


def test_a_causal_encoder_is_pretrained_as_any_other() -> None:
    """Projections of a causal encoder reach all of its weights."""
    network = pretraining_network(small("dste", True), Reading("joint", "coco17", "none"))
    projections = network(torch.randn(3, 3, FRAMES, 5, 1))
    torch.autograd.backward([projection.square().sum() for projection in projections])
    assert all(weights.grad is not None for weights in network.parameters())

"""What holds for both encoders, whatever their sizes."""

import dataclasses
import math
from typing import Any

import pytest
import torch
from torch.nn import functional

from model.network.config import EncoderConfig, EncoderKind
from model.network.dste import Dste, DstLayer
from model.network.encoder import Streams, TemporalPositions
from model.network.recogniser import encoder_of

KINDS: list[EncoderKind] = ["dste", "sttr"]


def small(kind: EncoderKind, **settings: Any) -> EncoderConfig:
    smallest = EncoderConfig(kind, joints=5, persons=1, hidden_size=8, frames=16)
    return dataclasses.replace(smallest, **settings)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("frames", "persons", "layers"), [(64, 2, 2), (16, 1, 1), (7, 3, 3)])
def test_sizes_are_free(kind: EncoderKind, frames: int, persons: int, layers: int) -> None:
    """Any number of frames, persons and layers gives streams and features of those sizes."""
    config = small(kind, frames=frames, persons=persons, layers=layers)
    encoder = encoder_of(config).eval()
    streams = encoder(torch.randn(2, *config.clip_shape))
    assert streams.temporal.shape == (2, frames, 8)
    assert streams.spatial.shape == (2, persons * 5, 8)
    assert encoder.dense_feature(streams).shape == (2, frames, 16)


@pytest.mark.parametrize(("tokens", "frames"), [(34, 64), (50, 64), (20, 64), (64, 64), (64, 7)])
def test_dense_pooling_is_adaptive_average_pooling(tokens: int, frames: int) -> None:
    """The pooling matrix gives what the operator gives, for fewer or more joints than frames."""
    encoder = encoder_of(small("sttr", joints=tokens, frames=frames))
    streams = Streams(torch.zeros(3, frames, 8), torch.randn(3, tokens, 8))
    pooled = encoder.dense_feature(streams)[..., 8:]
    expected = functional.adaptive_avg_pool1d(streams.spatial.mT, frames).mT
    torch.testing.assert_close(pooled, expected)


@pytest.mark.parametrize("kind", KINDS)
def test_neighbours_in_a_batch_change_nothing(kind: EncoderKind) -> None:
    """In evaluation a clip's streams are its own, beside huge, empty and undefined clips."""
    config = small(kind, drop_path=0.5)
    encoder = encoder_of(config).eval()
    clip = torch.randn(1, *config.clip_shape)
    alone = encoder(clip)
    hostile = torch.stack([torch.full(config.clip_shape, v) for v in (1e6, 0.0, math.nan)])
    together = encoder(torch.cat([hostile, clip, hostile]))
    for own, shared in zip(alone, together, strict=True):
        torch.testing.assert_close(own[0], shared[3])


def test_drop_path_is_for_training_only() -> None:
    """Two runs of a DSTE differ in training and are the same in evaluation."""
    config = small("dste", drop_path=0.5)
    encoder, clip = Dste(config), torch.randn(8, *config.clip_shape)
    assert not torch.equal(encoder(clip).temporal, encoder(clip).temporal)
    encoder.eval()
    assert torch.equal(encoder(clip).temporal, encoder(clip).temporal)


def test_both_branches_learn_one_attention() -> None:
    """CA and DSA list the same parameters, which count once."""
    layer = DstLayer(small("dste"), length=16)
    assert layer.CA.attn is layer.DSA.attn
    names = [name for name, _ in layer.named_parameters()]
    assert not any(name.startswith("DSA.attn") for name in names)


def test_positions_are_sines_and_cosines() -> None:
    """Channel 2i is sin(t / 10000^(2i/D)), channel 2i+1 the cosine; long clips get more rows."""
    positions = TemporalPositions(frames=300, hidden_size=6)
    assert positions.pe.shape == (1, 300, 6)
    for t, channel in [(0, 0), (7, 2), (63, 4), (299, 0)]:
        angle = t / 10000 ** (channel / 6)
        assert positions.pe[0, t, channel] == pytest.approx(math.sin(angle), abs=1e-4)
        assert positions.pe[0, t, channel + 1] == pytest.approx(math.cos(angle), abs=1e-4)


def test_a_clip_of_another_shape_is_refused() -> None:
    """The sentence gives the shape expected and the shape that came."""
    with pytest.raises(ValueError, match=r"\(B, 3, 16, 5, 1\); got \(2, 3, 15, 5, 1\)"):
        encoder_of(small("dste"))(torch.zeros(2, 3, 15, 5, 1))


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ({"kind": "gru"}, "kind must be one of dste, sttr; got 'gru'"),
        ({"joints": 0}, "joints must lie in 1…1024; got 0"),
        ({"hidden_size": 10**9}, "hidden_size must lie in 1…8192"),
        ({"hidden_size": 9}, "hidden_size must be even"),
        ({"heads": 3}, r"a multiple of heads \(3\)"),
        ({"alpha": 1.5}, "alpha must lie in 0…1; got 1.5"),
        ({"alpha": math.nan}, "alpha must lie in 0…1; got nan"),
        ({"drop_path": 1.0}, "drop_path must be at least 0 and below 1; got 1.0"),
    ],
)
def test_settings_out_of_range_are_refused(setting: dict[str, Any], sentence: str) -> None:
    """The sentence names the setting, its range and what came."""
    with pytest.raises(ValueError, match=sentence):
        small(**{"kind": "dste", **setting})

"""The multi-modal network in training: what it gives, what it learns from, and that it learns."""

import pytest
import torch
from torch import Tensor

from model.network.config import EncoderConfig
from model.network.encoder import clip_feature
from model.network.multimodal import MultiModalEmbedding, MultiModalNetwork
from model.network.recogniser import encoder_of
from model.network.tokens import MODALITIES
from training.collapse import diversity
from training.modal_consistency import modal_consistency
from training.modal_network import ModalNetwork, gathered

ENCODER = EncoderConfig("dste", 5, 1, hidden_size=8, frames=12, drop_path=0.0)
PARENTS = (0, 0, 1, 2, 3)


def network(seed: int = 0) -> ModalNetwork:
    torch.manual_seed(seed)
    return ModalNetwork(MultiModalNetwork(encoder_of(ENCODER, "all", PARENTS)))


def views(count: int = 3, clips: int = 6) -> Tensor:
    """Views (W, B, C, T, V, M) of clips that move each in its own way."""
    draw = torch.Generator().manual_seed(1)
    base = torch.randn(1, clips, *ENCODER.clip_shape, generator=draw).cumsum(dim=3)
    return base + 0.1 * torch.randn(count, *base.shape[1:], generator=draw)


def test_one_batched_call_gives_what_a_call_each_gives() -> None:
    """A view's projections are those of its modalities, encoded and projected by themselves."""
    wrapped, seen = network(), views()
    inner, embedding = wrapped.network, wrapped.network.backbone.ske_emb
    assert isinstance(embedding, MultiModalEmbedding)
    found = wrapped(seen)
    for view, projections in zip(seen, found, strict=True):
        fused = clip_feature(inner.backbone(view))
        for place, name in enumerate(MODALITIES):
            (own,) = embedding.each(view, [name])
            expected = inner.project_feature(clip_feature(inner.backbone.attend(own)))
            predicted = inner.predictors[name](fused)
            torch.testing.assert_close(projections.modal[place], expected)
            torch.testing.assert_close(projections.predicted[place], predicted)
        torch.testing.assert_close(projections.fused, inner.project_feature(fused))


def test_gradients_reach_every_parameter() -> None:
    """No weight is idle, as gradients shared between processes need it."""
    wrapped = network()
    torch.autograd.backward(modal_consistency(wrapped(views())).total)
    idle = [
        name
        for name, weights in wrapped.named_parameters()
        if weights.grad is None or not weights.grad.isfinite().all()
    ]
    assert idle == []
    for part in ("modal.joint", "modal.motion", "modal.bone", "t_fusion", "s_fusion"):
        reached = [w.grad for name, w in wrapped.named_parameters() if part in name]
        assert all(grad is not None and grad.abs().max() > 0 for grad in reached), part


def test_gathering_brings_each_tensor_together_in_one_exchange() -> None:
    """What two processes of the same clips gather is each tensor twice, and nothing mixed up."""
    exchanges = []

    def twice(tensor: Tensor) -> Tensor:
        exchanges.append(tensor.shape)
        return torch.cat([tensor, tensor])

    (view,) = network()(views(1))
    together = gathered(view, twice)
    assert len(exchanges) == 1
    pairs = zip(
        (view.fused, *view.modal, *view.predicted),
        (together.fused, *together.modal, *together.predicted),
        strict=True,
    )
    for own, both in pairs:
        for ours, gathered_domain in zip(own, both, strict=True):
            assert torch.equal(torch.cat([ours, ours]), gathered_domain)


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_training_lowers_the_loss_and_keeps_clips_apart(precision: torch.dtype) -> None:
    """On a handful of clips every term falls, and fused features do not collapse."""
    wrapped, seen = network(), views(4, 16)
    optimiser = torch.optim.AdamW(wrapped.parameters(), lr=5e-3)
    history = []
    for _ in range(30):
        with torch.autocast("cpu", precision, enabled=precision != torch.float32):
            terms = modal_consistency(wrapped(seen))
        optimiser.zero_grad()
        torch.autograd.backward(terms.total)
        optimiser.step()
        history.append(terms)
    first, last = history[0], history[-1]
    assert last.total < 0.7 * first.total
    assert last.views.total < 0.7 * first.views.total
    assert last.intra_modal < 0.7 * first.intra_modal
    assert last.inter_modal < first.inter_modal
    assert last.variance_autocovariance < 0.8 * first.variance_autocovariance
    wrapped.eval()
    with torch.no_grad():
        found = diversity(clip_feature(wrapped.network.backbone(seen[0])))
        projected = diversity(wrapped(seen[:1])[0].fused.instance)
    assert found.rank > 4
    assert projected.collapse is None

"""What is compared of a batch: views of one clip stand at one place, of all processes together."""

import pytest
import torch
from torch import Tensor, nn

from model.network.multimodal import ModalProjections
from model.network.projectors import Projections
from training.clip_source import ClipBatch
from training.consistency import CollapseError, Consistency, Perspective
from training.mgfd import MgfdWeights
from training.modal_consistency import ModalWeights, modal_consistency
from training.replica import Replica
from training.views import ViewSettings

FRAMES, VIEWS, CLIPS = 16, 4, 5
AS_THEY_ARE = Perspective(views=ViewSettings(shortest_crop=1.0, corrupted_share=0.0, shear=0.0))


def batch(clips: int) -> ClipBatch:
    draw = torch.Generator().manual_seed(0)
    return ClipBatch(
        torch.randn(clips, 3, FRAMES, 5, 1, generator=draw), torch.full((clips,), FRAMES)
    )


class Seen(nn.Module):
    """Keeps the views that it is given; each is projected to its first numbers."""

    def forward(self, views: Tensor) -> list[Projections] | list[ModalProjections]:
        self.views = views
        return [Projections(*(view.flatten(1)[:, :4],) * 3) for view in views]


class SeenModal(Seen):
    """The same of three modalities."""

    def forward(self, views: Tensor) -> list[Projections] | list[ModalProjections]:
        of = [Projections(*(view.flatten(1)[:, k : k + 4] for k in range(3))) for view in views]
        return [ModalProjections(one, (one,) * 3, (one,) * 3) for one in of]


@pytest.mark.parametrize("clip_a_view", [False, True])
def test_views_of_a_clip_stand_at_its_place_in_each_view(clip_a_view: bool) -> None:
    """B clips are seen W times each; W·B clips, view by view, are the views themselves."""
    clips = batch(VIEWS * CLIPS if clip_a_view else CLIPS)
    network = Seen()
    Consistency(AS_THEY_ARE, FRAMES, clip_a_view).loss(network, clips)
    expected = clips.clips.repeat(1 if clip_a_view else VIEWS, 1, 1, 1, 1)
    torch.testing.assert_close(network.views.flatten(0, 1), expected)
    assert network.views.shape[:2] == (VIEWS, CLIPS)


def test_modalities_of_all_processes_are_compared() -> None:
    """With several processes the loss is that of what was gathered."""

    def gather(mine: Tensor) -> Tensor:
        return torch.cat([mine, mine.flip(0) * 2])

    network = SeenModal()
    found = Consistency(AS_THEY_ARE, FRAMES, False, Replica(0, 2, gather)).loss(
        network, batch(CLIPS)
    )
    alone = network(batch(CLIPS).clips.expand(VIEWS, -1, -1, -1, -1, -1))
    both = []
    for fused, modal, predicted in alone:
        own, other, further = (
            tuple(Projections(*map(gather, one)) for one in part)
            for part in ((fused,), modal, predicted)
        )
        both.append(ModalProjections(own[0], other, further))
    weights = ModalWeights(views=MgfdWeights())
    torch.testing.assert_close(found, modal_consistency(both, weights).total)


def test_a_loss_that_is_no_number_ends_the_run() -> None:
    """One sentence, before a step is taken with it."""
    clips = batch(CLIPS)
    clips.clips[0, 0, 0, 0, 0] = torch.nan
    with pytest.raises(CollapseError, match="numerical collapse: the loss is no finite number"):
        Consistency(AS_THEY_ARE, FRAMES, False).loss(Seen(), clips)

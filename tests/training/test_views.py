"""The views of consistency training are those of the paper, clip by clip."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from training.views import (
    CAMERA_VIEWS,
    PAPER_VIEWS,
    ViewSettings,
    in_picture,
    random_corruptions,
    random_crops,
    random_views,
    resized,
    several_views,
    struck_joints,
)


def clips_of(count: int, frames: int, joints: int = 20, persons: int = 1) -> Tensor:
    torch.manual_seed(3)
    return torch.randn(count, 3, frames, joints, persons)


def linear_maps(clips: Tensor, views: Tensor) -> tuple[Tensor, Tensor]:
    """For each clip and joint the 3×3 matrix that gives the view, and how far off it is."""
    source = clips.permute(0, 3, 2, 4, 1).flatten(2, 3)
    target = views.permute(0, 3, 2, 4, 1).flatten(2, 3)
    maps = torch.linalg.lstsq(source, target).solution
    return maps.transpose(-1, -2), (source @ maps - target).abs().amax(dim=(2, 3))


@given(
    length=st.integers(1, 90), frames=st.integers(1, 80), start=st.integers(0, 5), data=st.data()
)
def test_a_span_is_resized_as_torch_interpolates_it(
    length: int, frames: int, start: int, data: st.DataObject
) -> None:
    """Linear, with half-pixel centres, whatever else is in the batch."""
    other = data.draw(st.integers(1, 90))
    clips = clips_of(2, start + 90, joints=2)
    starts, lengths = torch.tensor([start, 0]), torch.tensor([length, other])
    views = resized(clips, starts, lengths, frames)
    for row, (first, kept) in enumerate(zip(starts.tolist(), lengths.tolist(), strict=True)):
        span = clips[row, :, first : first + kept, :, 0].permute(2, 0, 1)
        expected = functional.interpolate(span, frames, mode="linear", align_corners=False)
        found = views[row, :, :, :, 0].permute(2, 0, 1)
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-4)


def test_a_crop_keeps_its_least_and_stays_inside() -> None:
    """Of 300 frames 64…300 remain, of 40 all; every place is possible."""
    torch.manual_seed(0)
    lengths = torch.tensor([300] * 2000 + [40] * 2000)
    starts, kept = random_crops(lengths, ViewSettings())
    assert bool((starts >= 0).all())
    assert bool((starts + kept <= lengths).all())
    assert kept[:2000].min() == 64
    assert kept[:2000].max() > 290
    assert bool((kept[2000:] == 40).all())
    assert (starts[:2000] == 0).float().mean() < 0.2


def test_corruption_strikes_a_share_of_the_joints_by_one_matrix() -> None:
    """12 of 20 joints, zeroed in half of the clips, multiplied by one matrix in the others."""
    torch.manual_seed(0)
    clips = clips_of(400, 16)
    corruptions = random_corruptions(400, 20, ViewSettings(), clips.device)
    maps, error = linear_maps(clips, struck_joints(clips, *corruptions))
    assert error.max() < 1e-3
    struck = (maps - torch.eye(3)).abs().amax(dim=(2, 3)) > 1e-3
    assert bool((struck.sum(dim=1) == 12).all())
    zeroed = 0
    for row in range(len(clips)):
        matrices = maps[row][struck[row]]
        assert (matrices - matrices[0]).abs().max() < 1e-3
        assert matrices.abs().max() <= 1 + 1e-3
        zeroed += bool(matrices.abs().max() < 1e-3)
    assert 150 < zeroed < 250


def test_a_joint_that_is_not_struck_stays_to_the_bit() -> None:
    """What is struck is 0 under a matrix of 0; all else is untouched, in every person."""
    torch.manual_seed(0)
    clips = clips_of(40, 16, joints=5, persons=2)
    struck = torch.rand(40, 5) < 0.5
    found = struck_joints(clips, struck, torch.zeros(40, 3, 3))
    assert torch.equal(found, torch.where(struck[:, None, None, :, None], 0, clips))


def test_the_views_of_a_clip_are_of_that_clip() -> None:
    """However many are made at a time; without any change each is the clip, resized."""
    torch.manual_seed(0)
    clips = clips_of(37, 50, joints=5, persons=2)
    lengths = torch.randint(20, 51, (37,))
    unchanged = ViewSettings(shortest_crop=1.0, corrupted_share=0.0, shear=0.0)
    expected = resized(clips, torch.zeros_like(lengths), lengths, 64)
    for view in several_views(clips, lengths, 64, unchanged, 3):
        torch.testing.assert_close(view, expected)


def test_a_view_of_the_paper_is_sheared_or_corrupted() -> None:
    """Half of the views are one shear of unit diagonal, the others have untouched joints."""
    torch.manual_seed(0)
    clips = clips_of(400, 64)
    views = random_views(clips, torch.full((400,), 64), 64, ViewSettings())
    maps, error = linear_maps(clips, views)
    assert error.max() < 1e-3
    off = (maps - torch.eye(3)).abs().amax(dim=(2, 3)) > 1e-3
    sheared = off.all(dim=1)
    assert 150 < int(sheared.sum()) < 250
    diagonals = maps[sheared].diagonal(dim1=2, dim2=3)
    assert (diagonals - 1).abs().max() < 1e-3
    assert maps[sheared].abs().max() <= 1 + 1e-3
    assert bool(((off.sum(dim=1) == 12) | sheared).all())


def test_a_view_of_a_camera_turns_about_the_vertical() -> None:
    """Without shear, tilt and scale the map is a rotation that leaves z, up to 90°."""
    torch.manual_seed(0)
    clips = clips_of(300, 32)
    settings = ViewSettings(corrupted_share=0, shear=0, turn_degrees=90)
    views = random_views(clips, torch.full((300,), 32), 32, settings)
    maps, _ = linear_maps(clips, views)
    maps = maps[:, 0]
    torch.testing.assert_close(maps @ maps.transpose(1, 2), torch.eye(3).expand(300, 3, 3))
    torch.testing.assert_close(maps[:, 2, 2], torch.ones(300))
    degrees = torch.rad2deg(torch.atan2(maps[:, 1, 0], maps[:, 0, 0]))
    assert degrees.min() < -80
    assert degrees.max() > 80
    assert degrees.abs().max() <= 90.01


@pytest.mark.parametrize("settings", [PAPER_VIEWS, CAMERA_VIEWS])
def test_a_view_of_a_picture_leaves_scores_alone(settings: ViewSettings) -> None:
    """Its x and y are of x and y alone; its scores are the clip's, or 0 where a joint is zeroed."""
    clips, lengths = clips_of(200, 32), torch.full((200,), 32)
    planar = replace(in_picture(settings), shortest_crop=1.0)
    other = clips.clone()
    other[:, 2] = torch.rand_like(other[:, 2])
    torch.manual_seed(5)
    views = random_views(clips, lengths, 32, planar)
    torch.manual_seed(5)
    of_other_scores = random_views(other, lengths, 32, planar)
    assert torch.equal(views[:, :2], of_other_scores[:, :2])
    zeroed = (views == 0).all(dim=(1, 2))
    scores = torch.where(zeroed[:, None], 0, clips[:, 2])
    torch.testing.assert_close(views[:, 2], scores, rtol=0, atol=1e-6)
    assert 0 < zeroed.float().mean() < 0.2
    moved = (views[:, :2] - clips[:, :2]).abs().amax(dim=(1, 2))
    assert (moved > 1e-3).float().mean() > 0.7


def test_a_view_of_a_picture_is_rolled_and_not_turned() -> None:
    """What tilts a body rolls its picture; a turn about the vertical is no map of a picture."""
    settings = in_picture(ViewSettings(corrupted_share=0, shear=0, turn_degrees=90, tilt_degrees=8))
    clips = clips_of(300, 32)
    maps, error = linear_maps(
        clips, random_views(clips, torch.full((300,), 32), 32, replace(settings, shortest_crop=1))
    )
    degrees = torch.rad2deg(torch.atan2(maps[:, 0, 1, 0], maps[:, 0, 0, 0])).abs()
    assert error.max() < 1e-3
    assert 7 < degrees.max() <= 8.01


def test_views_depend_on_the_generator_alone() -> None:
    """The same seed gives the same views; frames after a clip's end never show."""
    clips = clips_of(8, 50)
    lengths = torch.full((8,), 30)
    torch.manual_seed(5)
    first = several_views(clips, lengths, 64, CAMERA_VIEWS, 4)
    clips[:, :, 30:] = torch.nan
    torch.manual_seed(5)
    torch.testing.assert_close(several_views(clips, lengths, 64, CAMERA_VIEWS, 4), first)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"corrupted_share": 1.5}, "corrupted_share is a share from 0 to 1, got 1.5"),
        ({"shortest_crop": 0.0}, "a crop keeps a share above 0 and at least 1 frame"),
        ({"crop_frames": 0}, "a crop keeps a share above 0 and at least 1 frame"),
    ],
)
def test_impossible_settings_are_refused(settings: dict[str, Any], sentence: str) -> None:
    """One sentence names the setting and what came."""
    with pytest.raises(ValueError, match=sentence):
        ViewSettings(**settings)

"""The views of multi-perspective consistency training (USDRL, TPAMI 2026): random views of clips.

All is batched tensor arithmetic on the device that trains, without a loop over clips: a temporal
crop resized to T, then for each clip either some corrupted joints or a linear map of space. It
draws from torch's own generator, and knows neither labels nor networks.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from training.augment import transformed, turns


@dataclass(frozen=True)
class ViewSettings:
    """How views differ from their clip; the defaults are the paper's.

    Attributes:
        shortest_crop: Least share of a clip that a crop keeps.
        crop_frames: Frames that a crop keeps at least, where the clip has them.
        corrupted_share: Share of views with corrupted joints; the others are mapped.
        corrupted_joints: Share of the joints that are corrupted there.
        zeroed_share: Share of the corrupted views whose joints are zeroed; those of the others
            are multiplied by a random matrix.
        shear: Largest off-diagonal entry of the map.
        turn_degrees: Largest turn about z, the vertical, to either side.
        tilt_degrees: Largest tilt about each horizontal axis.
        scale: Largest change of size, as a share.
        always_map: Whether views with corrupted joints are mapped too.
    """

    shortest_crop: float = 0.1
    crop_frames: int = 64
    corrupted_share: float = 0.5
    corrupted_joints: float = 0.6
    zeroed_share: float = 0.5
    shear: float = 1.0
    turn_degrees: float = 0.0
    tilt_degrees: float = 0.0
    scale: float = 0.0
    always_map: bool = False

    def __post_init__(self) -> None:
        """Refuses values out of range.

        Raises:
            ValueError: A share lies outside of 0…1, or a crop could be empty.
        """
        for name in ("corrupted_share", "corrupted_joints", "zeroed_share", "scale"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is a share from 0 to 1, got {getattr(self, name)}")
        if not 0 < self.shortest_crop <= 1 or self.crop_frames < 1:
            raise ValueError(
                "a crop keeps a share above 0 and at least 1 frame, got "
                f"{self.shortest_crop} and {self.crop_frames}"
            )


PAPER_VIEWS = ViewSettings()
CAMERA_VIEWS = ViewSettings(
    shortest_crop=0.5,
    crop_frames=16,
    corrupted_joints=0.25,
    shear=0.15,
    turn_degrees=90.0,
    tilt_degrees=10.0,
    scale=0.15,
    always_map=True,
)
"""For small sets seen by several cameras: views differ as cameras do."""


def random_views(clips: Tensor, lengths: Tensor, frames: int, settings: ViewSettings) -> Tensor:
    """Draws a view of each clip.

    Args:
        clips: ``(B, 3, F, V, M)``, each valid in its first frames.
        lengths: ``(B,)`` valid frames, from 1 to F.
        frames: T of the views.
        settings: How views differ.

    Returns:
        ``(B, 3, T, V, M)``.
    """
    starts, kept = random_crops(lengths, settings)
    views = resized(clips, starts, kept, frames)
    corrupted = _flags(len(clips), settings.corrupted_share, clips.device)
    mapped = transformed(views, _space_maps(len(clips), settings, clips.device))
    whole = mapped if settings.always_map else views
    return torch.where(_each(corrupted), corrupt(whole, settings), mapped)


def random_crops(lengths: Tensor, settings: ViewSettings) -> tuple[Tensor, Tensor]:
    """Draws crops of clips.

    Args:
        lengths: ``(B,)`` frames of each clip.
        settings: How short a crop may be.

    Returns:
        First frames ``(B,)``, whole numbers, and lengths ``(B,)``, at least 1.
    """
    low = settings.shortest_crop
    ratio = low + (1 - low) * torch.rand(len(lengths), device=lengths.device)
    least = lengths.clamp(max=settings.crop_frames)
    kept = torch.maximum((lengths * ratio).long(), least)
    starts = (torch.rand(len(lengths), device=lengths.device) * (lengths - kept + 1)).long()
    return starts.clamp(max=lengths - kept), kept


def resized(clips: Tensor, starts: Tensor, lengths: Tensor, frames: int) -> Tensor:
    """Resizes a span of each clip linearly to T frames, with half-pixel centres.

    Args:
        clips: ``(B, C, F, V, M)``.
        starts: ``(B,)`` first frame of each span.
        lengths: ``(B,)`` frames of each span.
        frames: T.

    Returns:
        ``(B, C, T, V, M)``.
    """
    place = torch.arange(frames, device=clips.device) + 0.5
    last = (lengths - 1)[:, None]
    position = (place * (lengths[:, None] / frames) - 0.5).clamp(min=0)
    position = torch.minimum(position, last.to(position.dtype))
    before = position.long()
    after = torch.minimum(before + 1, last)
    weight = (position - before)[:, None, :, None, None]
    batch = torch.arange(len(clips), device=clips.device)[:, None]
    by_frame = clips.transpose(1, 2)
    left = by_frame[batch, before + starts[:, None]].transpose(1, 2)
    right = by_frame[batch, after + starts[:, None]].transpose(1, 2)
    return torch.lerp(left, right, weight.to(left.dtype))


def corrupt(clips: Tensor, settings: ViewSettings) -> Tensor:
    """Zeroes some joints of each clip, or multiplies them by one random matrix.

    Args:
        clips: ``(B, 3, T, V, M)``.
        settings: How many joints, and how often they are zeroed.
    """
    count, device = len(clips), clips.device
    joints = clips.shape[3]
    chosen = round(settings.corrupted_joints * joints)
    ranks = torch.rand(count, joints, device=device).argsort(dim=1).argsort(dim=1)
    struck = (ranks < chosen)[:, None, None, :, None]
    matrices = 2 * torch.rand(count, 3, 3, device=device) - 1
    zeroed = _flags(count, settings.zeroed_share, device)
    matrices = torch.where(zeroed[:, None, None], torch.zeros_like(matrices), matrices)
    return torch.where(struck, transformed(clips, matrices), clips)


def _space_maps(count: int, settings: ViewSettings, device: torch.device) -> Tensor:
    """A turn, tilts, a scale and a shear for each clip, as one ``(count, 3, 3)``."""

    def uniform(largest: float, *shape: int) -> Tensor:
        return (2 * torch.rand(count, *shape, device=device) - 1) * largest

    identity = torch.eye(3, device=device)
    maps = identity + uniform(settings.shear, 3, 3) * (1 - identity)
    if settings.turn_degrees or settings.tilt_degrees:
        tilt = turns(uniform(settings.tilt_degrees), 0) @ turns(uniform(settings.tilt_degrees), 1)
        maps = tilt @ turns(uniform(settings.turn_degrees), 2) @ maps
    return maps * (1 + uniform(settings.scale, 1, 1))


def _flags(count: int, share: float, device: torch.device) -> Tensor:
    return torch.rand(count, device=device) < share


def _each(flags: Tensor) -> Tensor:
    """Flags ``(B,)`` as ``(B, 1, 1, 1, 1)``."""
    return flags[:, None, None, None, None]

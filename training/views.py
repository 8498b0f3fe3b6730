"""The views of multi-perspective consistency training (USDRL, TPAMI 2026): random views of clips.

All is batched tensor arithmetic on the device that trains, without a loop over clips: a temporal
crop resized to T, then for each clip either some corrupted joints or a linear map of space. It
draws from torch's own generator, and knows neither labels nor networks.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from training.augment import transformed, turns, weighed_rows


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
        picture: Whether clips are of a picture: x, y and a score, which no matrix mixes with them.
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
    picture: bool = False

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


def in_picture(settings: ViewSettings) -> ViewSettings:
    """The settings by which views of pictures differ, where those of bodies differ by ``settings``.

    Crops, corruption, shear and scale are the same, in the plane; what tilted the body rolls the
    picture. A turn about the vertical is no map of a picture: it takes another camera.
    """
    return replace(settings, turn_degrees=settings.tilt_degrees, tilt_degrees=0.0, picture=True)


PIECE = 64
"""Views that a CPU makes at a time: what lies between two operations stays in a core's cache."""


def random_views(clips: Tensor, lengths: Tensor, frames: int, settings: ViewSettings) -> Tensor:
    """Draws one view of each clip, ``(B, 3, T, V, M)``; see `several_views`."""
    return several_views(clips, lengths, frames, settings, 1)[0]


def several_views(
    clips: Tensor, lengths: Tensor, frames: int, settings: ViewSettings, count: int
) -> Tensor:
    """Draws views of each clip.

    Args:
        clips: ``(B, 3, F, V, M)``, each valid in its first frames; finite.
        lengths: ``(B,)`` valid frames, from 1 to F.
        frames: T of the views.
        settings: How views differ.
        count: W, how many views of each clip.

    Returns:
        ``(W, B, 3, T, V, M)``.
    """
    device, (joints, persons) = clips.device, clips.shape[3:]
    drawn = count * len(clips)
    blend = _Blend.of(clips, *random_crops(lengths.repeat(count), settings), frames)
    maps = _space_maps(drawn, settings, device)
    corrupted = _flags(drawn, settings.corrupted_share, device)
    struck, corruptions = random_corruptions(drawn, joints, settings, device)
    if settings.always_map:
        struck = struck & corrupted[:, None]
    else:
        # Either or: a view that is not corrupted is one whose joints are all struck by its map.
        struck = struck | ~corrupted[:, None]
        corruptions = torch.where(corrupted[:, None, None], corruptions, maps)
    views = clips.new_empty(drawn, 3, frames, joints, persons)
    piece = PIECE if device.type == "cpu" else drawn
    for start in range(0, drawn, piece):
        part = slice(start, start + piece)
        whole = blend.frames(part)
        if settings.always_map:
            whole = transformed(whole, maps[part])
        struck_joints(whole, struck[part], corruptions[part], views[part])
    return views.reshape(count, *clips.shape[:2], frames, joints, persons)


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
    return _Blend.of(clips, starts, lengths, frames).frames(slice(None))


@dataclass(frozen=True)
class _Blend:
    """Which two frames of a clip each frame of its resized span lies between.

    Attributes:
        clips: ``(B, C, F, V, M)``.
        rows: ``(N, C, T, 2)`` which rows of the table of all frames of all channels.
        weights: ``(N, C, T, 2)`` of each.
    """

    clips: Tensor
    rows: Tensor
    weights: Tensor

    @classmethod
    def of(cls, clips: Tensor, starts: Tensor, lengths: Tensor, frames: int) -> "_Blend":
        """Spans ``(N,)`` of the clips, in their order and as often over as N holds B."""
        count, channels, held = clips.shape[:3]
        last = (lengths - 1)[:, None]
        place = torch.arange(frames, device=clips.device) + 0.5
        position = (place * (lengths[:, None] / frames) - 0.5).clamp(min=0)
        position = torch.minimum(position, last.to(position.dtype))
        before = position.long()
        after = torch.minimum(before + 1, last)
        weight = (position - before).to(clips.dtype)
        first = torch.arange(0, count * channels * held, held, device=clips.device)
        first = first.reshape(count, channels, 1, 1).repeat(len(starts) // count, 1, 1, 1)
        pairs = torch.stack([before, after], dim=-1) + starts[:, None, None]
        weights = torch.stack([1 - weight, weight], dim=-1)[:, None]
        return cls(clips, first + pairs[:, None], weights.expand(-1, channels, -1, -1))

    def frames(self, part: slice) -> Tensor:
        """The resized spans ``(n, C, T, V, M)`` of a part of the N."""
        table = self.clips.flatten(3).flatten(0, 2)
        blended = weighed_rows(table, self.rows[part], self.weights[part])
        return blended.reshape(*blended.shape[:-1], *self.clips.shape[3:])


def random_corruptions(
    count: int, joints: int, settings: ViewSettings, device: torch.device
) -> tuple[Tensor, Tensor]:
    """Draws which joints are struck, ``(count, V)``, and by which matrices, ``(count, 3, 3)``.

    The matrix is 0 where joints are zeroed.
    """
    ranks = torch.rand(count, joints, device=device).argsort(dim=1)
    matrices = 2 * torch.rand(count, 3, 3, device=device) - 1
    if settings.picture:
        matrices = _in_plane(matrices)
    zeroed = _flags(count, settings.zeroed_share, device)[:, None, None]
    chosen = round(settings.corrupted_joints * joints)
    return ranks < chosen, torch.where(zeroed, torch.zeros_like(matrices), matrices)


def struck_joints(
    clips: Tensor, struck: Tensor, matrices: Tensor, out: Tensor | None = None
) -> Tensor:
    """Multiplies some joints of each clip by its matrix.

    Args:
        clips: ``(B, 3, T, V, M)``, finite.
        struck: ``(B, V)`` which joints; the others stay as they are, to the bit.
        matrices: ``(B, 3, 3)``.
        out: Where the result is put, ``(B, 3, T, V, M)``; None for new memory.
    """
    # Weights of 0 and 1 choose exactly, and on a CPU four times as fast as a mask that repeats
    # along the innermost axis, the few persons.
    weights = struck.to(clips.dtype).repeat_interleave(clips.shape[4], dim=1)[:, None, None]
    mapped = transformed(clips, matrices)
    found = torch.empty_like(clips) if out is None else out
    torch.lerp(clips.flatten(3), mapped.flatten(3), weights, out=found.view(*clips.shape[:3], -1))
    return found


def _space_maps(count: int, settings: ViewSettings, device: torch.device) -> Tensor:
    """A turn, tilts, a scale and a shear for each clip, as one ``(count, 3, 3)``."""

    def uniform(largest: float, *shape: int) -> Tensor:
        return (2 * torch.rand(count, *shape, device=device) - 1) * largest

    identity = torch.eye(3, device=device)
    maps = identity + uniform(settings.shear, 3, 3) * (1 - identity)
    if settings.turn_degrees or settings.tilt_degrees:
        tilt = turns(uniform(settings.tilt_degrees), 0) @ turns(uniform(settings.tilt_degrees), 1)
        maps = tilt @ turns(uniform(settings.turn_degrees), 2) @ maps
    maps = maps * (1 + uniform(settings.scale, 1, 1))
    return _in_plane(maps) if settings.picture else maps


def _in_plane(matrices: Tensor) -> Tensor:
    """The matrices ``(count, 3, 3)`` on x and y alone: the third channel stays as it is."""
    planar = torch.zeros_like(matrices)
    planar[:, :2, :2] = matrices[:, :2, :2]
    planar[:, 2, 2] = 1
    return planar


def _flags(count: int, share: float, device: torch.device) -> Tensor:
    return torch.rand(count, device=device) < share

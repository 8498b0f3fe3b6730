"""Augmentation: batches of clips changed at random, on the device that trains.

All is batched tensor arithmetic, without a loop over clips. Clips are normalised in space: z points
up the body, x from its right to its left, and a missing joint is 0 in every channel, which every
operation here leaves so. It draws from torch's own generator. It knows neither labels nor time.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from model.pose.layout import Layout


@dataclass(frozen=True)
class Augmentation:
    """How strongly clips are changed; 0 leaves out an operation.

    Attributes:
        turn_degrees: Largest turn about the vertical, to either side.
        tilt_degrees: Largest tilt about each horizontal axis.
        scale: Largest change of size, as a share, of the body as a whole.
        stretch: Largest further change of size along each axis.
        shear: Largest off-diagonal entry of a shear.
        jitter_metres: Standard deviation of what each joint is off in each frame.
        offset_metres: Standard deviation of what each joint is off throughout a clip.
        missing_share: Share of clips of which joints are missing throughout.
        missing_joints: Share of the joints missing there.
        mirror_share: Share of clips in which left and right change places.
    """

    turn_degrees: float = 30.0
    tilt_degrees: float = 8.0
    scale: float = 0.15
    stretch: float = 0.05
    shear: float = 0.05
    jitter_metres: float = 0.01
    offset_metres: float = 0.02
    missing_share: float = 0.2
    missing_joints: float = 0.15
    mirror_share: float = 0.5


def augment(clips: Tensor, layout: Layout, strength: Augmentation) -> Tensor:
    """Changes each clip in its own way.

    Args:
        clips: ``(B, 3, T, V, M)``, normalised in space.
        layout: Of the V joints.
        strength: How strongly.

    Returns:
        ``(B, 3, T, V, M)``; joints that were missing still are.
    """
    chosen = torch.rand(len(clips), device=clips.device) < strength.mirror_share
    clips = torch.where(_each(chosen), mirrored(clips, layout), clips)
    present = (clips != 0).any(dim=1, keepdim=True)
    clips = transformed(clips, random_maps(len(clips), strength, clips.device))
    jitter = torch.randn_like(clips) * strength.jitter_metres
    offset = torch.randn_like(clips[:, :, :1]) * strength.offset_metres
    return torch.where(present, clips + jitter + offset, 0) * _kept_joints(clips, strength)


def mirrored(clips: Tensor, layout: Layout) -> Tensor:
    """Swaps left and right: the joints, and the direction of x.

    Args:
        clips: ``(B, 3, T, V, M)``.
        layout: Of the V joints.
    """
    swapped = clips.index_select(3, torch.tensor(layout.mirror, device=clips.device))
    signs = torch.tensor([-1.0, 1.0, 1.0], device=clips.device)
    return swapped * signs[:, None, None, None]


def transformed(clips: Tensor, maps: Tensor) -> Tensor:
    """Applies to each clip its own linear map.

    Args:
        clips: ``(B, 3, T, V, M)``.
        maps: ``(B, 3, 3)``.
    """
    rows = torch.arange(maps[..., 0].numel(), device=clips.device).reshape(-1, 1, 3)
    mapped = weighed_rows(clips.flatten(2).flatten(0, 1), rows.expand_as(maps), maps)
    return mapped.reshape(clips.shape)


def weighed_rows(table: Tensor, rows: Tensor, weights: Tensor) -> Tensor:
    """Adds up rows of a table, each with its weight.

    On a CPU it reads and writes memory once, which makes it twice as fast as a batched product of
    3×3 matrices, and four times as fast as gathering two frames and blending them.

    Args:
        table: ``(R, W)``.
        rows: ``(…, K)`` which rows.
        weights: ``(…, K)``, in the precision of the table.

    Returns:
        ``(…, W)``.
    """
    summed = functional.embedding_bag(
        rows.flatten(0, -2), table, per_sample_weights=weights.flatten(0, -2), mode="sum"
    )
    return summed.reshape(*rows.shape[:-1], table.shape[1])


def turns(degrees: Tensor, axis: int) -> Tensor:
    """Rotations about one axis of space.

    Args:
        degrees: ``(B,)``.
        axis: 0 for x, 1 for y, 2 for z.

    Returns:
        ``(B, 3, 3)``.
    """
    radians = degrees * (math.pi / 180)
    first, second = (axis + 1) % 3, (axis + 2) % 3
    matrices = torch.eye(3, device=degrees.device).repeat(len(degrees), 1, 1)
    matrices[:, first, first] = matrices[:, second, second] = radians.cos()
    matrices[:, second, first] = radians.sin()
    matrices[:, first, second] = -radians.sin()
    return matrices


def random_maps(count: int, strength: Augmentation, device: torch.device) -> Tensor:
    """Draws a turn, tilts, a scale, a stretch and a shear for each clip, as ``(count, 3, 3)``."""

    def uniform(largest: float, *shape: int) -> Tensor:
        return (2 * torch.rand(count, *shape, device=device) - 1) * largest

    rotation = turns(uniform(strength.tilt_degrees), 0) @ turns(uniform(strength.tilt_degrees), 1)
    rotation = rotation @ turns(uniform(strength.turn_degrees), 2)
    sizes = (1 + uniform(strength.scale, 1)) * (1 + uniform(strength.stretch, 3))
    sheared = torch.eye(3, device=device) + uniform(strength.shear, 3, 3) * (
        1 - torch.eye(3, device=device)
    )
    return rotation @ sheared * sizes[:, None, :]


def _kept_joints(clips: Tensor, strength: Augmentation) -> Tensor:
    """1 where a joint stays and 0 where it goes missing, ``(B, 1, 1, V, M)``."""
    shape = (len(clips), 1, 1, *clips.shape[3:])
    struck = torch.rand(len(clips), device=clips.device) < strength.missing_share
    lost = torch.rand(shape, device=clips.device) < strength.missing_joints
    return (~(lost & _each(struck))).to(clips.dtype)


def _each(flags: Tensor) -> Tensor:
    """Flags ``(B,)`` as ``(B, 1, 1, 1, 1)``."""
    return flags[:, None, None, None, None]

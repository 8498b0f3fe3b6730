"""A clip seen as joints, motion or bones, and cut into the tokens of the two streams.

Axes, here and in all of `model.network`: B batch, C channels, T frames, V joints, M persons,
D hidden size. Everything is plain tensor arithmetic without indexed assignment, so that the
modalities are part of an exported graph. (USDRL, AAAI 2025, section 3.1.)
"""

from collections.abc import Sequence
from typing import Literal, get_args

import torch
from torch import Tensor

SingleModality = Literal["joint", "motion", "bone"]
MODALITIES: tuple[SingleModality, ...] = get_args(SingleModality)
Modality = Literal["joint", "motion", "bone", "all"]
"""What a network reads; one of "all" derives the three by itself, in its embedding."""


def motion(clip: Tensor) -> Tensor:
    """Give the step from each frame to the next; the last frame has none and is 0.

    Args:
        clip: joint positions (B, C, T, V, M).

    Returns:
        Differences, (B, C, T, V, M).
    """
    steps = clip[:, :, 1:] - clip[:, :, :-1]
    return torch.cat([steps, torch.zeros_like(clip[:, :, :1])], dim=2)


def bone(clip: Tensor, parents: Sequence[int]) -> Tensor:
    """Give each joint minus its parent; a root, its own parent, is 0.

    Args:
        clip: joint positions (B, C, T, V, M).
        parents: for each of the V joints the index of its parent (see `check_parents`).

    Returns:
        Differences, (B, C, T, V, M).
    """
    return clip - clip.index_select(3, torch.tensor(parents, device=clip.device))


def check_parents(parents: Sequence[int], joints: int) -> None:
    """Refuse parents that are not one for each joint, out of range, or run in a circle.

    Raises:
        ValueError: says which of the three it is.
    """
    if len(parents) != joints:
        raise ValueError(f"bone needs one parent for each of {joints} joints; got {len(parents)}")
    outside = [parent for parent in parents if not 0 <= parent < joints]
    if outside:
        raise ValueError(f"a parent must be a joint index in 0…{joints - 1}; got {outside[0]}")
    for joint in range(joints):
        ancestor = joint
        for _ in range(joints):
            ancestor = parents[ancestor]
        if parents[ancestor] != ancestor:
            raise ValueError(f"the parents of joint {joint} run in a circle and reach no root")


def derive(clip: Tensor, modality: Modality, parents: Sequence[int] = ()) -> Tensor:
    """Give the clip in one modality.

    Args:
        clip: joint positions (B, C, T, V, M).
        modality: which of the three; "all" are derived later, from the clip as it is.
        parents: parent of each joint; read for "bone" only.

    Returns:
        What a network of that modality is given, (B, C, T, V, M).
    """
    if modality == "motion":
        return motion(clip)
    if modality == "bone":
        return bone(clip, parents)
    return clip


def temporal_tokens(clip: Tensor) -> Tensor:
    """Make one token a frame: person, then joint, then channel (channel fastest).

    Args:
        clip: any modality, (B, C, T, V, M).

    Returns:
        Tokens (B, T, M·V·C).
    """
    return clip.permute(0, 2, 4, 3, 1).flatten(2)


def spatial_tokens(clip: Tensor) -> Tensor:
    """Make one token a joint of a person: frame, then channel (channel fastest).

    Args:
        clip: any modality, (B, C, T, V, M).

    Returns:
        Tokens (B, M·V, T·C), person by person.
    """
    return clip.permute(0, 4, 3, 2, 1).flatten(3).flatten(1, 2)

"""Normalisation: keypoints of windows become the clips that a network reads.

Training and service call this one function, by the name that the artifact declares. It knows no
network and no time: frame T-1 is whatever the caller put there.
"""

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from model.pose.layout import Layout

Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]
Normalisation = Literal["none", "body-2d", "kinect-3d", "2s-agcn", "published-2d"]
NORMALISATIONS: tuple[Normalisation, ...] = get_args(Normalisation)

SHOULDERS_A_TORSO = 0.75
"""Shoulder width over torso length of an adult: scales a body whose hips are out of the picture."""


def dimensions(scheme: Normalisation, layout: Layout) -> int:
    """Returns 2 where `scheme` reads picture keypoints, 3 where it reads positions in space."""
    match scheme:
        case "body-2d" | "published-2d":
            return 2
        case "kinect-3d" | "2s-agcn":
            return 3
        case "none":
            return layout.dimensions


def normalise(
    scheme: Normalisation,
    keypoints: Floats,
    layout: Layout,
    size: tuple[float, float] | None = None,
) -> Floats:
    """Normalises windows.

    - `none`: x, y, z of a 3D layout, or x, y, score of a 2D one, as they are.
    - `body-2d`: the window's body centre (pelvis, else thorax) goes to 0 and its torso length to 1,
      one shift and one scale a window, so that aspect and movement stay; the score is channel 3.
    - `kinect-3d`: the main body's spine goes to 0 in every frame; z is up the spine, x from the
      right to the left shoulder, y = z × x, found in the oldest frame that has these joints.
    - `2s-agcn`: as 2s-AGCN (Shi et al., CVPR 2019) prepares NTU and PKU: empty frames repeat the
      valid ones, the spine goes to 0, then two rotations of smallest angle found in the first
      frame: pelvis→spine on z, then left→right shoulder on x (the published code subtracts the
      left shoulder from the right).
    - `published-2d`: what the published USDRL reader does to 2D keypoints: joint 0 over the height,
      joint 1 over the width, the rest in pixels, no score.

    Args:
        scheme: the name of the normalisation.
        keypoints: (B, T, V, M, 4) rows x, y, z, score; score 0 marks a missing joint.
        layout: the layout of the V joints.
        size: (width, height) of the picture in pixels, for `published-2d`.

    Returns:
        (B, 3, T, V, M) float32. A missing joint is 0 in every channel.

    Raises:
        ValueError: the scheme needs a joint that the layout lacks, or a picture size and got none.
    """
    points = np.where(keypoints[..., 3:] > 0, keypoints[..., :3], np.float32(0))
    score = keypoints[..., 3]
    match scheme:
        case "none":
            third = points[..., 2] if layout.dimensions == 3 else score
        case "body-2d":
            points = _body_2d(points, score > 0, layout)
            third = score
        case "kinect-3d":
            points = _kinect_3d(points, score > 0, layout)
            third = points[..., 2]
        case "2s-agcn":
            points = _two_stream_agcn(points, score > 0, layout)
            third = points[..., 2]
        case "published-2d":
            points = _published_2d(points, size)
            third = np.zeros_like(score)
    channels = (points[..., 0], points[..., 1], third)
    return np.stack(channels, axis=1).astype(np.float32, copy=False)


def _joints(layout: Layout, scheme: str, *names: str) -> list[int]:
    indices = [layout.index(name) for name in names]
    missing = [name for name, index in zip(names, indices, strict=True) if index is None]
    if missing:
        raise ValueError(
            f"normalisation {scheme!r} needs the joints {', '.join(names)}; "
            f"layout {layout.name!r} lacks {', '.join(missing)}"
        )
    return [index for index in indices if index is not None]


def _between(points: Floats, present: Flags, joints: list[int]) -> tuple[Floats, Flags]:
    """The mean of some joints, (..., V, M, 3) → (..., M, 3), and where all of them are present."""
    return points[..., joints, :, :].mean(axis=-3), np.all(present[..., joints, :], axis=-2)


def _body_2d(points: Floats, present: Flags, layout: Layout) -> Floats:
    shoulders = _joints(layout, "body-2d", "left_shoulder", "right_shoulder")
    hips = _joints(layout, "body-2d", "left_hip", "right_hip")
    thorax, has_thorax = _between(points, present, shoulders)
    pelvis, has_pelvis = _between(points, present, hips)
    left, right = points[..., shoulders[0], :, :2], points[..., shoulders[1], :, :2]
    width = np.linalg.norm(left - right, axis=-1) / SHOULDERS_A_TORSO
    torso = np.linalg.norm((thorax - pelvis)[..., :2], axis=-1)

    # One person's median over the window: a joint lost for a moment must not make the body jump.
    # (B, T, M): the torso and the shoulders foreshorten in turn, so the longer of the two is
    # nearer.
    length = np.fmax(
        np.where(has_thorax & has_pelvis, torso, np.nan), np.where(has_thorax, width, np.nan)
    )
    centre = np.where(has_pelvis[..., None], pelvis, np.nan)
    unseen = ~has_pelvis.any(axis=1, keepdims=True) & has_thorax
    centre = np.where(unseen[..., None], thorax, centre)

    shift = _median_over_frames(centre[..., :2], otherwise=0.0)[:, :, None]
    scale = _median_over_frames(length, otherwise=1.0)[:, :, None, :, None]
    moved = (points[..., :2] - shift) / np.maximum(scale, np.float32(1e-6))
    return np.where(present[..., None], moved, np.float32(0))


def _median_over_frames(values: Floats, otherwise: float) -> Floats:
    """The median over axis 1 (T), kept as a length-1 axis, of the values that are not NaN."""
    ordered = np.sort(values, axis=1)
    count = np.sum(~np.isnan(values), axis=1, keepdims=True)
    low = np.take_along_axis(ordered, np.maximum(count - 1, 0) // 2, axis=1)
    high = np.take_along_axis(ordered, np.minimum(count // 2, values.shape[1] - 1), axis=1)
    return np.where(count > 0, (low + high) / 2, np.float32(otherwise))


def _kinect_3d(points: Floats, present: Flags, layout: Layout) -> Floats:
    pelvis, spine, right, left = _joints(
        layout, "kinect-3d", "pelvis", "spine", "right_shoulder", "left_shoulder"
    )
    main, seen = points[..., 0, :], present[..., 0]
    up = main[:, :, spine] - main[:, :, pelvis]
    across = main[:, :, left] - main[:, :, right]
    usable = seen[:, :, [pelvis, spine, right, left]].all(axis=2)
    usable &= np.linalg.norm(np.cross(up, across), axis=-1) > 1e-6
    oldest = np.argmax(usable, axis=1)
    batch = np.arange(len(points))
    # With no such frame: as if the person stood upright and faced a camera whose y axis is up.
    known = usable.any(axis=1)[:, None]
    z = _unit(np.where(known, up[batch, oldest], np.array([0, 1, 0], np.float32)))
    x = np.where(known, across[batch, oldest], np.array([-1, 0, 0], np.float32))
    x = _unit(x - np.sum(x * z, axis=-1, keepdims=True) * z)
    axes = np.stack((x, np.cross(z, x), z), axis=1)
    return _rotated(_centred(points, present, spine), present, axes)


def _two_stream_agcn(points: Floats, present: Flags, layout: Layout) -> Floats:
    pelvis, spine, right, left = _joints(
        layout, "2s-agcn", "pelvis", "spine", "right_shoulder", "left_shoulder"
    )
    points, present = _repeated(points, present)
    points = _centred(points, present, spine)
    first = points[:, 0, :, 0]
    to_z = _smallest_rotation(first[:, spine] - first[:, pelvis], np.array([0, 0, 1], np.float32))
    points = _rotated(points, present, to_z)
    first = points[:, 0, :, 0]
    to_x = _smallest_rotation(first[:, right] - first[:, left], np.array([1, 0, 0], np.float32))
    return _rotated(points, present, to_x)


def _published_2d(points: Floats, size: tuple[float, float] | None) -> Floats:
    if size is None:
        raise ValueError("normalisation 'published-2d' needs the picture's size, got none")
    width, height = size
    scaled = points.copy()
    scaled[..., 0, :, :] /= np.float32(height)
    scaled[..., 1, :, :] /= np.float32(width)
    return scaled


def _centred(points: Floats, present: Flags, spine: int) -> Floats:
    """Subtracts the main body's spine in each frame; a frame without it takes the last one seen."""
    seen = present[:, :, spine, 0]
    frames = np.arange(points.shape[1])
    last = np.maximum.accumulate(np.where(seen, frames, -1), axis=1)
    taken = np.where(last >= 0, last, np.argmax(seen, axis=1)[:, None])
    spines = np.take_along_axis(points[:, :, spine, 0], taken[..., None], axis=1)
    return np.where(present[..., None], points - spines[:, :, None, None], np.float32(0))


def _rotated(points: Floats, present: Flags, axes: Floats) -> Floats:
    """Turns each window's points by its own (B, 3, 3) matrix whose rows are the new axes."""
    turned = np.einsum("btvmc,bdc->btvmd", points, axes, optimize=True)
    return np.where(present[..., None], turned, np.float32(0))


def _repeated(points: Floats, present: Flags) -> tuple[Floats, Flags]:
    """Fills a person's empty frames with the valid ones in turn, so that the order goes round.

    Where the valid frames come first this is 2s-AGCN's own filling; frames before the first valid
    one are filled likewise, backwards, so that the newest frame stays the newest.
    """
    frames = points.shape[1]
    valid = present.any(axis=2)
    count = valid.sum(axis=1, keepdims=True)
    order = np.argsort(~valid, axis=1, kind="stable")
    rank = (np.arange(frames)[:, None] - np.argmax(valid, axis=1)[:, None]) % np.maximum(count, 1)
    filler = np.take_along_axis(order, rank, axis=1)
    source = np.where(valid, np.arange(frames)[:, None], filler)[:, :, None]
    filled = np.take_along_axis(points, source[..., None], axis=1)
    return filled, np.take_along_axis(present, source, axis=1)


def _unit(vectors: Floats) -> Floats:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit: Floats = (vectors / np.maximum(length, 1e-12)).astype(vectors.dtype)
    return unit


def _smallest_rotation(vectors: Floats, target: Floats) -> Floats:
    """(B, 3, 3) matrices that turn `vectors` onto `target`; identity where they are parallel."""
    a = _unit(vectors.astype(np.float64))
    axis = np.cross(a, target)
    cosine = a @ target
    x, y, z = axis[:, 0], axis[:, 1], axis[:, 2]
    nought = np.zeros_like(x)
    cross = np.stack((nought, -z, y, z, nought, -x, -y, x, nought), axis=1).reshape(-1, 3, 3)
    turn = cross + cross @ cross / np.maximum(1 + cosine, 1e-12)[:, None, None]
    skewed = np.abs(axis).sum(axis=1) > 1e-6
    return (np.eye(3) + np.where(skewed[:, None, None], turn, 0)).astype(np.float32)

"""Normalisation: keypoints of windows become the clips that a network reads.

Training and service call this one function, by the name that the artifact declares. It knows no
network and no time: frame T-1 is whatever the caller put there.
"""

from collections.abc import Callable, Mapping
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from model.pose.layout import Layout

Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]
Normalisation = Literal["none", "body-2d", "kinect-3d", "2s-agcn", "published-2d"]
NORMALISATIONS: tuple[Normalisation, ...] = get_args(Normalisation)

_SIDES = ("left_shoulder", "right_shoulder", "left_hip", "right_hip")
_TRUNK = ("pelvis", "spine", "right_shoulder", "left_shoulder")
NEEDED_JOINTS: Mapping[Normalisation, tuple[str, ...]] = {
    "none": (),
    "body-2d": _SIDES,
    "kinect-3d": _TRUNK,
    "2s-agcn": _TRUNK,
    "published-2d": (),
}
"""Scheme → the joints that it finds a body by."""

LOOK_AHEAD: frozenset[Normalisation] = frozenset(("body-2d", "2s-agcn"))
"""Schemes in which a window's later frames move its earlier ones. `kinect-3d` takes the axes of the
oldest frame that shows them, and looks no further."""

SIZED: frozenset[Normalisation] = frozenset(("published-2d",))
"""Schemes that need the picture's size."""

_NEXT, _LAST = [1, 2, 0], [2, 0, 1]
"""The axes after x, y, z, and those before."""

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


def joints_needed(scheme: Normalisation, layout: Layout) -> list[int]:
    """Returns where `layout` has the joints that `scheme` finds a body by, in `scheme`'s order.

    Raises:
        ValueError: the layout lacks one.
    """
    names = NEEDED_JOINTS[scheme]
    missing = [name for name in names if name not in layout.joints]
    if missing:
        raise ValueError(
            f"normalisation {scheme!r} needs the joints {', '.join(names)}; "
            f"layout {layout.name!r} lacks {', '.join(missing)}"
        )
    return [layout.joints.index(name) for name in names]


def normalise(
    scheme: Normalisation,
    keypoints: Floats,
    layout: Layout,
    size: tuple[float, float] | None = None,
) -> Floats:
    """Normalises windows.

    - `none`: x, y, z of a 3D layout, or x, y, score of a 2D one, as they are.
    - `body-2d`: a person's centre (pelvis, else thorax) goes to 0 and the torso length to 1, one
      shift and one scale a window, so that aspect and movement stay; the score is channel 3. Where
      no torso is ever seen, the centre and the spread of the joints that are stand for it.
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
        keypoints: (B, T, V, M, 4) rows x, y, z, score; a joint whose score is not above 0, or that
            has a number which is not finite, is missing.
        layout: the layout of the V joints.
        size: (width, height) of the picture in pixels, for `published-2d`.

    Returns:
        (B, 3, T, V, M) float32. A missing joint is 0 in every channel.

    Raises:
        ValueError: the scheme needs a joint that the layout lacks, or a picture size and got none.
    """
    present = keypoints[..., 3] > 0
    finite = np.isfinite(keypoints)
    if not finite.all():
        present &= finite.all(axis=-1)
    rows = np.where(present[..., None], keypoints, np.float32(0))
    points, score = rows[..., :3], rows[..., 3]
    joints = joints_needed(scheme, layout)
    match scheme:
        case "none":
            third = points[..., 2] if layout.dimensions == 3 else score
        case "body-2d":
            points = _body_2d(points[..., :2], present, joints)
            third = score
        case "kinect-3d":
            points = _kinect_3d(points, present, joints)
            third = points[..., 2]
        case "2s-agcn":
            points = _two_stream_agcn(points, present, joints)
            third = points[..., 2]
        case "published-2d":
            points = _published_2d(points, size)
            third = np.zeros_like(score)
    clips = np.empty((len(points), 3, *points.shape[1:-1]), np.float32)
    clips[:, 0], clips[:, 1], clips[:, 2] = points[..., 0], points[..., 1], third
    return clips


def _body_2d(points: Floats, present: Flags, joints: list[int]) -> Floats:
    seen = np.where(present[..., joints, :, None], points[..., joints, :, :], np.float32(np.nan))
    left, right, left_hip, right_hip = seen.transpose(2, 0, 1, 3, 4)
    half = np.float32(0.5)
    thorax, pelvis = half * (left + right), half * (left_hip + right_hip)

    def middle() -> Floats:
        count = present.sum(axis=2, dtype=np.float32)[..., None]
        return np.where(count > 0, points.sum(axis=2) / np.maximum(count, 1), np.float32(np.nan))

    def spread() -> Floats:
        total = np.maximum(present.sum(axis=(1, 2), dtype=np.float32), 1)
        mean: Floats = np.sum(moved**2, axis=(1, 2, 4)) / total
        return np.sqrt(mean)[:, None]

    # One person's median over the window: a joint lost for a moment must not make the body jump.
    centre = _known(pelvis, lambda: _known(thorax, middle))
    shift = _known(_median_over_frames(centre), lambda: np.zeros((), np.float32))
    moved = np.where(present[..., None], points - shift[:, :, None], np.float32(0))

    # The torso and the shoulders foreshorten in turn, so the longer of the two is nearer.
    width = _length(left - right) / np.float32(SHOULDERS_A_TORSO)
    length = np.fmax(_length(thorax - pelvis), width)
    lengths = np.where(length > 0, length, np.float32(np.nan))
    scale = _known(_median_over_frames(lengths), spread)
    moved /= np.maximum(scale, np.float32(1e-6))[:, :, None, :, None]
    return moved


def _length(vectors: Floats) -> Floats:
    """The lengths of vectors (..., 2)."""
    x, y = vectors[..., 0], vectors[..., 1]
    lengths: Floats = np.sqrt(x * x + y * y)
    return lengths


def _known(first: Floats, other: Callable[[], Floats]) -> Floats:
    """`first` in the windows (axis 0) in which it is ever known, that is not NaN, else `other`.

    A stream's windows are normalised one by one, many a second: `other` is seldom needed, and then
    alone it is computed.
    """
    unknown = np.isnan(first).all(axis=1, keepdims=True)
    return np.where(unknown, other(), first) if unknown.any() else first


def _median_over_frames(values: Floats) -> Floats:
    """The median over axis 1 (T), kept with length 1, of what is not NaN; NaN where all is."""
    frames = values.shape[1]
    ordered = np.sort(values, axis=1)
    if not np.isnan(ordered[:, -1]).any():
        low, high = (frames - 1) // 2, frames // 2
        return (ordered[:, low : low + 1] + ordered[:, high : high + 1]) / np.float32(2)
    count = np.sum(~np.isnan(values), axis=1, keepdims=True)
    lower = np.take_along_axis(ordered, np.maximum(count - 1, 0) // 2, axis=1)
    higher = np.take_along_axis(ordered, count // 2, axis=1)
    return (lower + higher) / np.float32(2)


def _kinect_3d(points: Floats, present: Flags, joints: list[int]) -> Floats:
    pelvis, spine, right, left = joints
    main, seen = points[..., 0, :], present[..., 0]
    up = main[:, :, spine] - main[:, :, pelvis]
    across = main[:, :, left] - main[:, :, right]
    usable = seen[:, :, joints].all(axis=2)
    usable &= np.linalg.norm(_cross(up, across), axis=-1) > 1e-6
    oldest = np.argmax(usable, axis=1)
    batch = np.arange(len(points))
    # With no such frame: as if the person stood upright and faced a camera whose y axis is up.
    known = usable.any(axis=1)[:, None]
    z = _unit(np.where(known, up[batch, oldest], np.array([0, 1, 0], np.float32)))
    x = np.where(known, across[batch, oldest], np.array([-1, 0, 0], np.float32))
    x = _unit(x - np.sum(x * z, axis=-1, keepdims=True) * z)
    axes = np.stack((x, _cross(z, x), z), axis=1)
    return _rotated(_centred(points, present, spine), axes)


def _two_stream_agcn(points: Floats, present: Flags, joints: list[int]) -> Floats:
    pelvis, spine, right, left = joints
    points, present = _repeated(points, present)
    points = _centred(points, present, spine)
    first = points[:, 0, :, 0]
    up, across = first[:, spine] - first[:, pelvis], first[:, right] - first[:, left]
    to_z = _smallest_rotation(up, np.array([0, 0, 1], np.float32))
    across = (to_z @ across[..., None])[..., 0]
    to_x = _smallest_rotation(across, np.array([1, 0, 0], np.float32))
    return _rotated(points, to_x @ to_z)


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
    spines = points[np.arange(len(points))[:, None], taken, spine, 0]
    return np.where(present[..., None], points - spines[:, :, None, None], np.float32(0))


def _rotated(points: Floats, axes: Floats) -> Floats:
    """Turns each window's points by its own (B, 3, 3) matrix whose rows are the new axes."""
    batch, frames, joints, people, _ = points.shape
    turned = points.reshape(batch, frames * joints * people, 3) @ axes.swapaxes(1, 2)
    return turned.reshape(points.shape)


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


def _cross(a: Floats, b: Floats) -> Floats:
    """The cross product over the last axis, as `np.cross` has it, in a third of the time."""
    crossed: Floats = a[..., _NEXT] * b[..., _LAST] - a[..., _LAST] * b[..., _NEXT]
    return crossed


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
    # Rodrigues: I + K + K² (1 - cos) / sin², with K the cross product by sin times the unit axis.
    share = (1 - cosine) / np.maximum(np.sum(axis**2, axis=1), 1e-30)
    turn = cross + cross @ cross * share[:, None, None]
    skewed = np.abs(axis).sum(axis=1) > 1e-6
    return (np.eye(3) + np.where(skewed[:, None, None], turn, 0)).astype(np.float32)

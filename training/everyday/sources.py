"""Sources: recordings of the data sets as even motion, level, on one floor and at one rate.

So that neither rate nor tilt nor jitter tells which data set a clip is from. It knows a data set's
clock and camera, not what is done in it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from model.pose.layout import layout_named
from model.pose.mapping import layout_mapping
from model.pose.store import DataSet, PoseClip, StoreError
from model.pose.window import MAX_GAP_MS
from training.everyday.clock import resampled

Points = NDArray[np.float32]

LAYOUT = layout_named("kinect20")
"""The layout of all motion: every source maps onto it by name, whatever it lacks is missing."""
RATE_HZ = 30.0
PELVIS, THORAX, HEAD = (LAYOUT.joints.index(name) for name in ("pelvis", "thorax", "head"))
ANKLES = [LAYOUT.joints.index(f"{side}_ankle") for side in ("left", "right")]
INNER = [
    joint for joint, name in enumerate(LAYOUT.joints) if not name.endswith(("head", "hand", "foot"))
]
"""Trunk, arms and legs: a frame that lacks one of these is no frame."""

HEAD_TORSOS = 0.47
"""From the thorax to the middle of a head over the line from pelvis to thorax."""
SMOOTHING_FRAMES = 1.0
SHORTEST_FRAMES = 8
FLOOR_PERCENTILE = 30


@dataclass(frozen=True)
class Source:
    """What a data set does not say of itself.

    Attributes:
        rate_hz: The frames a second that its motion was made at, where its times are nominal.
        lean_degrees: How far whoever stands upright leans to the camera, because it looked down.
    """

    rate_hz: float | None = None
    lean_degrees: float = 0.0


SOURCES: Mapping[str, Source] = MappingProxyType(
    {
        # At the nominal 30 Hz people walk at 2.0 m/s and sit down within 0.7 s. At 12.5 Hz it is
        # 0.8 m/s and 1.8 s, as in UTKinect (0.7 m/s, 1.9 s), recorded with the same camera.
        "nw_ucla": Source(rate_hz=12.5, lean_degrees=15.0),
        "utd_mhad": Source(lean_degrees=3.0),
        "utkinect": Source(lean_degrees=8.5),
        "msr_action3d": Source(lean_degrees=8.0),
        "hdm05": Source(),
        "bandai_namco": Source(),
    }
)
"""Leans are the medians, over clips, of the line from the ankles to the thorax of who stands."""


@dataclass(frozen=True, eq=False)
class Motion:
    """A recording without silences.

    Attributes:
        points: ``(F, 20, 4)`` x, y, z in metres and score; y is up and 0 on the floor.
        frames: ``(F,)`` the nearest frame of the recording, so that labels follow.
    """

    points: Points
    frames: NDArray[np.int64]


def source_of(data_set: DataSet) -> Source:
    """What is known of a data set.

    Raises:
        StoreError: Nothing is.
    """
    try:
        return SOURCES[data_set.name]
    except KeyError:
        raise StoreError(
            f"expected a data set of the everyday model ({', '.join(SOURCES)}), "
            f"got {data_set.name!r}"
        ) from None


def levelled(clip: PoseClip, data_set: DataSet) -> Points:
    """The one person of a clip, in kinect20, the vertical along y; ``(T, 20, 4)``.

    All have heads, or their lack would tell the data set: one whose skeleton ends at the base of
    the head gets it on the line of the neck.
    """
    layout = layout_named(data_set.layout)
    recorded = np.asarray(clip.keypoints[:, 0], np.float32)
    rows = np.array(layout_mapping(layout, LAYOUT)(recorded))
    if "head_base" in layout.joints:
        rows[:, HEAD] = _head(rows, recorded[:, layout.joints.index("head_base")])
    lean = np.radians(source_of(data_set).lean_degrees)
    y, z = rows[..., 1].copy(), rows[..., 2].copy()
    rows[..., 1] = y * np.cos(lean) - z * np.sin(lean)
    rows[..., 2] = y * np.sin(lean) + z * np.cos(lean)
    return rows


def _head(rows: Points, base: Points) -> Points:
    """The middle of a head ``(T, 4)``, from a body ``(T, 20, 4)`` and the base of its head."""
    thorax = rows[:, THORAX]
    whole = (rows[:, [PELVIS, THORAX], 3] > 0).all(axis=1) & (base[:, 3] > 0)
    neck = base[:, :3] - thorax[:, :3]
    torso = np.linalg.norm(thorax[:, :3] - rows[:, PELVIS, :3], axis=1, keepdims=True)
    along = neck / np.maximum(np.linalg.norm(neck, axis=1, keepdims=True), 1e-6)
    head = np.zeros_like(base)
    head[:, :3] = thorax[:, :3] + np.float32(HEAD_TORSOS) * torso * along
    head[:, 3] = np.minimum(base[:, 3], thorax[:, 3])
    head[~whole] = 0
    return head


def motions(clip: PoseClip, data_set: DataSet) -> Iterator[Motion]:
    """A clip as even motion at `RATE_HZ`, a piece between silences of over `MAX_GAP_MS` each.

    Positions are smoothed over a frame to either side (Gaussian), which takes a depth camera's
    jitter down to that of motion capture, 2 % of what swings at 1 Hz, and a fifth at 3 Hz.
    """
    rows = levelled(clip, data_set)
    whole = np.flatnonzero((rows[:, INNER, 3] > 0).all(axis=1))
    times_ms = times_of(clip, data_set)[whole]
    for piece in np.split(
        np.arange(len(whole)), np.flatnonzero(np.diff(times_ms) > MAX_GAP_MS) + 1
    ):
        if len(piece) < 2:
            continue
        even_ms = np.arange(times_ms[piece[0]], times_ms[piece[-1]], 1000 / RATE_HZ)
        if len(even_ms) < SHORTEST_FRAMES:
            continue
        points, nearest = resampled(times_ms[piece], rows[whole[piece]], even_ms)
        yield Motion(on_the_floor(_smoothed(points)), whole[piece][nearest])


def times_of(clip: PoseClip, data_set: DataSet) -> NDArray[np.float64]:
    """When the frames of a clip were, ``(T,)`` in milliseconds."""
    rate_hz = source_of(data_set).rate_hz
    return clip.times_ms if rate_hz is None else np.arange(len(clip)) * 1000 / rate_hz


def _smoothed(points: Points) -> Points:
    """Smooths positions along axis 0 where a joint is seen in every frame, as inner ones are."""
    seen = (points[..., 3] > 0).all(axis=0)
    even = gaussian_filter1d(points[..., :3], SMOOTHING_FRAMES, axis=0, mode="nearest")
    points[:, seen, :3] = even[:, seen]
    return points


def on_the_floor(points: Points) -> Points:
    """Puts the ankles of a motion ``(F, 20, 4)`` at height 0, where they are low, in place."""
    lowest = points[:, ANKLES, 1].min(axis=1)
    points[..., 1] -= np.percentile(lowest, FLOOR_PERCENTILE).astype(np.float32)
    points[points[..., 3] <= 0] = 0
    return points

"""Agreement of layouts: one motion before one camera, as estimators of several layouts give it.

Every layout gets its own joints where a body of 13 joints has them. Ears, which the head of that
body stands for, are put to its sides and turn with it; eyes, noses, hands and feet are missing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from model.pose.layout import Layout, layout_named
from model.pose.mapping import layout_mapping
from model.pose.store import PoseClip
from training.everyday.body import Parts, Stance
from training.everyday.camera import Camera, CameraRange
from training.everyday.clock import ClockRange, resampled
from training.everyday.errors import DEFAULT_ERRORS
from training.everyday.estimator import Estimator
from training.everyday.hearing import PICTURE_LAYOUT, SENSOR_SEED, hear
from training.everyday.sources import LAYOUT
from training.labellers import Labeller

LAYOUTS = (
    "coco17",
    "blazepose33",
    "halpe26",
    "body25",
    "openpose18",
    "kinect20",
    "ntu25",
    "h36m17",
)
"""All that the card names."""
HEADLESS = ("h36m17",)
"""Of them, those that lack a part of the body."""
DROPPING = ("body25", "openpose18")
"""Layouts whose estimators give no joint that they do not see; those of others guess it."""

HALF_HEAD_TORSOS = 0.15
"""From the middle of the head to an ear."""
HIDDEN_FROM_DEGREES = 30.0
"""The head hides its farther ear once it has turned from the camera by so much."""

_PARTS = Parts(PICTURE_LAYOUT)
_HEAD = PICTURE_LAYOUT.joints.index("head")
_EARS = ("left_ear", "right_ear")
_TO_PICTURE = layout_mapping(LAYOUT, PICTURE_LAYOUT)

Rows = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class _Read:
    """What an estimator reads.

    Attributes:
        body: ``(N, 13, 4)``.
        ears: ``(N, 2, 4)``, the left and the right one, under the names that the picture has.
        hidden: ``(N, 2)`` which of them the head hides.
    """

    body: Rows
    ears: Rows
    hidden: NDArray[np.bool_]


def agreements(streams: Iterable[PoseClip], labeller: Labeller) -> dict[str, float]:
    """Share of frames, in per cent, of which the same is said through a layout as directly.

    Args:
        streams: In `sources.LAYOUT`, in space.
        labeller: The model; it reads the directly seen body of 13 joints, and that body through
            each layout.
    """
    same = dict.fromkeys(LAYOUTS, 0)
    frames = 0
    for number, stream in enumerate(streams):
        seen = seen_through(stream, np.random.default_rng([SENSOR_SEED, number]))
        said = {name: hear(clip, name, labeller).classes for name, clip in seen.items()}
        direct = said.pop(PICTURE_LAYOUT.name)
        frames += len(direct)
        for name, classes in said.items():
            same[name] += int((classes == direct).sum())
    return {name: 100 * count / frames for name, count in same.items()}


def seen_through(stream: PoseClip, generator: np.random.Generator) -> Mapping[str, PoseClip]:
    """One recording by one camera with the same errors, in each layout and in `PICTURE_LAYOUT`.

    Args:
        stream: In `sources.LAYOUT`, in space.
        generator: What is random.
    """
    body = _TO_PICTURE(np.asarray(stream.keypoints[:, 0], np.float32))
    stance = Stance.of(body, _PARTS)
    camera = CameraRange().draw(stance, generator)
    times_ms = ClockRange().draw(stream.times_ms, generator)
    rows, _ = resampled(stream.times_ms, body, times_ms)
    read = _read(rows, camera, stance.torso_m, times_ms, generator)
    clip = replace(
        stream,
        times_ms=times_ms,
        keypoints=read.body[:, None],
        frame_labels=np.zeros(len(times_ms), np.int16),
        frame_numbers=None,
        size=camera.size,
        segments=(),
    )
    worn = {name: _worn(read, layout_named(name)) for name in LAYOUTS}
    return {PICTURE_LAYOUT.name: clip} | {
        name: replace(clip, keypoints=keypoints[:, None]) for name, keypoints in worn.items()
    }


def _read(
    rows: Rows,
    camera: Camera,
    torso_m: float,
    times_ms: NDArray[np.float64],
    generator: np.random.Generator,
) -> _Read:
    """Reads the head and either ear in its place by the same errors."""
    estimator, seed = Estimator(DEFAULT_ERRORS, _PARTS), int(generator.integers(2**32))
    aside = _leftwards(rows) * np.float32(HALF_HEAD_TORSOS * torso_m)
    found = []
    for side in (0, 1, -1):
        moved = rows.copy()
        moved[:, _HEAD, :3] += side * aside * (rows[:, _HEAD, 3:] > 0)
        picture = camera.take(moved, _PARTS)
        found.append(estimator.read(picture, times_ms, np.random.default_rng(seed)))
    body, left, right = found
    # How far the line to the left ear leads away from the camera.
    away = _leftwards(rows) @ camera.axes[2]
    turned = np.sin(np.radians(HIDDEN_FROM_DEGREES))
    ears = np.stack([left[:, _HEAD], right[:, _HEAD]], axis=1)
    hidden = np.stack([away > turned, away < -turned], axis=1)
    if camera.mirrored:
        ears, hidden = ears[:, ::-1], hidden[:, ::-1]
    return _Read(body, ears, hidden)


def _worn(read: _Read, layout: Layout) -> Rows:
    """What was read as keypoints of a layout, ``(N, V, 4)``."""
    keypoints = np.array(layout_mapping(PICTURE_LAYOUT, layout)(read.body))
    if not set(_EARS) <= set(layout.joints):
        return keypoints
    places = [layout.joints.index(name) for name in _EARS]
    ears = read.ears.copy()
    if layout.name in DROPPING:
        ears[read.hidden] = 0
    else:
        level = np.float32(DEFAULT_ERRORS.scores.hidden)
        ears[..., 3] = np.where(read.hidden, np.minimum(ears[..., 3], level), ears[..., 3])
    keypoints[:, places] = ears
    return keypoints


def _leftwards(rows: Rows) -> Rows:
    """The direction from the right to the left shoulder, ``(N, 3)``; 0 where one is missing."""
    left, right = (rows[:, joint] for joint in _PARTS.shoulders)
    line = (left - right)[:, :3] * ((left[:, 3:] > 0) & (right[:, 3:] > 0))
    return np.asarray(line / np.maximum(np.linalg.norm(line, axis=1, keepdims=True), 1e-6))

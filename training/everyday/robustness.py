"""Robustness: the same streams seen ever worse, one thing at a time.

Each condition is a sensor whose one range is a single value, or joints taken from what it gives.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from model.pose.store import PoseClip
from training.everyday.camera import CameraRange
from training.everyday.clock import ClockRange
from training.everyday.errors import DEFAULT_ERRORS
from training.everyday.hearing import PICTURE_LAYOUT, SENSOR_SEED, hear, pictures
from training.everyday.scores import scores_of
from training.everyday.sensor import Sensor
from training.everyday.sources import PELVIS
from training.everyday.vocabulary import Vocabulary
from training.labellers import Labeller
from training.results import Point

Joints = NDArray[np.float32]
Spoils = Callable[[Joints, np.random.Generator], Joints]
"""Takes joints from ``(T, M, V, 4)``."""

_LEGS = ("knee", "ankle")
_ALL_BUT_ARMS = ("hip", *_LEGS)
_LEAST_NOISE = 1e-6
"""Stands for none: levels of noise are drawn by their logarithm."""


@dataclass(frozen=True)
class Condition:
    """One point of a curve.

    Attributes:
        value: Where it stands on the curve.
        sensor: What sees.
        spoils: What is then taken away.
        followed: Whether the camera goes along with the person.
    """

    value: float
    sensor: Sensor
    spoils: Spoils | None = None
    followed: bool = False


def _noise(factor: float) -> Condition:
    errors = DEFAULT_ERRORS.noisier(max(factor, _LEAST_NOISE))
    return Condition(factor, Sensor(PICTURE_LAYOUT, errors=errors))


def _rate(rate_hz: float) -> Condition:
    return Condition(rate_hz, Sensor(PICTURE_LAYOUT, clocks=ClockRange((rate_hz, rate_hz))))


def _yaw(degrees: float) -> Condition:
    cameras = CameraRange(frontal_share=1.0, frontal_degrees=(degrees, 0.0))
    return Condition(degrees, Sensor(PICTURE_LAYOUT, cameras))


def _size(share: float) -> Condition:
    """A distance; who roams would be smaller than asked before a camera that does not follow."""
    cameras = CameraRange(body_share=(share, share), nearest_m=0.0)
    return Condition(100 * share, Sensor(PICTURE_LAYOUT, cameras), followed=True)


def _lost(share: float) -> Condition:
    """Each joint of each frame is missing with a probability of its own."""

    def spoils(joints: Joints, generator: np.random.Generator) -> Joints:
        kept = generator.random(joints.shape[:-1]) >= share
        return np.where(kept[..., None], joints, np.float32(0))

    return Condition(100 * share, Sensor(PICTURE_LAYOUT), spoils)


def _without(kinds: Sequence[str]) -> Condition:
    """Some parts of the body are never seen; it stands at the share of the joints that they are."""
    gone = np.array([name.endswith(tuple(kinds)) for name in PICTURE_LAYOUT.joints])

    def spoils(joints: Joints, _: np.random.Generator) -> Joints:
        return np.where(gone[:, None], np.float32(0), joints)

    return Condition(100 * float(gone.mean()), Sensor(PICTURE_LAYOUT), spoils)


CURVES: Mapping[str, tuple[Condition, ...]] = MappingProxyType(
    {
        "noise": tuple(_noise(factor) for factor in (0.0, 0.5, 1.0, 2.0, 3.0, 4.0)),
        "missing": tuple(_lost(share) for share in (0.0, 0.1, 0.2, 0.3, 0.5)),
        "legs": (_without(_LEGS),),
        "arms": (_without(_ALL_BUT_ARMS),),
        "rate": tuple(_rate(rate_hz) for rate_hz in (10.0, 15.0, 20.0, 30.0, 45.0, 60.0)),
        "yaw": tuple(_yaw(degrees) for degrees in np.arange(0.0, 361.0, 30.0).tolist()),
        "size": tuple(_size(share) for share in (0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.5)),
    }
)
"""Name of a curve → its points. The names of missing parts are points of their own."""


def curve(
    conditions: Iterable[Condition],
    streams: Sequence[PoseClip],
    labeller: Labeller,
    vocabulary: Vocabulary,
) -> Iterator[Point]:
    """Macro-F1 under each condition, one after another.

    Args:
        conditions: Of one curve.
        streams: In space; each condition sees them all.
        labeller: The model.
        vocabulary: Of its labels.
    """
    experimental = [vocabulary.labels.index(name) for name in vocabulary.experimental]
    for condition in conditions:
        shown = map(_followed, streams) if condition.followed else streams
        seen = pictures(shown, condition.sensor, vocabulary)
        heard = [
            hear(_spoilt(clip, condition.spoils, number), PICTURE_LAYOUT.name, labeller)
            for number, clip in enumerate(seen)
        ]
        yield condition.value, scores_of(heard, experimental).macro_f1 or 0.0


def _followed(stream: PoseClip) -> PoseClip:
    """A stream whose person stays over one place of the floor."""
    keypoints = np.array(stream.keypoints, np.float32)
    level = keypoints[:, :, [PELVIS], :3:2].copy()
    keypoints[..., :3:2] -= level * (keypoints[..., 3:] > 0)
    return replace(stream, keypoints=keypoints)


def _spoilt(clip: PoseClip, spoils: Spoils | None, number: int) -> PoseClip:
    if spoils is None:
        return clip
    generator = np.random.default_rng([SENSOR_SEED, number])
    return replace(clip, keypoints=spoils(np.asarray(clip.keypoints, np.float32), generator))

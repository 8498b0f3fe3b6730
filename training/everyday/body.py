"""A body before a camera: its joints by kind, and where it stands, how tall, facing where.

It knows names and points in space, y up and metres; neither cameras nor pictures.
"""

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.pose.layout import Layout

Floats = NDArray[np.floating[Any]]
SIDES = ("left", "right")


@dataclass(frozen=True)
class ByKind:
    """One number for each kind of joint, the same for left and right."""

    head: float
    shoulder: float
    elbow: float
    wrist: float
    hip: float
    knee: float
    ankle: float

    @classmethod
    def same(cls, value: float) -> "ByKind":
        """The same number for all kinds."""
        return cls(*(value for _ in fields(cls)))

    def of(self, parts: "Parts") -> NDArray[np.float32]:
        """The numbers ``(V,)`` of a layout's joints."""
        return np.array([getattr(self, kind) for kind in parts.kinds], np.float32)


KINDS: tuple[str, ...] = tuple(field.name for field in fields(ByKind))


@dataclass(frozen=True)
class Parts:
    """Where a layout has the parts of a body.

    Raises:
        ValueError: A joint is of no kind that `ByKind` has, or shoulders or hips lack.
    """

    layout: Layout

    def __post_init__(self) -> None:
        """Refuses layouts with other joints."""
        strange = [name for name in self.layout.joints if kind_of(name) not in KINDS]
        if strange or not {"shoulder", "hip"} <= set(self.kinds):
            raise ValueError(
                f"layout {self.layout.name!r}: expected shoulders, hips and joints among "
                f"{', '.join(KINDS)}, got {', '.join(self.layout.joints)}"
            )

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """The kind of each of the V joints."""
        return tuple(kind_of(name) for name in self.layout.joints)

    @cached_property
    def shoulders(self) -> list[int]:
        """The left and the right shoulder."""
        return self._both("shoulder")

    @cached_property
    def hips(self) -> list[int]:
        """The left and the right hip."""
        return self._both("hip")

    @cached_property
    def trunk(self) -> NDArray[np.bool_]:
        """Which of the V joints are shoulders, hips or the head."""
        return np.isin(self.kinds, ["head", "shoulder", "hip"])

    @cached_property
    def limbs(self) -> list[list[int]]:
        """Both forearms (elbow and wrist), then both lower legs (knee and ankle)."""
        pairs = (("elbow", "wrist"), ("knee", "ankle"))
        names = [[f"{side}_{kind}" for kind in pair] for pair in pairs for side in SIDES]
        joints = self.layout.joints
        return [[joints.index(name) for name in limb if name in joints] for limb in names]

    def _both(self, kind: str) -> list[int]:
        return [self.layout.joints.index(f"{side}_{kind}") for side in SIDES]


def kind_of(joint: str) -> str:
    """The kind of a joint: its name without its side."""
    return joint.removeprefix("left_").removeprefix("right_")


@dataclass(frozen=True)
class Stance:
    """Where a person is over a whole stream, in metres.

    Attributes:
        centre: ``(3,)`` the middle of shoulders and hips, the median of all frames.
        floor_m: Height of the floor: of the lowest joints of the stream.
        top_m: Height of the highest joint of the person at full height, above 0 and not the floor.
        facing_radians: Whither the person faces, the mean of all frames: ``(sin, cos)`` are x, z.
        roam_m: How far from the centre the person is, level, in all but a twentieth of the frames.
        torso_m: From the middle of the shoulders to that of the hips, the median.
    """

    centre: NDArray[np.float64]
    floor_m: float
    top_m: float
    facing_radians: float
    roam_m: float
    torso_m: float

    @classmethod
    def of(cls, keypoints: Floats, parts: Parts) -> "Stance":
        """Measures a stream.

        Args:
            keypoints: ``(F, V, 4)`` rows x, y, z in metres, y up, and score; 0 is missing.
            parts: Of the layout of the V joints.

        Raises:
            ValueError: No frame has both shoulders and both hips.
        """
        whole = (keypoints[:, parts.shoulders + parts.hips, 3] > 0).all(axis=1)
        if not whole.any():
            raise ValueError("expected frames with both shoulders and both hips, there are none")
        rows = keypoints[whole].astype(np.float64)
        shoulders, hips = rows[:, parts.shoulders, :3], rows[:, parts.hips, :3]
        middles = (shoulders.mean(axis=1) + hips.mean(axis=1)) / 2
        centre = np.median(middles, axis=0)
        heights = np.where(rows[..., 3] > 0, rows[..., 1], np.nan)
        leftwards = (shoulders + hips)[:, 0] - (shoulders + hips)[:, 1]
        # In right-handed axes with y up whoever has the left hand at +x faces +z.
        across, along = leftwards[:, [0, 2]].mean(axis=0)
        away = np.linalg.norm((middles - centre)[:, [0, 2]], axis=1)
        torsos = np.linalg.norm(shoulders.mean(axis=1) - hips.mean(axis=1), axis=1)
        return cls(
            centre=centre,
            floor_m=float(np.percentile(np.nanmin(heights, axis=1), 5)),
            top_m=float(np.percentile(np.nanmax(heights, axis=1), 95)),
            facing_radians=float(np.arctan2(-along, across)),
            roam_m=float(np.percentile(away, 95)),
            torso_m=float(np.median(torsos)),
        )

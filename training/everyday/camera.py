"""A webcam somewhere around a person, and the picture that it takes of the joints.

A pinhole with square pixels and no distortion. It knows points in space; what an estimator makes of
the picture is `training.everyday.estimator`'s.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.everyday.body import Floats, Parts, Stance

NEAREST_M = 0.1
"""Joints nearer to the camera's plane than this, or behind it, are not in any picture."""
HALF_TRUNK_TORSOS = 0.27
"""Half the depth of a trunk over its length, about 12 cm: what it hides when seen from the side."""

Interval = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Picture:
    """What a camera sees of one person, without any error.

    Attributes:
        keypoints: ``(F, V, 4)`` rows x, y, 0 in pixels and score, origin top left, y down; also
            outside of the picture. What lies behind the camera is missing, all zeros.
        size: Width and height in pixels.
        torso_pixels: ``(F,)`` length of the torso as it would look without foreshortening.
        hidden: ``(F, V)`` whether a joint is behind the person's own trunk.
        mirrored: Whether the picture is mirrored: the person's left is named right in it.
    """

    keypoints: NDArray[np.float32]
    size: tuple[int, int]
    torso_pixels: NDArray[np.float32]
    hidden: NDArray[np.bool_]
    mirrored: bool


@dataclass(frozen=True, eq=False)
class Camera:
    """One camera.

    Attributes:
        position: ``(3,)`` in metres, y up.
        axes: ``(3, 3)`` unit vectors as rows: the picture's right, its down, and away from it.
        focal_pixels: Focal length.
        size: Width and height of the picture in pixels.
        mirrored: Whether it mirrors its picture, as selfie cameras do.
    """

    position: NDArray[np.float64]
    axes: NDArray[np.float64]
    focal_pixels: float
    size: tuple[int, int]
    mirrored: bool = False

    @classmethod
    def looking(
        cls,
        position: NDArray[np.float64],
        azimuth_degrees: float,
        pitch_degrees: float,
        roll_degrees: float,
        focal_pixels: float,
        size: tuple[int, int],
        mirrored: bool = False,
    ) -> "Camera":
        """A camera by its angles.

        Args:
            position: ``(3,)`` in metres.
            azimuth_degrees: Whither it looks: 0 along z, 90 along x.
            pitch_degrees: Above level.
            roll_degrees: How far its right side is lifted.
            focal_pixels: Focal length.
            size: Width and height in pixels.
            mirrored: Whether it mirrors its picture.
        """
        azimuth, pitch, roll = np.radians((azimuth_degrees, pitch_degrees, roll_degrees))
        level = np.array([np.sin(azimuth), 0, np.cos(azimuth)])
        up = np.array([0.0, 1.0, 0.0])
        right = np.cross(level, up)
        forward = np.cos(pitch) * level + np.sin(pitch) * up
        above = np.cross(right, forward)
        axes = np.stack(
            [
                np.cos(roll) * right + np.sin(roll) * above,
                np.sin(roll) * right - np.cos(roll) * above,
                forward,
            ]
        )
        return cls(np.asarray(position, np.float64), axes, focal_pixels, size, mirrored)

    def take(self, keypoints: Floats, parts: Parts) -> Picture:
        """Takes the picture of one person in each frame.

        Args:
            keypoints: ``(F, V, 4)`` rows x, y, z in metres and score.
            parts: Of the layout of the V joints; mirroring goes by its names.
        """
        rows = np.asarray(keypoints, np.float32)
        turned = (rows[..., :3] - self.position.astype(np.float32)) @ self.axes.T.astype(np.float32)
        depth = turned[..., 2]
        present = (rows[..., 3] > 0) & (depth > NEAREST_M)
        scale = np.float32(self.focal_pixels) / np.where(present, depth, 1)
        picture = np.zeros_like(rows)
        picture[..., :2] = turned[..., :2] * scale[..., None] + np.array(self.size, np.float32) / 2
        picture[..., 3] = rows[..., 3]
        picture *= present[..., None]
        pixels = _torso_pixels(rows, depth, present, parts) * np.float32(self.focal_pixels)
        whole = present[:, parts.shoulders + parts.hips].all(axis=1, keepdims=True)
        hidden = _behind_trunk(picture, depth, pixels, parts) & present & whole
        if self.mirrored:
            mirror = list(parts.layout.mirror)
            picture, hidden = picture[:, mirror], hidden[:, mirror]
            picture[..., 0] = (self.size[0] - picture[..., 0]) * (picture[..., 3] > 0)
        return Picture(picture, self.size, pixels, hidden, self.mirrored)


def _torso_pixels(
    rows: NDArray[np.float32],
    depth: NDArray[np.float32],
    present: NDArray[np.bool_],
    parts: Parts,
) -> NDArray[np.float32]:
    """Length of the torso over its distance ``(F,)``, that of the stream where it is not known."""
    corners = parts.shoulders + parts.hips
    whole = present[:, corners].all(axis=1)
    between = rows[:, parts.shoulders, :3].mean(axis=1) - rows[:, parts.hips, :3].mean(axis=1)
    distance = np.where(whole, depth[:, corners].mean(axis=1), 1)
    known = np.linalg.norm(between, axis=1) / distance
    middle = np.median(known[whole]) if whole.any() else 0
    return np.where(whole, known, middle).astype(np.float32)


def _behind_trunk(
    picture: NDArray[np.float32],
    depth: NDArray[np.float32],
    torso_pixels: NDArray[np.float32],
    parts: Parts,
) -> NDArray[np.bool_]:
    """Which limbs ``(F, V)`` a capsule between shoulders and hips, as wide as these, hides."""
    top = picture[:, parts.shoulders, :2].mean(axis=1, keepdims=True)
    axis = picture[:, parts.hips, :2].mean(axis=1, keepdims=True) - top
    across = picture[:, parts.shoulders, :2]
    half = np.linalg.norm(across[:, 0] - across[:, 1], axis=-1) / 2
    radius = np.maximum(half, HALF_TRUNK_TORSOS * torso_pixels)[:, None]
    reach = picture[..., :2] - top
    length2 = np.maximum((axis**2).sum(axis=-1), 1e-6)
    share = np.clip((reach * axis).sum(axis=-1) / length2, 0, 1)
    off = reach - share[..., None] * axis
    farther = depth > depth[:, parts.shoulders + parts.hips].mean(axis=1, keepdims=True) + NEAREST_M
    inside = (off**2).sum(axis=-1) < radius**2
    hidden: NDArray[np.bool_] = inside & farther & ~parts.trunk
    return hidden


@dataclass(frozen=True)
class CameraRange:
    """Between which limits cameras are drawn; each is uniform unless said otherwise.

    Attributes:
        height_m: Least and largest height above the floor.
        pitch_degrees: Largest pitch up or down. A camera that would have to tilt further to have
            the body in its picture is put nearer to the body's height instead.
        roll_degrees: Largest roll to either side.
        frontal_share: Share of the cameras that the person turns to: their yaw is normal. That of
            the others is uniform, 0…360°. By default four of five see the person's front half.
        frontal_degrees: Mean and standard deviation of the normal yaw; 0 is straight in front,
            90 at the person's left.
        field_degrees: Field of view along the picture's longer side.
        body_share: Height of the standing body over that of the picture, log-uniform; above 1 the
            legs are cut off, at 2.5 all below the chest.
        top_share: Where the highest joint is, from 0, the picture's upper edge, down; a small body
            has all the room that it leaves.
        aside_share: Where the body's centre is, from 0, left, to 1.
        nearest_m: Least distance from the person, also when the person roams.
        mirrored_share: Share of cameras that mirror their picture.
        sizes: Widths and heights of pictures in pixels, one as likely as the other.
    """

    height_m: Interval = (0.5, 2.2)
    pitch_degrees: float = 35.0
    roll_degrees: float = 8.0
    frontal_share: float = 0.6
    frontal_degrees: Interval = (0.0, 30.0)
    field_degrees: Interval = (50.0, 100.0)
    body_share: Interval = (0.3, 2.5)
    top_share: Interval = (0.02, 0.25)
    aside_share: Interval = (0.35, 0.65)
    nearest_m: float = 0.6
    mirrored_share: float = 0.5
    sizes: tuple[tuple[int, int], ...] = (
        (320, 240),
        (640, 480),
        (768, 432),
        (1280, 720),
        (1920, 1080),
        (480, 640),
        (720, 1280),
    )

    def draw(self, stance: Stance, generator: np.random.Generator) -> Camera:
        """Draws a camera for a stream.

        A person who roams is kept in the picture, by distance and if need be with a smaller body
        than was drawn. Nearly all cameras then have the person's centre in it for all but a
        twentieth of the frames.
        """
        size = self.sizes[generator.integers(len(self.sizes))]
        width, height = size
        half_field = np.radians(generator.uniform(*self.field_degrees) / 2)
        focal = max(size) / 2 / np.tan(half_field)
        tall = stance.top_m - stance.floor_m
        share = np.exp(generator.uniform(*np.log(self.body_share)))
        wanted = focal * tall / (share * height)
        room = min(self.aside_share[0], 1 - self.aside_share[1]) * width
        # A circle so far away that a tangent to it still runs through the picture.
        roaming = stance.roam_m * np.hypot(1, focal / room)
        distance = max(wanted, self.nearest_m + roaming)
        share = focal * tall / (distance * height)

        top = generator.uniform(self.top_share[0], max(self.top_share[1], 1 - share))
        aside = np.degrees(np.arctan((generator.uniform(*self.aside_share) - 0.5) * width / focal))
        above = np.arctan((0.5 - top) * height / focal)
        head = np.array([stance.centre[0], stance.top_m, stance.centre[2]])
        away = stance.facing_radians + np.radians(self._yaw(generator))
        camera_m = stance.floor_m + generator.uniform(*self.height_m)
        limit = np.radians(self.pitch_degrees)
        rise = np.clip(np.arctan((head[1] - camera_m) / distance), above - limit, above + limit)
        offset = np.array([np.sin(away), -np.tan(rise), np.cos(away)])
        return Camera.looking(
            head + distance * offset,
            float(np.degrees(away) + 180 + aside),
            float(np.degrees(rise - above)),
            float(generator.uniform(-self.roll_degrees, self.roll_degrees)),
            float(focal),
            size,
            bool(generator.random() < self.mirrored_share),
        )

    def _yaw(self, generator: np.random.Generator) -> float:
        if generator.random() < self.frontal_share:
            return float(generator.normal(*self.frontal_degrees))
        return float(generator.uniform(0, 360))

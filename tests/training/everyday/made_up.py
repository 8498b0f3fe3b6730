"""Made-up people whose bones are rigid: a store of them, its vocabulary and its splits."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.pose.layout import LAYOUTS
from model.pose.store import DataSet, PoseClip, PoseStore
from model.pose.store_writer import PoseStoreWriter
from tests.training.conftest import STANDING

LABELS = ("wave", "raise left arm", "sit", "rise", "walk", "nod", "spin", "lie", "muddle")
VOCABULARY = """
[actions]
wave = {}
"raise left arm" = { mirror = "raise right arm" }
"raise right arm" = { mirror = "raise left arm" }
"sit down" = {}
"stand up" = {}
walk = { cyclic = true }
lie = {}

[data.hdm05]
wave = "wave"
"raise left arm" = "raise left arm"
sit = "sit down"
rise = "stand up"
walk = "walk"
nod = "background"
spin = "unknown"
lie = "lie"
muddle = { unused = "nobody knows" }
"""
SPLITS = "[hdm05]\nchoose = [4]\ntest = [5]\n"
STILL_FRAMES = 15
_AT = LAYOUTS["kinect20"].joints.index
_ARM = {side: [_AT(f"{side}_{joint}") for joint in ("elbow", "wrist", "hand")]
        for side in ("left", "right")}  # fmt: skip
_LEGS = [_AT(f"{side}_{joint}") for side in ("left", "right") for joint in ("ankle", "foot")]
_KNEES = [_AT(f"{side}_knee") for side in ("left", "right")]
_THIGH_M = 0.4


def _about_x(points: NDArray[np.float64], radians: NDArray[np.float64]) -> None:
    """Turns points ``(F, J, 3)`` about the x axis, in place."""
    y, z = points[..., 1].copy(), points[..., 2].copy()
    sine, cosine = np.sin(radians)[:, None], np.cos(radians)[:, None]
    points[..., 1], points[..., 2] = cosine * y - sine * z, sine * y + cosine * z


def motion(label: str, frames: int, seed: int) -> NDArray[np.float32]:
    """Somebody who does it, between half a second of standing before and behind, ``(F, 20, 4)``."""
    draw = np.random.default_rng(seed)
    ease = np.clip((np.arange(frames) - STILL_FRAMES) / (frames - 2 * STILL_FRAMES), 0, 1)
    bump, seconds = np.sin(np.pi * ease), np.arange(frames) / 30
    points = np.repeat(STANDING[None], frames, axis=0)
    points += np.array([0, 0.85, -2])
    arm = {"wave": "right", "raise left arm": "left", "spin": "right"}.get(label)
    if arm is not None:
        shoulder = _AT(f"{arm}_shoulder")
        moved = points[:, _ARM[arm]] - points[:, [shoulder]]
        faster = 1 + 0.2 * np.sin(9 * seconds) if label == "wave" else 1
        _about_x(moved, 6.28 * ease if label == "spin" else 2.4 * bump * faster)
        points[:, _ARM[arm]] = moved + points[:, [shoulder]]
    if label in ("sit", "rise"):
        bent = np.pi / 2 * 0.8 * (ease if label == "sit" else 1 - ease)
        legs = [*_KNEES, *_LEGS]
        points[:, legs, 2] -= (_THIGH_M * np.sin(bent))[:, None]
        others = [joint for joint in range(20) if joint not in legs]
        points[:, others, 1] -= (_THIGH_M * (1 - np.cos(bent)))[:, None]
    if label == "walk":
        points[..., 2] -= (1.2 * ease * (frames - 2 * STILL_FRAMES) / 30)[:, None]
    if label == "nod":
        points[:, _AT("head"), 2] -= 0.1 * bump
        points[:, _AT("head"), 1] -= 0.2 - np.sqrt(0.2**2 - (0.1 * bump) ** 2)
    if label == "lie":
        middle = points - points[:, [_AT("left_ankle")]]
        _about_x(middle, np.pi / 2 * ease)
        points = middle + points[:, [_AT("left_ankle")]]
    points += draw.normal(scale=0.001, size=points.shape)
    return np.concatenate([points, np.ones((frames, 20, 1))], axis=2).astype(np.float32)


def clip(label: str, subject: int, number: int) -> PoseClip:
    """One clip of 2 to 3 seconds, from one of two cameras."""
    frames = 60 + 10 * (number % 4) + 5 * (subject % 2)
    return PoseClip(
        name=f"{label}_{subject}_{number}",
        keypoints=motion(label, frames, 100 * subject + number)[:, None],
        times_ms=np.arange(frames) * 1000 / 30,
        subject=subject,
        view=1 + number % 2,
        label=LABELS.index(label),
    )


def write_store(path: Path, name: str = "hdm05") -> PoseStore:
    """Subjects 1 to 5, four clips of each label."""
    data_set = DataSet(name, "kinect20", 30.0, LABELS, "made up")
    with PoseStoreWriter(path, data_set) as writer:
        for subject in range(1, 6):
            for label in LABELS:
                for number in range(4):
                    writer.append(clip(label, subject, number))
    return PoseStore(path)


def cut_short(recording: PoseClip, frames: int = 2) -> PoseClip:
    """A clip of which the first frames stay; one that is labelled by frame stays whole."""
    if recording.frame_labels is not None:
        return recording
    return replace(
        recording, keypoints=recording.keypoints[:frames], times_ms=recording.times_ms[:frames]
    )

"""A made-up store of clips that are easily told apart, and a pretraining small enough for tests."""

from pathlib import Path

import numpy as np

from model.network.pretrained import Reading
from model.pose.layout import layout_named
from model.pose.store import DataSet, PoseClip, PoseStore
from model.pose.store_writer import PoseStoreWriter
from training.clip_source import ClipSource
from training.consistency import Perspective
from training.optimisation import Optimisation
from training.presets import Preset
from training.views import CAMERA_VIEWS

KINECT = layout_named("kinect20")
READING = Reading("joint", "kinect20", "kinect-3d")
TINY = Preset(
    hidden_size=16,
    persons=1,
    frames=16,
    perspective=Perspective(views=CAMERA_VIEWS),
    optimisation=Optimisation(
        epochs=6, batch=24, learning_rate=2e-3, weight_decay=1e-5, validate_every=2
    ),
)


def write_swings(path: Path, subjects: int = 6, each: int = 4) -> PoseStore:
    """A store of three classes: what swings is the left side of the body, the right, or both."""
    draw = np.random.default_rng(0)
    moving = {0: ("left_",), 1: ("right_",), 2: ("left_", "right_")}
    data_set = DataSet("swings", "kinect20", 30.0, ("left", "right", "both"), "made up")
    with PoseStoreWriter(path, data_set) as writer:
        for subject in range(subjects):
            body = draw.normal(size=(20, 3)) * 0.02 + np.linspace(0, 1.6, 20)[:, None] * 0.3
            body[:, 1] += np.arange(20) % 7 * 0.2
            body[4:8, 0] -= 0.3
            body[8:12, 0] += 0.3
            for number in range(3 * each):
                label, frames = number % 3, int(draw.integers(20, 50))
                phase = np.sin(np.arange(frames) / 3 + draw.uniform(0, 6))
                points = np.repeat(body[None], frames, axis=0)
                for joint, name in enumerate(KINECT.joints):
                    if name.startswith(moving[label]):
                        points[:, joint, 1] += 0.25 * phase * (label + 1)
                keypoints = np.ones((frames, 1, 20, 4), np.float32)
                keypoints[:, 0, :, :3] = points + draw.normal(size=points.shape) * 0.005
                times_ms = np.arange(frames) * 1000 / 30
                name = f"s{subject}_{number}"
                writer.append(PoseClip(name, keypoints, times_ms, subject, 1, label))
    return PoseStore(path)


def source_of(store: PoseStore) -> ClipSource:
    """The store's clips as the made-up pretraining reads them."""
    return ClipSource([store], "kinect20", "kinect-3d", persons=1)

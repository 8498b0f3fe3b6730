"""A made-up store of a published protocol: three actions that are easily told apart."""

from pathlib import Path

import numpy as np
import torch

from model.network.config import EncoderConfig
from model.network.pretrained import Pretrained, Reading, pretraining_network, save_pretrained
from model.pose.layout import layout_named
from model.pose.store import DataSet, PoseClip, PoseStore
from model.pose.store_writer import PoseStoreWriter
from tests.training.conftest import STANDING

LABELS = ("wave", "squat", "bow")
SUBJECTS = 8
EACH = 4
IN_SPACE = Reading("joint", "kinect20", "kinect-3d")
IN_PICTURES = Reading("joint", "coco17", "body-2d")


def clip(subject: int, label: int, number: int, frames: int) -> PoseClip:
    """A person who waves, squats or bows; subjects differ in size and noise."""
    draw = np.random.default_rng([subject, label, number])
    points = np.repeat(STANDING[None], frames, axis=0) * draw.uniform(0.9, 1.1)
    swing = np.sin(np.linspace(0, np.pi * draw.uniform(1.5, 2.5), frames))[:, None]
    if label == 0:
        points[:, [6, 7, 10, 11], 1] += 0.6 * np.abs(swing)
    elif label == 1:
        points[:, [14, 15, 18, 19], 1] += 0.4 * np.abs(swing)
    else:
        points[:, [2, 3], 2] -= 0.4 * np.abs(swing)
        points[:, [2, 3], 1] -= 0.2 * np.abs(swing)
    points += draw.normal(scale=0.01, size=points.shape)
    keypoints = np.concatenate([points, np.ones((frames, 20, 1))], axis=2)[:, None]
    return PoseClip(
        name=f"a{label + 1}_s{subject}_t{number}",
        keypoints=keypoints.astype(np.float32),
        times_ms=np.arange(frames) * 1000 / 30,
        subject=subject,
        label=label,
        splits=("xsub_train" if subject % 2 else "xsub_test",),
    )


def write_protocol_store(path: Path, labels: tuple[str, ...] = LABELS) -> PoseStore:
    """A store that says it is UTD-MHAD: odd subjects train, subject 7 chooses, even ones test."""
    data_set = DataSet("utd_mhad", "kinect20", 30.0, labels, "made up")
    draw = np.random.default_rng(0)
    with PoseStoreWriter(path, data_set) as writer:
        for subject in range(1, SUBJECTS + 1):
            for label in range(len(LABELS)):
                for number in range(EACH):
                    writer.append(clip(subject, label, number, int(draw.integers(12, 40))))
    return PoseStore(path)


def write_encoder(
    path: Path, reading: Reading = IN_SPACE, persons: int = 1, causal: bool = False
) -> Path:
    """A small pretrained file; its weights are random, which says much of such clips already."""
    joints = len(layout_named(reading.layout).joints)
    torch.manual_seed(0)
    config = EncoderConfig("dste", joints, persons, hidden_size=16, frames=16, causal=causal)
    save_pretrained(Pretrained(pretraining_network(config, reading).eval(), reading), path)
    return path

"""A checkpoint of a small network, and a store of people who wave, to export and verify with."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch

from model.network.checkpoint import Checkpoint, save_checkpoint
from model.network.config import EncoderConfig
from model.network.recogniser import Recogniser, RecogniserConfig
from model.pose.artifact import ArtifactSpec
from model.pose.layout import layout_named
from model.pose.store import DataSet, PoseClip
from model.pose.store_writer import PoseStoreWriter
from tests.service.artifacts import KINECT, LABELS
from tests.service.bodies import STEP_MS, body


def small_network(spec: ArtifactSpec = KINECT, seed: int = 0) -> Recogniser:
    """A recogniser of the shapes of `spec`, 16 channels wide, in evaluation mode."""
    torch.manual_seed(seed)
    encoder = EncoderConfig(
        kind="dste",
        joints=len(spec.joints),
        persons=spec.persons,
        frames=spec.frames,
        hidden_size=16,
        heads=2,
    )
    parents = layout_named(spec.layout).parents
    config = RecogniserConfig(encoder, spec.task, len(spec.labels), "bone", parents)
    return Recogniser(config).eval()


def write_checkpoint(path: Path, network: Recogniser | None = None, **fields: Any) -> Path:
    """Writes a checkpoint whose artifact fields are KINECT's with some changed, None being none."""
    changed = msgspec.to_builtins(asdict(KINECT)) | fields
    artifact = {name: value for name, value in changed.items() if value is not None}
    save_checkpoint(Checkpoint(network or small_network(), artifact), path)
    return path


def write_store(path: Path) -> Path:
    """Writes a store of six clips of people whose hands move."""
    generator = np.random.default_rng(0)
    data_set = DataSet("waving", "kinect20", 30.0, LABELS, "none")
    with PoseStoreWriter(path, data_set) as store:
        for number in range(6):
            heights = generator.uniform(-0.5, 0.5, 40)
            keypoints = np.stack([body(KINECT, left=height) for height in heights])[:, None]
            keypoints[..., :3] += generator.normal(scale=0.02, size=keypoints[..., :3].shape)
            times_ms = np.arange(40, dtype=np.float64) * STEP_MS
            store.append(PoseClip(f"clip {number}", keypoints, times_ms, subject=1, label=1))
    return path

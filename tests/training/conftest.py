"""A made-up store whose actions are easily told apart, and a run that was trained on it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from model.pose.store import DataSet, PoseClip, PoseStore
from model.pose.store_writer import PoseStoreWriter
from training.dense_recordings import utkinect_recordings
from training.dense_run import finetune
from training.optimisation import Optimisation
from training.recipes import RECIPES, Recipe

LABELS = ("background", "wave", "squat")
FRAMES = 150

# Right to left is -x here: the person faces a camera that looks along z, y is up. Metres.
STANDING = np.array(
    [
        [0, 0.0, 2], [0, 0.1, 2], [0, 0.5, 2], [0, 0.7, 2],
        [-0.2, 0.5, 2], [-0.25, 0.2, 2], [-0.25, 0.0, 2], [-0.25, -0.1, 2],
        [0.2, 0.5, 2], [0.25, 0.2, 2], [0.25, 0.0, 2], [0.25, -0.1, 2],
        [-0.1, -0.05, 2], [-0.1, -0.45, 2], [-0.1, -0.85, 2], [-0.1, -0.9, 1.9],
        [0.1, -0.05, 2], [0.1, -0.45, 2], [0.1, -0.85, 2], [0.1, -0.9, 1.9],
    ]
)  # fmt: skip


def recording(subject: int) -> PoseClip:
    """A person who stands, waves, stands, squats and stands: 150 frames at 15 a second."""
    draw = np.random.default_rng(subject)
    labels = np.zeros(FRAMES, np.int16)
    labels[40:75], labels[100:135] = 1, 2
    seconds = np.arange(FRAMES) / 15
    points = np.repeat(STANDING[None], FRAMES, axis=0)
    swing = np.sin(6 * seconds + draw.uniform(0, 6))[:, None]
    waving = (labels == 1)[:, None]
    points[:, [6, 7, 10, 11], 1] += waving * 0.7
    points[:, [6, 7, 10, 11], 0] += waving * 0.25 * swing
    points[:, [13, 17], 2] -= (labels == 2)[:, None] * 0.4
    points[:, [14, 15, 18, 19], 1] += (labels == 2)[:, None] * 0.4
    points += draw.normal(scale=0.01, size=points.shape)
    keypoints = np.concatenate([points, np.ones((FRAMES, 20, 1))], axis=2)
    return PoseClip(
        name=f"s{subject:02}_e01",
        keypoints=keypoints[:, None].astype(np.float32),
        times_ms=1000 * seconds,
        subject=subject,
        frame_labels=labels,
    )


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> PoseStore:
    """A recording each of subjects 1 to 10, background and two actions."""
    path = tmp_path_factory.mktemp("made_up") / "store"
    with PoseStoreWriter(path, DataSet("utkinect", "kinect20", 15.0, LABELS, "none")) as writer:
        for subject in range(1, 11):
            writer.append(recording(subject))
    return PoseStore(path)


@pytest.fixture(scope="session")
def tiny() -> Callable[[str], Recipe]:
    """The shipped recipes, but small enough for a test."""

    def of(model: str) -> Recipe:
        optimisation = Optimisation(
            epochs=6, batches=8, batch=16, learning_rate=3e-3, average_decay=0.8, validate_every=1
        )
        return replace(RECIPES[model], frames=24, optimisation=optimisation)

    return of


@pytest.fixture(scope="session")
def runs(
    store: PoseStore, tiny: Callable[[str], Recipe], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A directory with the checkpoints of all three models, trained on the made-up store."""
    out = tmp_path_factory.mktemp("runs")
    for model in RECIPES:
        finetune(utkinect_recordings(store), out, model, tiny(model))
    return out


@pytest.fixture(scope="session")
def standing() -> NDArray[np.float64]:
    """A standing person, (20, 3) in metres."""
    return STANDING

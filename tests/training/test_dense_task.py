"""The dense task: which augmentation a vocabulary allows."""

from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from model.network.pretrained import Reading
from model.pose.layout import LAYOUTS
from model.pose.store import PoseStore
from training.augment import Augmentation, mirrored
from training.dense_recordings import utkinect_recordings
from training.dense_run import specification
from training.dense_task import DenseTask
from training.optimisation import Optimisation
from training.recipes import RECIPES
from training.windows import Sampling, WindowSampler

ONLY_MIRRORED = Augmentation(**{setting.name: 0.0 for setting in fields(Augmentation)})


@pytest.mark.parametrize(
    ("labels", "in_a_mirror"),
    [(("background", "wave", "squat"), True), (("background", "swipe left", "squat"), False)],
)
def test_a_side_that_a_label_names_is_not_exchanged(
    store: PoseStore, labels: tuple[str, ...], in_a_mirror: bool
) -> None:
    """Somebody in a mirror waves as well, but swipes to the other side."""
    recipe = replace(
        RECIPES["dste"],
        frames=24,
        optimisation=Optimisation(batches=1, batch=8),
        augmentation=replace(ONLY_MIRRORED, mirror_share=1.0),
    )
    recordings = utkinect_recordings(store)
    reading = Reading("joint", "kinect20", "kinect-3d")
    spec = replace(specification(recordings, "dste", recipe, reading), labels=labels)
    ((clips, _),) = DenseTask(recordings, spec, recipe, torch.device("cpu")).batches(0)

    drawn = WindowSampler(recordings.training(), "kinect20", spec).draw(
        8, Sampling(), np.random.default_rng([recipe.optimisation.seed, 0, 0])
    )
    plain = torch.from_numpy(drawn.clips)
    other = mirrored(plain, LAYOUTS["kinect20"])
    assert (plain - other).abs().max() > 0.1
    torch.testing.assert_close(clips, other if in_a_mirror else plain)

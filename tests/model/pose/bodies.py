"""Bodies for the tests of normalisation: standing people in space, and the same in a picture."""

import numpy as np
from numpy.typing import NDArray

from model.pose.layout import LAYOUTS, Layout

Keypoints = NDArray[np.float32]

COCO, KINECT, NTU = LAYOUTS["coco17"], LAYOUTS["kinect20"], LAYOUTS["ntu25"]

# Half of a person who faces the camera (y up, z away from it, the person's left at -x), in metres.
STANDING = {
    "pelvis": (0, 0.95, 3),
    "spine": (0, 1.15, 3.02),
    "thorax": (0, 1.45, 3),
    "neck": (0, 1.5, 3),
    "head": (0, 1.65, 2.98),
    "shoulder": (-0.2, 1.42, 3),
    "elbow": (-0.25, 1.15, 3.05),
    "wrist": (-0.27, 0.9, 2.95),
    "hand": (-0.28, 0.8, 2.9),
    "hand_tip": (-0.28, 0.72, 2.88),
    "thumb": (-0.25, 0.82, 2.85),
    "hip": (-0.1, 0.92, 3),
    "knee": (-0.12, 0.5, 2.98),
    "ankle": (-0.12, 0.1, 3.05),
    "foot": (-0.13, 0.03, 2.92),
}


def people_of(
    layout: Layout, seed: int, shape: tuple[int, int, int] = (1, 6, 1), lost: float = 0.0
) -> Keypoints:
    """(B, T, V, M, 4) of standing people who move about; a share `lost` of joints is missing.

    Missing joints carry stray numbers, as detectors leave them.
    """
    rng = np.random.default_rng(seed)
    batch, frames, persons = shape
    standing = np.zeros((len(layout.joints), 3))
    for v, joint in enumerate(layout.joints):
        side, _, rest = joint.partition("_")
        standing[v] = STANDING[rest] if side in ("left", "right") else STANDING[joint]
        standing[v, 0] *= -1 if side == "right" else 1
    people = np.ones((batch, frames, len(standing), persons, 4), np.float32)
    places = rng.uniform(-1, 1, (batch, 1, 1, persons, 3))
    wobble = rng.normal(0, 0.03, (batch, frames, len(standing), persons, 3))
    people[..., :3] = standing[:, None] + places + wobble
    people[..., 3] = rng.uniform(0.2, 1, people.shape[:-1])
    people[..., 3] *= rng.random(people.shape[:-1]) >= lost
    return people


def pictures(seed: int, shape: tuple[int, int, int] = (1, 6, 1), lost: float = 0.0) -> Keypoints:
    """(B, T, 17, M, 4) of COCO keypoints in pixels, a torso of about 170 of them."""
    rng = np.random.default_rng(seed)
    whole = people_of(KINECT, seed, shape)
    body = dict(zip(KINECT.joints, np.moveaxis(whole, 2, 0), strict=True))
    offsets = rng.normal(0, 0.05, (17, 1, 1, 1, 2))
    people = np.stack([body.get(joint, body["head"]) for joint in COCO.joints], axis=2)
    people[..., :2] += np.moveaxis(offsets, 0, 2)
    people[..., :2] = people[..., :2] * (-340, -340) + (300, 700)
    people[..., 2] = 0
    people[..., 3] = rng.uniform(0.2, 1, people.shape[:-1])
    people[..., 3] *= rng.random(people.shape[:-1]) >= lost
    return people

"""Neighbours: what is computed of a clip may not depend on what else is in its batch."""

import numpy as np
from numpy.typing import NDArray

from model.pose.artifact_session import ArtifactSession, Outputs

NEIGHBOURS = (1, 7, 64)
"""The batches in which one clip must give one output, beside hostile neighbours."""

HOSTILE = 1e4
"""The value of all of a hostile neighbour's joints: far from any pose, and finite at float16."""


def among(session: ArtifactSession, clip: NDArray[np.float32], batch: int) -> Outputs:
    """What an artifact says of a clip in the middle of hostile neighbours.

    Args:
        session: the artifact.
        clip: (3, T, V, M).
        batch: clips of the run, this one included.

    Returns:
        Logits (1, T, K) or (1, K), and features (1, T, F).
    """
    crowd = np.full((batch, *clip.shape), HOSTILE, np.float32)
    place = batch // 2
    crowd[place] = clip
    logits, features = session.run(crowd)
    return Outputs(logits[place : place + 1], features[place : place + 1])


def dependence(session: ArtifactSession, clip: NDArray[np.float32]) -> float:
    """The largest difference that neighbours make to a clip's logits, over their spread.

    It is infinite where one of the logits is no number.
    """
    alone = session.run(clip[None]).logits
    spread = max(float(alone.std()), 1e-6)
    differences = [np.abs(among(session, clip, batch).logits - alone) for batch in NEIGHBOURS]
    return float(np.nan_to_num(np.stack(differences), nan=np.inf).max()) / spread

"""People who stand still but for their hands, as keypoints of the wire, and what must be said."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.pose.artifact import ArtifactSpec
from tests.service.artifacts import FACTOR, LABELS

SIZE = (640.0, 480.0)
"""Of the picture that people of a 2D layout are in, pixels."""

STEP_MS = 1000 / 30
"""From frame to frame, at the rate of the artifacts' own windows."""

WARM = 16
"""The frame, counted from 1, from which a person is spoken of."""

_PLACES = {
    "pelvis": (0.0, 0.0),
    "spine": (0.0, 0.25),
    "thorax": (0.0, 0.5),
    "head": (0.0, 0.7),
    "nose": (0.0, 0.7),
    "eye": (0.03, 0.73),
    "ear": (0.07, 0.7),
    "shoulder": (0.15, 0.5),
    "elbow": (0.2, 0.25),
    "hip": (0.1, 0.0),
    "knee": (0.1, -0.4),
    "ankle": (0.1, -0.8),
    "foot": (0.1, -0.85),
}
"""Joint → sideways and up from the pelvis, metres."""


def body(spec: ArtifactSpec, left: float = -1.0, right: float = -1.0) -> NDArray[np.float32]:
    """A person's rows (V, 4) x, y, z, score in metres, or (V, 3) x, y, score in pixels.

    Args:
        spec: an artifact of `tests.service.artifacts`; the rows are in its own layout.
        left: how high the left hand is, in the units in which the artifact reads it.
        right: the same of the right hand.
    """
    picture = spec.dimensions == 2
    rows = []
    for name in spec.joints:
        side, _, part = name.partition("_")
        sign = {"left": -1.0, "right": 1.0}.get(side, 0.0)
        if part in ("wrist", "hand"):
            height = left if side == "left" else right
            # A unit is a metre above the spine, or a torso of half a metre above the pelvis.
            across, up = 0.2, height * 0.5 if picture else height + 0.25
        else:
            across, up = _PLACES[part or name]
        x, y = 0.1 + sign * across, 1.0 + up
        rows.append([100 * x, 400 - 100 * y, 1.0] if picture else [x, y, 2.5, 1.0])
    return np.array(rows, np.float32)


def score(left: float, right: float = -1.0) -> dict[str, float]:
    """Label → the probability that an artifact must give to hands at these heights."""
    powers = np.exp(FACTOR * np.array([0.0, left, right]))
    return dict(zip(LABELS, (powers / powers.sum()).tolist(), strict=True))


def hello(spec: ArtifactSpec, **options: Any) -> dict[str, Any]:
    """The hello of a client that sends `body` rows."""
    picture = {"coordinates": "pixels", "size": SIZE}
    return {
        "type": "hello",
        "version": 1,
        "layout": spec.layout,
        **(picture if spec.dimensions == 2 else {"coordinates": "metres"}),
        "options": options,
    }


def pose(frame: float, *people: NDArray[np.float32], ids: bool = True) -> dict[str, Any]:
    """The pose message of frame number `frame` on the windows' own time line."""
    rows = [{"keypoints": person.tolist()} for person in people]
    if ids:
        rows = [{"id": place, **person} for place, person in enumerate(rows, start=1)]
    return {"type": "pose", "t_ms": frame * STEP_MS, "people": rows}

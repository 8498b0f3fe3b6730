"""Mappings: keypoints of one layout turned into another's, by joint name.

A joint that the source lacks is derived where the field derives it (the neck is the mid-shoulder,
the pelvis the mid-hip, the spine lies between); what cannot be derived is marked missing, never
invented. The head is the middle between the ears, and where one ear alone is seen it is that ear:
the other is hidden behind the head when the line of the ears leads away from the camera, and there
the picture puts both at nearly the same place. A crown or a base of the head is no middle: from
layouts that have no other (`h36m17`, `bandai22`) the head is missing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from model.pose.layout import Layout

_SHOULDERS = ("left_shoulder", "right_shoulder")
_HIPS = ("left_hip", "right_hip")

DERIVATIONS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "neck": (_SHOULDERS, ("thorax",)),
    "thorax": (_SHOULDERS, ("neck",)),
    "pelvis": (_HIPS,),
    "spine": (("thorax", "pelvis"), ("neck", "pelvis"), _SHOULDERS + _HIPS),
    "head": (("left_ear", "right_ear"),),
}
"""Joint → sets of joints whose mean stands for it; the first that the source holds is taken."""

NEAR_ENOUGH = frozenset({"head"})
"""Joints whose origins lie so near them that one alone stands for it where the others are unseen.

Half a head's width at the most, about 0.15 torso lengths; between the ears of a head in profile it
is nothing. A neck from one shoulder would lie a third of a torso off, so it is missing.
"""


@dataclass(frozen=True)
class LayoutMapping:
    """How keypoints of `source` become keypoints of `target`.

    Attributes:
        source: the layout that comes in.
        target: the layout that goes out.
        origins: for each joint of the target the source indices whose mean it is; empty where it is
            missing.
    """

    source: Layout
    target: Layout
    origins: tuple[tuple[int, ...], ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """The target's joints that the source cannot give."""
        pairs = zip(self.target.joints, self.origins, strict=True)
        return tuple(joint for joint, origin in pairs if not origin)

    def __call__(self, keypoints: NDArray[np.float32]) -> NDArray[np.float32]:
        """Maps keypoints.

        Args:
            keypoints: (..., V_source, 4) rows x, y, z, score.

        Returns:
            (..., V_target, 4). A derived joint has the lowest score of its origins, and is missing
            (all zeros) where any of them is; one of `NEAR_ENOUGH` where all of them are.
        """
        if self.source == self.target:
            return keypoints
        mapped = np.zeros((*keypoints.shape[:-2], len(self.target.joints), 4), np.float32)
        here, there = self._copied
        mapped[..., here, :] = keypoints[..., there, :]
        for joint, origin in self._derived:
            rows = keypoints[..., origin, :]
            if self.target.joints[joint] in NEAR_ENOUGH:
                rows = _stood_in(rows)
            mapped[..., joint, :3] = rows[..., :3].mean(axis=-2)
            mapped[..., joint, 3] = rows[..., 3].min(axis=-1)
        mapped[~(mapped[..., 3] > 0)] = 0
        return mapped

    @cached_property
    def _copied(self) -> tuple[list[int], list[int]]:
        """The target joints that the source has, and where it has them."""
        here = [joint for joint, origin in enumerate(self.origins) if len(origin) == 1]
        return here, [self.origins[joint][0] for joint in here]

    @cached_property
    def _derived(self) -> list[tuple[int, list[int]]]:
        """The target joints that are means, each with the source joints that it is the mean of."""
        origins = enumerate(self.origins)
        return [(joint, list(origin)) for joint, origin in origins if len(origin) > 1]


@cache
def layout_mapping(source: Layout, target: Layout) -> LayoutMapping:
    """Returns the mapping from `source` to `target`."""
    return LayoutMapping(source, target, tuple(_origin(source, joint) for joint in target.joints))


def _stood_in(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Puts the best seen of some joints, (..., joints, 4), in the place of those that are not."""
    if (rows[..., 3] > 0).all():
        return rows
    best = rows[..., 3].argmax(axis=-1)[..., None, None]
    return np.where(rows[..., 3:] > 0, rows, np.take_along_axis(rows, best, axis=-2))


def _origin(source: Layout, joint: str) -> tuple[int, ...]:
    for names in ((joint,), *DERIVATIONS.get(joint, ())):
        indices = [source.index(name) for name in names]
        found = tuple(index for index in indices if index is not None)
        if len(found) == len(names):
            return found
    return ()

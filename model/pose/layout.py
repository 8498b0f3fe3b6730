"""Layouts: the joints of a skeleton in the order of its keypoints, its bones, its mirror pairs.

One vocabulary names the same place on a body in every layout, so that `model.pose.mapping` goes by
name. `thorax` is the point between the shoulders at the base of the neck (Kinect's shoulder
centre, NTU's spine shoulder, Human3.6M's thorax), `neck` what its layout calls so, `pelvis` the
hip centre, `head` the middle of the head and `head_top` its crown, `hand` the middle of the hand.
Left and right are the person's own. A layout knows nothing of coordinates, scores or time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType


class LayoutError(ValueError):
    """A layout is not known; the message names it and those that are."""


@dataclass(frozen=True)
class Layout:
    """The joints of one skeleton convention.

    Attributes:
        name: what the wire and the artifact call it.
        joints: V joint names, in the order of the keypoints.
        parents: V indices, each joint's parent in the tree of bones; the root is its own parent.
        dimensions: 2 for layouts of picture keypoints, 3 for layouts recorded in space.
    """

    name: str
    joints: tuple[str, ...]
    parents: tuple[int, ...]
    dimensions: int

    def index(self, joint: str) -> int | None:
        """Returns where `joint` stands in this layout, or None where the layout lacks it."""
        return self.joints.index(joint) if joint in self.joints else None

    @property
    def root(self) -> int:
        """The index of the joint that is its own parent."""
        return next(joint for joint, parent in enumerate(self.parents) if joint == parent)

    @property
    def bones(self) -> tuple[tuple[int, int], ...]:
        """The V - 1 bones as (joint, parent) index pairs."""
        return tuple((v, parent) for v, parent in enumerate(self.parents) if v != parent)

    @cached_property
    def mirror(self) -> tuple[int, ...]:
        """V indices: where each joint's left/right counterpart stands, or it itself."""
        swapped = {"left": "right", "right": "left"}
        sides = (joint.partition("_") for joint in self.joints)
        names = (swapped.get(side, side) + gap + rest for side, gap, rest in sides)
        return tuple(self.joints.index(name) for name in names)

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """The (left, right) index pairs."""
        return tuple(
            (v, other) for v, other in enumerate(self.mirror) if self.joints[v].startswith("left_")
        )


def _layout(name: str, dimensions: int, tree: str) -> Layout:
    """Reads a layout from "joint:parent" words; a word without a parent is the root."""
    words = [word.partition(":") for word in tree.split()]
    joints = tuple(joint for joint, _, _ in words)
    parents = tuple(joints.index(parent or joint) for joint, _, parent in words)
    return Layout(name, joints, parents, dimensions)


_COCO17 = _layout(
    "coco17",
    2,
    """
    nose left_eye:nose right_eye:nose left_ear:left_eye right_ear:right_eye
    left_shoulder:nose right_shoulder:nose left_elbow:left_shoulder right_elbow:right_shoulder
    left_wrist:left_elbow right_wrist:right_elbow left_hip:left_shoulder right_hip:right_shoulder
    left_knee:left_hip right_knee:right_hip left_ankle:left_knee right_ankle:right_knee
    """,
)

_BLAZEPOSE33 = _layout(
    "blazepose33",
    2,
    """
    nose left_eye_inner:nose left_eye:left_eye_inner left_eye_outer:left_eye
    right_eye_inner:nose right_eye:right_eye_inner right_eye_outer:right_eye
    left_ear:left_eye_outer right_ear:right_eye_outer left_mouth:nose right_mouth:nose
    left_shoulder:nose right_shoulder:nose left_elbow:left_shoulder right_elbow:right_shoulder
    left_wrist:left_elbow right_wrist:right_elbow left_pinky:left_wrist right_pinky:right_wrist
    left_index:left_wrist right_index:right_wrist left_thumb:left_wrist right_thumb:right_wrist
    left_hip:left_shoulder right_hip:right_shoulder left_knee:left_hip right_knee:right_hip
    left_ankle:left_knee right_ankle:right_knee left_heel:left_ankle right_heel:right_ankle
    left_big_toe:left_ankle right_big_toe:right_ankle
    """,
)

_HALPE26 = _layout(
    "halpe26",
    2,
    """
    nose:neck left_eye:nose right_eye:nose left_ear:left_eye right_ear:right_eye
    left_shoulder:neck right_shoulder:neck left_elbow:left_shoulder right_elbow:right_shoulder
    left_wrist:left_elbow right_wrist:right_elbow left_hip:pelvis right_hip:pelvis
    left_knee:left_hip right_knee:right_hip left_ankle:left_knee right_ankle:right_knee
    head_top:nose neck pelvis:neck left_big_toe:left_ankle right_big_toe:right_ankle
    left_small_toe:left_ankle right_small_toe:right_ankle
    left_heel:left_ankle right_heel:right_ankle
    """,
)

_OPENPOSE18 = _layout(
    "openpose18",
    2,
    """
    nose:neck neck right_shoulder:neck right_elbow:right_shoulder right_wrist:right_elbow
    left_shoulder:neck left_elbow:left_shoulder left_wrist:left_elbow
    right_hip:neck right_knee:right_hip right_ankle:right_knee
    left_hip:neck left_knee:left_hip left_ankle:left_knee
    right_eye:nose left_eye:nose right_ear:right_eye left_ear:left_eye
    """,
)

_BODY25 = _layout(
    "body25",
    2,
    """
    nose:neck neck right_shoulder:neck right_elbow:right_shoulder right_wrist:right_elbow
    left_shoulder:neck left_elbow:left_shoulder left_wrist:left_elbow pelvis:neck
    right_hip:pelvis right_knee:right_hip right_ankle:right_knee
    left_hip:pelvis left_knee:left_hip left_ankle:left_knee
    right_eye:nose left_eye:nose right_ear:right_eye left_ear:left_eye
    left_big_toe:left_ankle left_small_toe:left_ankle left_heel:left_ankle
    right_big_toe:right_ankle right_small_toe:right_ankle right_heel:right_ankle
    """,
)

# What every 2D convention of a whole body can give, its head reduced to one place.
_BODY13 = _layout(
    "body13",
    2,
    """
    head left_shoulder:head right_shoulder:head
    left_elbow:left_shoulder right_elbow:right_shoulder
    left_wrist:left_elbow right_wrist:right_elbow left_hip:left_shoulder right_hip:right_shoulder
    left_knee:left_hip right_knee:right_hip left_ankle:left_knee right_ankle:right_knee
    """,
)

_H36M17 = _layout(
    "h36m17",
    3,
    """
    pelvis:spine right_hip:pelvis right_knee:right_hip right_ankle:right_knee
    left_hip:pelvis left_knee:left_hip left_ankle:left_knee
    spine:thorax thorax neck:thorax head_top:neck
    left_shoulder:thorax left_elbow:left_shoulder left_wrist:left_elbow
    right_shoulder:thorax right_elbow:right_shoulder right_wrist:right_elbow
    """,
)

_NTU25 = _layout(
    "ntu25",
    3,
    """
    pelvis:spine spine:thorax neck:thorax head:neck
    left_shoulder:thorax left_elbow:left_shoulder left_wrist:left_elbow left_hand:left_wrist
    right_shoulder:thorax right_elbow:right_shoulder right_wrist:right_elbow right_hand:right_wrist
    left_hip:pelvis left_knee:left_hip left_ankle:left_knee left_foot:left_ankle
    right_hip:pelvis right_knee:right_hip right_ankle:right_knee right_foot:right_ankle
    thorax left_hand_tip:left_thumb left_thumb:left_hand right_hand_tip:right_thumb
    right_thumb:right_hand
    """,
)

_ARM = "{0}_shoulder:thorax {0}_elbow:{0}_shoulder {0}_wrist:{0}_elbow {0}_hand:{0}_wrist "
_LEG = "{0}_hip:pelvis {0}_knee:{0}_hip {0}_ankle:{0}_knee {0}_foot:{0}_ankle "
_ARMS = _ARM.format("left") + _ARM.format("right")
_LEGS = _LEG.format("left") + _LEG.format("right")

_KINECT20 = _layout("kinect20", 3, "pelvis:spine spine:thorax thorax head:thorax " + _ARMS + _LEGS)

_UTD20 = _layout("utd20", 3, "head:thorax thorax spine:thorax pelvis:spine " + _ARMS + _LEGS)

_MSR20 = _layout(
    "msr20",
    3,
    """
    left_shoulder:thorax right_shoulder:thorax thorax spine:thorax left_hip:pelvis right_hip:pelvis
    pelvis:spine left_elbow:left_shoulder right_elbow:right_shoulder left_wrist:left_elbow
    right_wrist:right_elbow left_hand:left_wrist right_hand:right_wrist left_knee:left_hip
    right_knee:right_hip left_ankle:left_knee right_ankle:right_knee left_foot:left_ankle
    right_foot:right_ankle head:thorax
    """,
)

# The AMC skeleton of HDM05: its file names each bone, the position is that of the bone's far end.
_HDM05 = _layout(
    "hdm05",
    3,
    """
    pelvis:spine left_hip:pelvis left_knee:left_hip left_ankle:left_knee left_ball:left_ankle
    left_foot:left_ball right_hip:pelvis right_knee:right_hip right_ankle:right_knee
    right_ball:right_ankle right_foot:right_ball spine:chest chest:thorax thorax neck:thorax
    head:neck head_top:head left_shoulder:thorax left_elbow:left_shoulder
    left_forearm:left_elbow left_wrist:left_forearm left_hand:left_wrist left_fingers:left_hand
    left_thumb:left_wrist right_shoulder:thorax right_elbow:right_shoulder
    right_forearm:right_elbow right_wrist:right_forearm right_hand:right_wrist
    right_fingers:right_hand right_thumb:right_wrist
    """,
)

# The BVH skeleton of Bandai-Namco-Research-Motiondataset: a position is that of a bone's near end,
# so its "Hand" is the wrist, its "Head" the base of the head, and `ground` lies below the hips.
_BANDAI22 = _layout(
    "bandai22",
    3,
    """
    ground:pelvis pelvis:spine spine:chest chest:thorax thorax head_base:thorax
    left_clavicle:thorax left_shoulder:left_clavicle left_elbow:left_shoulder left_wrist:left_elbow
    right_clavicle:thorax right_shoulder:right_clavicle right_elbow:right_shoulder
    right_wrist:right_elbow left_hip:pelvis left_knee:left_hip left_ankle:left_knee
    left_foot:left_ankle right_hip:pelvis right_knee:right_hip right_ankle:right_knee
    right_foot:right_ankle
    """,
)

LAYOUTS: Mapping[str, Layout] = MappingProxyType(
    {
        layout.name: layout
        for layout in (
            _COCO17,
            _BLAZEPOSE33,
            _HALPE26,
            _OPENPOSE18,
            _BODY25,
            _BODY13,
            _H36M17,
            _KINECT20,
            _NTU25,
            _UTD20,
            _MSR20,
            _HDM05,
            _BANDAI22,
        )
    }
)


def layout_named(name: str) -> Layout:
    """Returns the layout called `name`.

    Raises:
        LayoutError: no layout has that name.
    """
    try:
        return LAYOUTS[name]
    except KeyError:
        raise LayoutError(f"layout {name!r} is unknown; known are {', '.join(LAYOUTS)}") from None

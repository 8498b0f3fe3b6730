"""Layouts: trees that mirror onto themselves, in the orders that the data and the field use."""

from pathlib import Path

import numpy as np
import pytest

from model.pose.layout import LAYOUTS, Layout, LayoutError, layout_named

DATA = Path(__file__).resolve().parents[3].parent / "shared" / "data"

SIZES = {
    "coco17": 17,
    "blazepose33": 33,
    "halpe26": 26,
    "openpose18": 18,
    "body25": 25,
    "body13": 13,
    "h36m17": 17,
    "kinect20": 20,
    "ntu25": 25,
    "utd20": 20,
    "msr20": 20,
    "hdm05": 31,
    "bandai22": 22,
}
PLANAR = {"coco17", "blazepose33", "halpe26", "openpose18", "body25", "body13"}

ARM, LEG = ("shoulder", "elbow", "wrist", "hand"), ("hip", "knee", "ankle", "foot")
LIMBS = [f"{side}_{joint}" for limb in (ARM, LEG) for side in ("left", "right") for joint in limb]

# Where the documentation of each convention puts joints that are easily confused.
LANDMARKS = {
    "coco17": {0: "nose", 1: "left_eye", 4: "right_ear", 5: "left_shoulder", 16: "right_ankle"},
    "blazepose33": {7: "left_ear", 10: "right_mouth", 11: "left_shoulder", 17: "left_pinky"}
    | {19: "left_index", 22: "right_thumb", 23: "left_hip", 30: "right_heel", 31: "left_big_toe"},
    "halpe26": {16: "right_ankle", 17: "head_top", 18: "neck", 19: "pelvis", 20: "left_big_toe"}
    | {21: "right_big_toe", 22: "left_small_toe", 25: "right_heel"},
    "openpose18": {1: "neck", 2: "right_shoulder", 5: "left_shoulder", 8: "right_hip"}
    | {11: "left_hip", 14: "right_eye", 17: "left_ear"},
    "body25": {8: "pelvis", 9: "right_hip", 14: "left_ankle", 15: "right_eye", 18: "left_ear"}
    | {19: "left_big_toe", 20: "left_small_toe", 21: "left_heel", 22: "right_big_toe"},
    "h36m17": {0: "pelvis", 1: "right_hip", 4: "left_hip", 7: "spine", 8: "thorax"}
    | {10: "head_top", 11: "left_shoulder", 16: "right_wrist"},
    "ntu25": {0: "pelvis", 1: "spine", 3: "head", 4: "left_shoulder", 8: "right_shoulder"}
    | {12: "left_hip", 16: "right_hip", 20: "thorax", 21: "left_hand_tip", 22: "left_thumb"},
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=list(LAYOUTS))
def test_every_layout_is_a_tree_of_distinct_joints(layout: Layout) -> None:
    """From every joint the parents lead to the one root, and V - 1 bones hold V joints."""
    joints = range(len(layout.joints))
    assert len(set(layout.joints)) == len(layout.joints)
    assert [v for v in joints if layout.parents[v] == v] == [layout.root]
    for joint in joints:
        steps = 0
        while joint != layout.root:
            joint, steps = layout.parents[joint], steps + 1
            assert steps < len(layout.joints)
    assert len(layout.bones) == len(layout.joints) - 1
    assert all(layout.parents[joint] == parent for joint, parent in layout.bones)


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=list(LAYOUTS))
def test_a_mirrored_skeleton_is_the_same_skeleton(layout: Layout) -> None:
    """Mirroring twice changes nothing, keeps middle joints, and turns bones into bones."""
    mirror = layout.mirror
    sided = {name for name in layout.joints if name.startswith(("left_", "right_"))}
    for joint, name in enumerate(layout.joints):
        assert mirror[mirror[joint]] == joint
        assert (mirror[joint] == joint) == (name not in sided)
        assert mirror[layout.parents[joint]] == layout.parents[mirror[joint]]
    paired = {layout.joints[joint] for pair in layout.pairs for joint in pair}
    assert paired == sided
    assert 2 * len(layout.pairs) == len(sided)
    for left, right in layout.pairs:
        assert layout.joints[left].removeprefix("left_") == layout.joints[right][len("right_") :]


def test_layouts_have_the_sizes_and_dimensions_that_their_names_promise() -> None:
    """Every promised layout is there, under its own name; the picture ones are planar."""
    assert {name: len(layout.joints) for name, layout in LAYOUTS.items()} == SIZES
    assert all(layout.name == name for name, layout in LAYOUTS.items())
    assert {name for name, layout in LAYOUTS.items() if layout.dimensions == 2} == PLANAR


@pytest.mark.parametrize("name", LANDMARKS)
def test_joints_stand_where_their_convention_puts_them(name: str) -> None:
    """Index and joint agree with the convention's own documentation."""
    layout = LAYOUTS[name]
    assert {v: layout.joints[v] for v in LANDMARKS[name]} == LANDMARKS[name]
    assert all(layout.index(joint) == v for v, joint in LANDMARKS[name].items())
    assert layout.index("tail") is None


def test_ntu_bones_are_the_published_ones() -> None:
    """The bone modality of published checkpoints hangs on this list (USDRL, root 20)."""
    published = "1 20 20 2 20 4 5 6 20 8 9 10 0 12 13 14 0 16 17 18 20 22 7 24 11"
    assert LAYOUTS["ntu25"].parents == tuple(map(int, published.split()))
    assert LAYOUTS["ntu25"].root == 20


def test_kinect_orders_are_those_of_the_recordings() -> None:
    """kinect20 is the order of UTKinect and NW-UCLA, msr20 that of MSR-Action3D."""
    assert list(LAYOUTS["kinect20"].joints) == ["pelvis", "spine", "thorax", "head", *LIMBS]
    paired = [
        f"{side}_{joint}"
        for joint in ("elbow", "wrist", "hand", "knee", "ankle", "foot")
        for side in ("left", "right")
    ]
    head = "left_shoulder right_shoulder thorax spine left_hip right_hip pelvis".split()
    assert list(LAYOUTS["msr20"].joints) == [*head, *paired, "head"]


def test_utd_order_is_that_of_its_own_file() -> None:
    """utd20 is what the data set's description lists, in its own words for the same places."""
    listing = DATA / "utd_mhad" / "Skeleton_joint_order.txt"
    if not listing.exists():
        pytest.skip("the UTD-MHAD recordings are not here")
    lines = [line.partition(". ") for line in listing.read_text().splitlines()]
    listed = [joint.strip(" ;.") for number, _, joint in lines if number.isdigit()]
    ours = {"shoulder_center": "thorax", "hip_center": "pelvis"}
    assert [ours.get(joint, joint) for joint in listed] == list(LAYOUTS["utd20"].joints)


@pytest.mark.parametrize(("folder", "name"), [("hdm05", "hdm05"), ("bandai_namco", "bandai22")])
def test_bones_of_motion_capture_keep_their_length(folder: str, name: str) -> None:
    """A bone between joints that are named right is rigid in every recorded frame of an actor."""
    path = DATA / folder / "positions_30fps.npz"
    if not path.exists():
        pytest.skip(f"the motion capture of {folder} is not here")
    with np.load(path) as data:
        clip = data["positions"][: data["offsets"][1]].astype(np.float64)
    layout = LAYOUTS[name]
    assert clip.shape[1] == len(layout.joints)
    for joint, parent in layout.bones:
        if layout.joints[joint] == "ground":
            continue  # Not of the body: a point on the floor below it.
        length = np.linalg.norm(clip[:, joint] - clip[:, parent], axis=-1)
        assert np.ptp(length) < 0.01, f"{layout.joints[joint]} to {layout.joints[parent]}"


def test_motion_capture_joints_are_what_the_recording_calls_them() -> None:
    """HDM05's own table of named joints points where our names stand."""
    path = DATA / "hdm05" / "positions_30fps.npz"
    if not path.exists():
        pytest.skip("the motion capture of hdm05 is not here")
    ours = {"root": "pelvis", "belly": "spine", "neck": "thorax", "headtop": "head_top"}
    layout = LAYOUTS["hdm05"]
    with np.load(path) as data:
        named = dict(zip(data["named_joint"].tolist(), data["named_index"].tolist(), strict=True))
    for theirs, index in named.items():
        if theirs.endswith("clavicle"):
            continue  # The near end of the clavicle, which is the thorax.
        side = {"l": "left_", "r": "right_"}.get(theirs[0], "") if theirs not in ours else ""
        name = ours.get(theirs, side + theirs[bool(side) :]).replace("toes", "foot")
        assert layout.joints[index] == name, theirs


def test_an_unknown_layout_is_refused_by_naming_the_known() -> None:
    """One sentence says what came and what there is."""
    with pytest.raises(LayoutError, match=r"layout 'coco18' is unknown; known are coco17, .*ntu25"):
        layout_named("coco18")
    assert layout_named("coco17") is LAYOUTS["coco17"]

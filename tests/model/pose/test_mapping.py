"""Mappings: by name, by the derivations of the field, and nothing invented."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from model.pose.layout import LAYOUTS, Layout
from model.pose.mapping import layout_mapping
from model.pose.normalise import joints_needed

Keypoints = NDArray[np.float32]
NAMES = list(LAYOUTS)

# The derivations of the field, as a person would say them: the first that is possible counts.
SAYINGS = {
    "neck": ["left_shoulder right_shoulder", "thorax"],
    "thorax": ["left_shoulder right_shoulder", "neck"],
    "pelvis": ["left_hip right_hip"],
    "spine": ["thorax pelvis", "neck pelvis", "left_shoulder right_shoulder left_hip right_hip"],
    "head": ["left_ear right_ear"],
}


def _person(layout: Layout, seed: int, lost: float = 0.0) -> Keypoints:
    """One frame (V, 4); `lost` is the share of its joints that have score 0 and stray numbers."""
    rng = np.random.default_rng(seed)
    person = rng.normal(size=(len(layout.joints), 4)).astype(np.float32)
    person[:, 3] = rng.uniform(0.1, 1, len(person)) * (rng.random(len(person)) >= lost)
    return person


def _told(source: Layout, joint: str) -> list[str]:
    """The source joints that stand for `joint`, by the sayings."""
    for saying in [joint, *SAYINGS.get(joint, [])]:
        if set(saying.split()) <= set(source.joints):
            return saying.split()
    return []


@given(
    source=st.sampled_from(NAMES).map(LAYOUTS.__getitem__),
    target=st.sampled_from(NAMES).map(LAYOUTS.__getitem__),
    seed=st.integers(0, 2**32 - 1),
    lost=st.sampled_from([0.0, 0.2, 0.9]),
)
def test_a_joint_is_taken_by_name_or_derived_or_missing(
    source: Layout, target: Layout, seed: int, lost: float
) -> None:
    """Each joint is the mean of its origins with their lowest score, else it is all zeros.

    Of the ears those that are seen count.
    """
    if source == target:
        return
    person = _person(source, seed, lost)
    mapping = layout_mapping(source, target)
    mapped = mapping(person)
    for v, joint in enumerate(target.joints):
        parts = person[[source.joints.index(name) for name in _told(source, joint)]]
        assert (joint in mapping.missing) == (len(parts) == 0)
        if joint == "head" and (parts[:, 3] > 0).any():
            parts = parts[parts[:, 3] > 0]
        if len(parts) == 0 or parts[:, 3].min() == 0:
            assert not mapped[v].any()
        else:
            np.testing.assert_allclose(mapped[v, :3], parts[:, :3].mean(axis=0), atol=1e-6)
            assert mapped[v, 3] == parts[:, 3].min()


def test_all_pairs_of_layouts_map_and_say_what_is_missing() -> None:
    """A target joint has origins or is listed as missing, never both and never neither."""
    for source, target in product(LAYOUTS.values(), repeat=2):
        mapping = layout_mapping(source, target)
        empty = {target.joints[v] for v, origin in enumerate(mapping.origins) if not origin}
        assert empty == set(mapping.missing)
        assert empty == {joint for joint in target.joints if not _told(source, joint)}
        assert len(mapping.origins) == len(target.joints)


def test_coco_becomes_kinect_by_numbers_worked_out_by_hand() -> None:
    """Neck, pelvis and spine lie between shoulders and hips; hands and feet stay unknown."""
    coco, kinect = LAYOUTS["coco17"], LAYOUTS["kinect20"]
    person = np.zeros((17, 4), np.float32)
    places = {
        "left_shoulder": (120, 100, 0, 0.9),
        "right_shoulder": (80, 104, 0, 0.7),
        "left_hip": (112, 200, 0, 0.5),
        "right_hip": (88, 204, 0, 0.6),
        "left_ear": (104, 60, 0, 0.8),
        "right_ear": (96, 62, 0, 0.4),
        "left_wrist": (150, 150, 0, 0.3),
    }
    for joint, row in places.items():
        person[coco.joints.index(joint)] = row
    mapping = layout_mapping(coco, kinect)
    mapped = dict(zip(kinect.joints, mapping(person).tolist(), strict=True))

    assert mapped["thorax"] == pytest.approx([100, 102, 0, 0.7])
    assert mapped["pelvis"] == pytest.approx([100, 202, 0, 0.5])
    assert mapped["spine"] == pytest.approx([100, 152, 0, 0.5])
    assert mapped["head"] == pytest.approx([100, 61, 0, 0.4])
    assert mapped["left_wrist"] == pytest.approx([150, 150, 0, 0.3])
    assert mapping.missing == ("left_hand", "right_hand", "left_foot", "right_foot")


@pytest.mark.parametrize("lost", ["left_shoulder", "right_hip"])
@pytest.mark.parametrize("stray", [7.0, np.nan])
def test_a_missing_origin_makes_what_derives_from_it_missing(lost: str, stray: float) -> None:
    """All zeros, whatever numbers the missing joint carries; the others do not notice."""
    coco, kinect = LAYOUTS["coco17"], LAYOUTS["kinect20"]
    whole = _person(coco, 1)
    holed = whole.copy()
    holed[coco.joints.index(lost)] = (stray, stray, stray, 0)
    mapping = layout_mapping(coco, kinect)
    gone = {lost, "spine", "thorax" if "shoulder" in lost else "pelvis"}
    for joint, before, after in zip(kinect.joints, mapping(whole), mapping(holed), strict=True):
        np.testing.assert_array_equal(after, np.zeros(4) if joint in gone else before)


@pytest.mark.parametrize("stray", [7.0, np.nan])
def test_one_ear_stands_for_the_head_with_its_own_score(stray: float) -> None:
    """In profile the far ear is unseen: the near one is the head; without both there is none."""
    coco, body = LAYOUTS["coco17"], LAYOUTS["body13"]
    person = _person(coco, 1)
    ears = [coco.joints.index(f"{side}_ear") for side in ("left", "right")]
    head = body.joints.index("head")
    mapping = layout_mapping(coco, body)
    assert mapping.missing == ()
    np.testing.assert_allclose(mapping(person)[head, :3], person[ears, :3].mean(axis=0), atol=1e-6)
    person[ears[0]] = (stray, stray, stray, 0)
    np.testing.assert_array_equal(mapping(person)[head], person[ears[1]])
    person[ears[1]] = (stray, stray, stray, 0)
    assert not mapping(person)[head].any()


def test_every_layout_gives_the_everyday_body_but_for_a_head_that_it_lacks() -> None:
    """body13 is what all layouts hold; a crown or the base of the head is not made into a head."""
    body = LAYOUTS["body13"]
    missing = {name: layout_mapping(layout, body).missing for name, layout in LAYOUTS.items()}
    assert {name: lacks for name, lacks in missing.items() if lacks} == {
        "h36m17": ("head",),
        "bandai22": ("head",),
    }
    assert joints_needed("body-2d", body) == [1, 2, 7, 8]


@given(
    pair=st.permutations(["kinect20", "utd20", "msr20"]),
    seed=st.integers(0, 2**32 - 1),
    shape=st.sampled_from([(), (3,), (2, 5)]),
)
def test_there_and_back_between_kinect_orders_is_the_identity(
    pair: list[str], seed: int, shape: tuple[int, ...]
) -> None:
    """The same joints in another order lose nothing, bit by bit, over any leading axes."""
    one, other = LAYOUTS[pair[0]], LAYOUTS[pair[1]]
    rng = np.random.default_rng(seed)
    poses = rng.normal(size=(*shape, 20, 4)).astype(np.float32)
    poses[..., 3] = rng.uniform(0.1, 1, (*shape, 20))
    there = layout_mapping(one, other)
    assert there.missing == ()
    np.testing.assert_array_equal(layout_mapping(other, one)(there(poses)), poses)
    assert there(poses)[..., other.joints.index("head"), :].tolist() == (
        poses[..., one.joints.index("head"), :].tolist()
    )

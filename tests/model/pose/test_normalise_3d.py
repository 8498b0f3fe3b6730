"""Normalisation in space: what it is invariant to, and a second, plain 2s-AGCN beside ours."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from model.pose.mapping import layout_mapping
from model.pose.normalise import normalise
from tests.model.pose.bodies import KINECT, NTU, Keypoints, people_of

Numbers = NDArray[np.float64]

seeds = st.integers(0, 2**32 - 1)


# --- kinect-3d --------------------------------------------------------------------------------


def _turn(axis: Numbers, angle: float) -> Numbers:
    """The rotation about an axis by an angle, by the formula of Rodrigues, column by column."""
    unit = axis / math.sqrt(sum(part * part for part in axis))
    columns = [
        vector * math.cos(angle)
        + np.cross(unit, vector) * math.sin(angle)
        + unit * np.dot(unit, vector) * (1 - math.cos(angle))
        for vector in np.eye(3)
    ]
    return np.stack(columns, axis=1)


@given(seed=seeds, lost=st.sampled_from([0.0, 0.2]))
def test_kinect_3d_knows_no_camera(seed: int, lost: float) -> None:
    """Any rigid motion of the camera gives the same clip, both people and missing joints told."""
    rng = np.random.default_rng(seed)
    people = people_of(KINECT, seed, (1, 6, 2), lost)
    people[:, 2, :, 0, 3] = 1
    moved = people.copy()
    turn = _turn(rng.normal(size=3), rng.uniform(0, 2 * math.pi))
    moved[..., :3] = people[..., :3] @ turn.T + rng.uniform(-5, 5, 3)
    here, there = normalise("kinect-3d", people, KINECT), normalise("kinect-3d", moved, KINECT)
    np.testing.assert_allclose(there, here, atol=2e-4)


def _lengths_and_volume(points: Numbers) -> Numbers:
    """What a rotation keeps of points (V, 3): all distances, and the volume with its sign."""
    distances = np.linalg.norm(points[:, None] - points, axis=-1)
    return np.append(distances.ravel(), np.linalg.det(points[[3, 7, 12]] - points[1]))


@given(seed=seeds, first=st.integers(0, 5))
def test_kinect_3d_stands_on_the_oldest_frame_that_has_the_joints(seed: int, first: int) -> None:
    """There z runs up the spine and x to the left shoulder; frames are turned, never mirrored."""
    rng = np.random.default_rng(seed)
    people = people_of(KINECT, seed, (1, 6, 1))
    trunk = [KINECT.joints.index(name) for name in ("pelvis", "left_shoulder", "spine")]
    for frame in range(first):
        people[0, frame, rng.choice(trunk), 0] = 0
    clip = normalise("kinect-3d", people, KINECT)[0, ..., 0]
    rows = dict(zip(KINECT.joints, np.moveaxis(clip, 2, 0), strict=True))
    across = (rows["left_shoulder"] - rows["right_shoulder"])[:, first]
    down = rows["pelvis"][:, first]
    np.testing.assert_allclose(down[:2], 0, atol=1e-5)
    assert down[2] < 0
    assert across[1] == pytest.approx(0, abs=1e-5)
    assert across[0] > 0
    seen = people[0, :, KINECT.joints.index("spine"), 0, 3] > 0
    assert not rows["spine"][:, seen].any()
    for frame in range(first, 6):
        kept = _lengths_and_volume(clip[:, frame].T.astype(np.float64))
        assert kept == pytest.approx(
            _lengths_and_volume(people[0, frame, :, 0, :3].astype(np.float64)), abs=1e-4
        )


def test_kinect_3d_without_such_a_frame_takes_the_camera_for_upright() -> None:
    """Then z is the camera's y, and x the left of a person who faces it."""
    people = people_of(KINECT, 7, (1, 5, 1))
    people[:, :, KINECT.joints.index("left_shoulder")] = 0
    clip = normalise("kinect-3d", people, KINECT)[0, ..., 0]
    spine = people[0, :, [KINECT.joints.index("spine")], 0, :3]
    relative = people[0, :, :, 0, :3] - spine.swapaxes(0, 1)
    relative[:, KINECT.joints.index("left_shoulder")] = 0
    x, y, z = relative[..., 0], relative[..., 1], relative[..., 2]
    np.testing.assert_allclose(clip, np.stack((-x, z, y)), atol=1e-5)


def test_kinect_3d_follows_the_spine_and_keeps_it_where_it_was_last_seen() -> None:
    """Each frame is centred on its own spine; one without it takes the last, a first the next."""
    people = people_of(KINECT, 8, (1, 4, 2))
    spine, knee = KINECT.joints.index("spine"), KINECT.joints.index("left_knee")
    people[0, [0, 2], spine, 0] = 0
    clip = normalise("kinect-3d", people, KINECT)
    length = np.linalg.norm(clip[0, :, :, knee, :], axis=0)
    for frame, taken in enumerate((1, 1, 1, 3)):
        for person in (0, 1):
            away = people[0, frame, knee, person, :3] - people[0, taken, spine, 0, :3]
            assert length[frame, person] == pytest.approx(np.linalg.norm(away), abs=1e-5)


@given(seed=seeds)
def test_kinect_3d_is_the_same_for_the_first_and_the_second_kinect(seed: int) -> None:
    """kinect20 mapped to ntu25 gives the same coordinates to every joint that both have."""
    people = people_of(KINECT, seed, (1, 6, 1), lost=0.1)
    mapped = np.moveaxis(layout_mapping(KINECT, NTU)(np.moveaxis(people, 3, 2)), 2, 3)
    old, new = normalise("kinect-3d", people, KINECT), normalise("kinect-3d", mapped, NTU)
    for v, joint in enumerate(KINECT.joints):
        np.testing.assert_allclose(new[..., NTU.joints.index(joint), :], old[..., v, :], atol=1e-6)


# --- 2s-agcn ----------------------------------------------------------------------------------


def _angle_axis(vector: Numbers, target: Numbers) -> Numbers:
    """The smallest rotation of `vector` onto `target`; none where they share a line or are 0."""
    axis = np.cross(vector, target)
    if np.abs(axis).sum() < 1e-6:
        return np.eye(3)
    cosine = np.dot(vector, target) / math.sqrt(np.dot(vector, vector))
    return _turn(axis, math.acos(max(-1.0, min(1.0, cosine))))


def _as_2s_agcn(window: Keypoints) -> Numbers:
    """A window (T, V, M, 4) → (3, T, V, M), joint by joint, from the description."""
    frames, joints, persons, _ = window.shape
    poses: list[list[dict[int, Numbers]]] = []
    for person in range(persons):
        poses.append([])
        for frame in range(frames):
            rows = {v: window[frame, v, person].astype(np.float64) for v in range(joints)}
            poses[-1].append({v: row[:3] for v, row in rows.items() if row[3] > 0})
        valid = [frame for frame in range(frames) if poses[-1][frame]]
        for frame in range(frames):
            if valid and frame not in valid:
                place = (frame - valid[0]) % len(valid)
                poses[-1][frame] = dict(poses[-1][valid[place]])

    spines = [poses[0][frame].get(1) for frame in range(frames)]
    known = [spine for spine in spines if spine is not None]
    last = known[0] if known else np.zeros(3)
    for frame, spine in enumerate(spines):
        last = last if spine is None else spine
        for person in range(persons):
            for v in poses[person][frame]:
                poses[person][frame][v] = poses[person][frame][v] - last

    for bottom, top, target in ((0, 1, (0.0, 0.0, 1.0)), (4, 8, (1.0, 0.0, 0.0))):
        start, end = (poses[0][0].get(v, np.zeros(3)) for v in (bottom, top))
        turn = _angle_axis(end - start, np.array(target))
        for person in range(persons):
            for frame in range(frames):
                for v, point in poses[person][frame].items():
                    poses[person][frame][v] = turn @ point

    clip = np.zeros((3, frames, joints, persons))
    for person in range(persons):
        for frame in range(frames):
            for v, point in poses[person][frame].items():
                clip[:, frame, v, person] = point
    return clip


@settings(max_examples=60)
@given(
    seed=seeds,
    lost=st.sampled_from([0.0, 0.1]),
    frames=st.integers(2, 9),
    empty=st.sets(st.tuples(st.integers(0, 8), st.integers(0, 1))),
    alone=st.booleans(),
)
def test_2s_agcn_agrees_with_a_plain_implementation(
    seed: int, lost: float, frames: int, empty: set[tuple[int, int]], alone: bool
) -> None:
    """Frame by frame and joint by joint, with empty frames, a second person or none."""
    people = people_of(NTU, seed, (1, frames, 2), lost)
    for frame, person in empty:
        people[:, frame : frame + 1, :, person] = 0
    if alone:
        people[:, :, :, 1] = 0
    clip = normalise("2s-agcn", people, NTU)
    np.testing.assert_allclose(clip[0], _as_2s_agcn(people[0]), atol=2e-4)


def test_2s_agcn_repeats_a_cut_clip_as_published() -> None:
    """Of a clip whose valid frames come first the rest is these frames again and again."""
    people = people_of(NTU, 4, (1, 7, 2))
    people[:, 3:] = 0
    repeated = people[:, [0, 1, 2, 0, 1, 2, 0]]
    np.testing.assert_array_equal(
        normalise("2s-agcn", people, NTU), normalise("2s-agcn", repeated, NTU)
    )


@pytest.mark.parametrize("spine", [1.0, -1.0], ids=["along", "against"])
@pytest.mark.parametrize("shoulders", [1.0, -1.0], ids=["along", "against"])
@pytest.mark.parametrize("aside", [0.0, 3e-8])
def test_2s_agcn_leaves_a_body_that_lies_on_the_axes(
    spine: float, shoulders: float, aside: float
) -> None:
    """Where a bone is already on its axis, or points just the other way, nothing is turned."""
    people = people_of(NTU, 9, (1, 3, 2))
    rows = {0: (aside, 0, -0.2 * spine), 1: (0, 0, 0), 8: (0.2 * shoulders, aside, 0.5)}
    rows[4] = (-0.2 * shoulders, 0, 0.5)
    for v, place in rows.items():
        people[0, 0, v, 0, :3] = place
    clip = normalise("2s-agcn", people, NTU)
    centred = people[..., :3] - people[:, :, 1:2, :1, :3]
    np.testing.assert_allclose(clip, np.moveaxis(centred, -1, 1), atol=1e-6)


def test_2s_agcn_lays_spine_and_shoulders_on_z_and_x() -> None:
    """After it the first frame's left-to-right shoulder lies on x, as the published code has it."""
    clip = normalise("2s-agcn", people_of(NTU, 2, (3, 4, 1)), NTU)[:, :, 0, :, 0]
    across = clip[:, :, 8] - clip[:, :, 4]
    np.testing.assert_allclose(across[:, 1:], 0, atol=1e-6)
    assert (across[:, 0] > 0.2).all()

"""The people of a message: what the model is given is what the client meant, or it is refused."""

from typing import Any, get_args

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from model.pose.layout import layout_named
from service.people import FLICKER, PeopleReader
from service.protocol import Hello, PersonPose, Pose, Refusal, Up

COCO, KINECT = layout_named("coco17"), layout_named("kinect20")
LIMIT = 3
INFINITE = float("inf")


def reader(
    coordinates: str = "metres", dimensions: int | None = None, **hello: Any
) -> PeopleReader:
    layout = KINECT if coordinates == "metres" else COCO
    said = {"version": 1, "layout": layout.name, "coordinates": coordinates, **hello}
    reads = dimensions or (3 if coordinates == "metres" else 2)
    return PeopleReader(msgspec.convert(said, Hello), layout, LIMIT, reads)


def rows(joints: int = 20, columns: int = 4, seed: int = 0) -> NDArray[np.float32]:
    generator = np.random.default_rng(seed)
    return generator.uniform(0.1, 1.0, (joints, columns)).astype(np.float32)


def person(keypoints: NDArray[np.float32], number: int | None = None) -> PersonPose:
    return PersonPose(keypoints.tolist(), number)


def alone(reader: PeopleReader, keypoints: list[list[float]] | bytes) -> NDArray[np.float32]:
    (read,) = reader.read(Pose(0.0, [PersonPose(keypoints)])).values()
    return read


def test_bytes_are_rows() -> None:
    """V×4 little-endian float32 mean exactly what the same numbers as rows mean."""
    sent = rows()
    expected = alone(reader(), sent.tolist())
    np.testing.assert_array_equal(alone(reader(), sent.astype("<f4").tobytes()), expected)
    np.testing.assert_array_equal(expected, sent)


@pytest.mark.parametrize("up", ["y", "-z"])
def test_a_model_of_pictures_is_given_what_a_camera_would_see_of_metres(up: Up) -> None:
    """Of somebody 3 m ahead who faces the camera the left hand is to the right, and up is less.

    A camera's z grows away from it; whoever faces it with y up has their left at -x.
    """
    sent = rows()
    sent[0] = [-0.3, 0.5, 3.0, 0.9]
    if up == "-z":
        sent[:, :3] = sent[:, [0, 2, 1]] * [1, 1, -1]
    seen = alone(reader(dimensions=2, up=up), sent.tolist())
    np.testing.assert_allclose(seen[0], [0.3, -0.5, 0, 0.9], rtol=1e-6)
    assert not seen[:, 2].any()


@pytest.mark.parametrize("up", get_args(Up))
def test_up_turns_the_named_axis_to_y_and_mirrors_nobody(up: Up) -> None:
    """For each `up` the axes are turned by a proper rotation that brings the named axis to +y."""
    axis = np.eye(3)["xyz".index(up[-1])] * (-1 if up.startswith("-") else 1)
    sent = rows()
    sent[:3, :3] = np.eye(3)
    sent[3, :3] = axis
    turned = alone(reader(up=up), sent.tolist())
    rotation = turned[:3, :3].T
    np.testing.assert_array_equal(rotation @ rotation.T, np.eye(3))
    assert np.linalg.det(rotation) == pytest.approx(1)
    np.testing.assert_array_equal(turned[3, :3], [0, 1, 0])
    np.testing.assert_allclose(turned[:, :3], sent[:, :3] @ rotation.T, rtol=1e-6)
    np.testing.assert_array_equal(turned[:, 3], sent[:, 3])


def test_normalised_with_a_size_is_pixels() -> None:
    """x/w, y/h with the picture's size gives the keypoints that the same person in pixels gives."""
    pixels = rows(17, 3)
    pixels[:, :2] *= 500
    shares = pixels.astype(np.float64) / [640, 480, 1]
    size = [640, 480]
    np.testing.assert_allclose(
        alone(reader("normalised", size=size), shares.tolist()),
        alone(reader("pixels", size=size), pixels.tolist()),
        rtol=1e-6,
    )


def test_scores_are_cut_to_their_range_and_missing_joints_are_all_zeros() -> None:
    """Scores end up in 0…1; where the score is 0 the coordinates may be anything, and are zeros."""
    sent = rows()
    sent[0] = [3e38, -3e38, 1e9, 0]
    sent[1] = [7, 8, 9, -0.5]
    sent[2] = [0.25, 0.5, 0.75, 40]
    read = alone(reader(), sent.tolist())
    np.testing.assert_array_equal(read[:2], 0)
    np.testing.assert_array_equal(read[2], [0.25, 0.5, 0.75, 1])


def test_people_are_told_apart_by_id_or_by_where_they_are() -> None:
    """Ids are kept, in the order of the message; people without ids are followed."""
    first, second = rows(seed=1), rows(seed=2)
    second[:, 0] += 3
    named = reader().read(Pose(0.0, [person(first, 9), person(second, -4)]))
    assert list(named) == [9, -4]
    following = reader()
    begun = following.read(Pose(0.0, [person(first), person(second)]))
    swapped = following.read(Pose(33.0, [person(second), person(first)]))
    assert (list(begun), list(swapped)) == ([0, 1], [1, 0])
    np.testing.assert_array_equal(swapped[1], named[-4])
    assert following.read(Pose(66.0, [])) == {}


def test_a_clock_that_was_set_back_makes_everybody_somebody_else() -> None:
    """Whoever was followed is not found again by where they stood."""
    first, second = rows(seed=1), rows(seed=2)
    second[:, 0] += 3
    both = [person(first), person(second)]
    following = reader()
    assert list(following.read(Pose(50_000.0, both))) == [0, 1]
    following.begin_anew()
    assert list(following.read(Pose(0.0, both))) == [2, 3]


def test_a_person_alone_is_one_person_wherever_they_are() -> None:
    """A client of one person without ids keeps its window however the keypoints jump or vanish."""
    alone_there = reader()
    for frame, seed in enumerate(range(20)):
        sent = rows(seed=seed)
        sent[:, :3] += 100 * seed
        sent[: seed % 20, 3] = 0
        assert list(alone_there.read(Pose(frame * 200.0, [person(sent)]))) == [0]
        if frame % 3 == 0:
            assert alone_there.read(Pose(frame * 200.0 + 100, [])) == {}


def test_a_message_that_is_refused_moves_nobody() -> None:
    """Keypoints are checked before anybody is followed to where they would be."""
    several = reader()
    several.read(Pose(0.0, [person(rows(seed=1)), person(rows(seed=2) + 5)]))
    with pytest.raises(Refusal, match="person 1 has 19"):
        several.read(Pose(10.0, [person(rows(seed=3) + 9), person(rows(19))]))
    after = several.read(Pose(20.0, [person(rows(seed=1)), person(rows(seed=2) + 5)]))
    assert list(after) == [0, 1]


def changed(place: tuple[int, int], value: float) -> list[list[float]]:
    sent: list[list[float]] = rows().tolist()
    sent[place[0]][place[1]] = value
    return sent


@pytest.mark.parametrize(
    ("people", "code", "sentence"),
    [
        ([PersonPose(rows(19).tolist())], "wrong-keypoints", "20 keypoints, person 0 has 19"),
        ([PersonPose(rows(21).tolist())], "wrong-keypoints", "20 keypoints, person 0 has 21"),
        ([PersonPose([])], "wrong-keypoints", "person 0 has 0"),
        (
            [PersonPose(rows(20, 3).tolist())],
            "wrong-keypoints",
            "x, y, z, score; pelvis of person 0 has 3 numbers",
        ),
        ([PersonPose(rows(20, 3).tobytes())], "wrong-keypoints", "320 bytes"),
        ([PersonPose(rows().tobytes()[:-1])], "wrong-keypoints", "person 0 has 319"),
        ([PersonPose(changed((4, 1), float("nan")))], "not-finite", "person 0 has NaN"),
        ([PersonPose(changed((4, 3), float("nan")))], "not-finite", "person 0 has NaN"),
        ([PersonPose(changed((4, 0), -INFINITE))], "not-finite", "infinity"),
        ([PersonPose(changed((4, 0), 1e39))], "not-finite", "infinity"),
        ([PersonPose(np.full((20, 4), np.nan, "<f4").tobytes())], "not-finite", "NaN"),
        ([PersonPose(changed((4, 0), -2e6))], "too-far", "person 0 is 2e+06 away"),
        ([PersonPose(changed((4, 0), 3e38))], "too-far", "metres of the origin"),
        ([person(rows(), 1), person(rows())], "bad-ids", "for all people of a message or for none"),
        ([person(rows(), 1), person(rows(), 1)], "bad-ids", "an id of its own, got [1, 1]"),
        ([person(rows(), 2**63)], "bad-ids", "within ±9223372036854775807"),
        ([person(rows())] * (LIMIT + 1), "too-many-people", "at most 3 people, this one 4"),
    ],
)
def test_what_is_no_person_is_refused(people: list[PersonPose], code: str, sentence: str) -> None:
    """Each wrong message gets a sentence that names what was expected and what came."""
    with pytest.raises(Refusal) as refusal:
        reader().read(Pose(0.0, people))
    assert (refusal.value.code, refusal.value.close) == (code, None)
    assert sentence in str(refusal.value)


def test_a_normalised_coordinate_that_leaves_the_numbers_is_refused() -> None:
    """What is finite as it came and infinite in pixels is too far away, and warns nobody."""
    sent = rows(17, 3)
    sent[0, 0] = 1e38
    with pytest.raises(Refusal, match="within 1000000 pixels"):
        alone(reader("normalised", size=[1e5, 1e5]), sent.tolist())


def test_ids_that_never_stay_are_refused_until_they_do() -> None:
    """A client cannot make the server remember more than so many people of the last second."""
    several = reader()
    sent = rows()
    for frame in range(FLICKER * LIMIT):
        several.read(Pose(frame * 10.0, [person(sent, frame)]))
    with pytest.raises(Refusal, match="at most 12 people come and go within 1000 ms"):
        several.read(Pose(500.0, [person(sent, 1000)]))
    assert list(several.read(Pose(500.0, [person(sent, 3)]))) == [3]
    assert list(several.read(Pose(1001.0, [person(sent, 1000)]))) == [1000]

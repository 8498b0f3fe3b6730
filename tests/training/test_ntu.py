"""NTU RGB+D's ``.skeleton`` text: which bodies are taken, the splits, and every broken file."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.published_forms import Body, moving, skeleton_text
from training.readers.bodies import Track, main_bodies, motion
from training.readers.ntu import NTUReader
from training.readers.ntu_names import NTU60, NTU120, NTUEdition
from training.readers.reader import LeftOutError, ReadingError

NAME = "S001C002P003R002A013"
NOBODY = Path("/dev/null")


def _read(directory: Path, frames: list[dict[str, Body]], newline: str = "\n") -> np.ndarray:
    (directory / f"{NAME}.skeleton").write_bytes(skeleton_text(frames, newline).encode())
    reader = NTUReader(directory, NTU60, missing=NOBODY)
    return reader.read(reader.files()[0]).keypoints


def _refusal(directory: Path, text: str, name: str = NAME) -> str:
    (directory / f"{name}.skeleton").write_text(text)
    reader = NTUReader(directory, NTU60, missing=NOBODY)
    with pytest.raises(ReadingError) as caught:
        reader.read(reader.files()[0])
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_sample_is_what_its_name_and_text_say(tmp_path: Path, newline: str) -> None:
    """Subject, camera, setup and action from the name; x y z of each joint, bit for bit."""
    body = moving(6, 0.2)
    text = skeleton_text([{"72057594037944738": pose} for pose in body], newline)
    (tmp_path / f"{NAME}.skeleton").write_bytes(text.encode())
    reader = NTUReader(tmp_path, NTU60, missing=NOBODY)
    clip = reader.read(reader.files()[0])

    assert (clip.name, clip.subject, clip.view, clip.setup, clip.label) == (NAME, 3, 2, 1, 12)
    assert reader.data_set.labels[12] == "tear up paper"
    assert clip.splits == ("xsub_test", "xview_train")
    assert clip.execution == "S001P003R002A013"
    assert clip.keypoints.shape == (6, 2, 25, 4)
    assert clip.times_ms == pytest.approx(np.arange(6) * 1000 / 30)
    written = [[[float(f"{value:.7g}") for value in joint] for joint in pose] for pose in body]
    np.testing.assert_array_equal(clip.keypoints[:, 0, :, :3], np.array(written, np.float32))
    assert (clip.keypoints[:, 0, :, 3] == 1).all()
    assert (clip.keypoints[:, 1] == 0).all()


def test_of_three_bodies_the_two_that_move_most_are_taken_the_first_more(tmp_path: Path) -> None:
    """A body that hardly moves, such as a chair, is dropped wherever it stands in the frame."""
    chair, first, second = moving(9, 0.01, 1), moving(9, 0.5, 2), moving(9, 0.3, 3)
    frames = [{"1": chair[t], "2": second[t], "3": first[t]} for t in range(9)]
    keypoints = _read(tmp_path, frames)

    np.testing.assert_allclose(keypoints[:, 0, :, :3], first, rtol=1e-6)
    np.testing.assert_allclose(keypoints[:, 1, :, :3], second, rtol=1e-6)


def test_a_person_who_comes_back_under_another_number_stays_one_person(tmp_path: Path) -> None:
    """Numbers that never share a frame fill one place; frames without anybody stay empty."""
    body, other = moving(12, 0.5, 1), moving(12, 0.1, 2)
    frames: list[dict[str, Body]] = [{"10": body[t], "7": other[t]} for t in range(4)]
    frames += [{"7": other[t]} for t in range(4, 6)]
    frames += [{}]
    frames += [{"7": other[t], "11": body[t]} for t in range(7, 12)]
    keypoints = _read(tmp_path, frames)
    there = (keypoints[..., 3] > 0).max(axis=2)

    assert there[:, 0].tolist() == [True] * 4 + [False] * 3 + [True] * 5
    assert there[:, 1].tolist() == [True] * 6 + [False] + [True] * 5
    np.testing.assert_allclose(keypoints[7:, 0, :, :3], body[7:], rtol=1e-6)
    np.testing.assert_allclose(keypoints[7:, 1, :, :3], other[7:], rtol=1e-6)


@settings(max_examples=60, deadline=None)
@given(
    spans=st.lists(
        st.tuples(st.integers(0, 20), st.integers(1, 12), st.floats(0.01, 3.0)), min_size=1,
        max_size=6,
    )
)  # fmt: skip
def test_no_frame_holds_more_than_two_and_the_one_that_moves_most_is_whole(
    spans: list[tuple[int, int, float]],
) -> None:
    """Whatever numbers come and go: a place holds one body at a time, and all of the main one."""
    frames = 32
    tracks = [
        Track(np.arange(start, start + n), moving(n, reach, seed, joints=3) + seed)
        for seed, (start, n, reach) in enumerate(spans)
    ]
    bodies = main_bodies(tracks, frames)
    main = max(tracks, key=lambda track: motion(track.positions))

    assert bodies.shape == (frames, 2, 3, 3)
    np.testing.assert_array_equal(bodies[main.frames, 0], main.positions)
    for t in range(frames):
        here = [track.positions[track.frames == t][0] for track in tracks if t in track.frames]
        placed = [body for body in bodies[t] if body.any()]
        assert len(placed) <= min(2, len(here))
        assert all(any(np.array_equal(body, one) for one in here) for body in placed)


def test_what_the_tracker_could_not_place_is_missing(tmp_path: Path) -> None:
    """NaN and a joint in the camera's origin have score 0; they do not make a body the main one."""
    lost, still = moving(4, 0.0, 1), moving(4, 0.1, 2)
    lost[1:, 3] = np.nan
    lost[2, 5] = 0
    keypoints = _read(tmp_path, [{"1": lost[t], "2": still[t]} for t in range(4)])

    assert np.isfinite(keypoints).all()
    np.testing.assert_allclose(keypoints[:, 0, :, :3], still, rtol=1e-6)
    assert keypoints[:, 1, 3, 3].tolist() == [1, 0, 0, 0]
    assert keypoints[2, 1, 5].tolist() == [0, 0, 0, 0]


def test_two_bodies_of_the_same_number_in_a_frame_are_two_bodies(tmp_path: Path) -> None:
    """The second of a number is told apart by its place, so that neither overwrites the other."""
    first, second = moving(3, 0.4, 1), moving(3, 0.2, 2)
    keypoints = _read(tmp_path, [{"5": first[t], "5#again": second[t]} for t in range(3)])

    np.testing.assert_allclose(keypoints[:, 0, :, :3], first, rtol=1e-6)
    np.testing.assert_allclose(keypoints[:, 1, :, :3], second, rtol=1e-6)


def _lines(text: str, change: Callable[[list[str]], list[str]]) -> str:
    return "\n".join(change(text.splitlines()))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda ls: ls[:40], "line 41: expected a joint, got the end of the file"),
        (lambda ls: ls[:29], "line 30: expected the number of bodies of frame 2 of 3, got the end"),
        (lambda ls: ["4", *ls[1:]], "line 86: expected the number of bodies of frame 4 of 4"),
        (lambda ls: ["2", *ls[1:]], "line 58: expected the end of the file, .* got 28 more lines"),
        (lambda ls: ["three", *ls[1:]], "line 1: expected the number of frames, got 'three'"),
        (lambda ls: ["-3", *ls[1:]], "line 1: expected the number of frames, got '-3'"),
        (lambda ls: ["9" * 5000, *ls[1:]], "line 1: expected the number of frames, got '999"),
        (lambda ls: [], "line 1: expected the number of frames, got the end of the file"),
        (lambda ls: ["2", "0", "0"], "expected a body in some frame, got none"),
        (lambda ls: [*ls[:3], "24", *ls[4:]], "line 4: expected 25 joints, got 24"),
        (lambda ls: [*ls[:2], "7 0 0", *ls[3:]], "line 3: expected a body's 10 numbers, got 3"),
        (lambda ls: [*ls[:9], ls[9][:-2], *ls[10:]], "line 10: expected 12 numbers, got 11"),
        (lambda ls: [*ls[:9], ls[9] + " 1", *ls[10:]], "line 10: expected 12 numbers, got 13"),
        (lambda ls: [*ls[:9], "x" + ls[9], *ls[10:]], "line 10: expected numbers only, but .*'x"),
        (lambda ls: [*ls[:9], "", *ls[10:]], "line 10: expected 12 numbers, got 0"),
    ],
)
def test_a_broken_text_is_named_by_its_line(
    tmp_path: Path, change: Callable[[list[str]], list[str]], sentence: str
) -> None:
    """Cut short, counts that are wrong, text for a number: file, line, and both sides."""
    text = skeleton_text([{"1": pose} for pose in moving(3, 0.2)])
    message = _refusal(tmp_path, _lines(text, change))

    assert message.startswith(f"{NAME}.skeleton")
    assert re.search(sentence, message), message


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    """A file of another kind under the right name is one sentence."""
    (tmp_path / f"{NAME}.skeleton").write_bytes(b"\xff\xfe\x00")
    reader = NTUReader(tmp_path, NTU60, missing=NOBODY)
    with pytest.raises(ReadingError, match="expected lines of text, but"):
        reader.read(reader.files()[0])


@pytest.mark.parametrize("name", ["S001C002P003R002A061", "S001C002P003R002A000", "S001C02P003"])
def test_a_name_of_another_edition_or_none_is_refused(tmp_path: Path, name: str) -> None:
    """Actions beyond 60 are not of the first edition."""
    text = skeleton_text([{"1": pose} for pose in moving(2, 0.2)])

    assert "expected a name like S001C001P001R001A001" in _refusal(tmp_path, text, name)


def test_the_owners_list_is_left_out_wherever_it_lies(tmp_path: Path) -> None:
    """Found below the directory, or given; without any the reader asks for it by name."""
    text = skeleton_text([{"1": pose} for pose in moving(2, 0.2)])
    (tmp_path / "deep").mkdir()
    for name in (NAME, "S002C001P001R001A001"):
        (tmp_path / "deep" / f"{name}.skeleton").write_text(text)
    with pytest.raises(ReadingError, match=r"expected the owners' list .* --missing FILE"):
        NTUReader(tmp_path, NTU60).files()

    listed = tmp_path / "NTU_RGBD_samples_with_missing_skeletons.txt"
    listed.write_text("302 of the captured samples are incomplete.")
    with pytest.raises(ReadingError, match=r"expected names of samples, .* got none in 1 lines"):
        NTUReader(tmp_path, NTU60).files()
    listed.write_text(f"{NAME}\n", encoding="utf-8-sig")
    assert NAME in NTUReader(tmp_path, NTU60)._read_missing()
    listed.write_text(f"302 of the captured samples are incomplete.\n\n  {NAME}\r\n")
    reader = NTUReader(tmp_path, NTU60)
    left_out, kept = reader.files()

    assert reader.read(kept).subject == 1
    with pytest.raises(LeftOutError, match="left out, as NTU_RGBD_samples_with_missing"):
        reader.read(left_out)
    given = NTUReader(tmp_path, NTU60, missing=NOBODY)
    assert [given.read(path).subject for path in given.files()] == [3, 1]


def test_the_editions_share_a_folder(tmp_path: Path) -> None:
    """ntu60 passes over setups beyond 17; ntu120 reads all."""
    text = skeleton_text([{"1": pose} for pose in moving(2, 0.2)])
    for name in (NAME, "S018C001P041R001A101"):
        (tmp_path / f"{name}.skeleton").write_text(text)

    assert len(NTUReader(tmp_path, NTU60, NOBODY).files()) == 1
    reader = NTUReader(tmp_path, NTU120, NOBODY)
    clips = [reader.read(path) for path in reader.files()]
    assert [clip.splits for clip in clips] == [
        ("xsub_test", "xset_test"),
        ("xsub_test", "xset_train"),
    ]
    assert reader.data_set.labels[100] == "cross toe touch"


def _training(edition: NTUEdition, protocol: str, form: str, numbers: range) -> list[int]:
    """The numbers which, put into a name of that form, train under the protocol."""
    return [
        number
        for number in numbers
        if f"{protocol}_train" in edition.splits(edition.sample(form.format(number), "here"))
    ]


def test_the_splits_are_those_of_the_papers() -> None:
    """60: 20 of 40 subjects and cameras 2, 3 train; 120: 53 of 106 subjects and even setups."""
    subject = "S001C001P{:03}R001A001"
    camera = "S001C{:03}P001R001A001"
    setup = "S{:03}C001P001R001A001"
    first = [1, 2, 4, 5, 8, 9, 13, 14, 15, 16, 17, 18, 19, 25, 27, 28, 31, 34, 35, 38]
    of_120 = _training(NTU120, "xsub", subject, range(1, 107))

    assert _training(NTU60, "xsub", subject, range(1, 41)) == first
    assert _training(NTU60, "xview", camera, range(1, 4)) == [2, 3]
    assert of_120[:20] == first
    assert (len(of_120), sum(of_120)) == (53, 2_795)
    assert _training(NTU120, "xset", setup, range(1, 33)) == list(range(2, 33, 2))

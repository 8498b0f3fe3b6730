"""Recordings are read a line at a time, and each fault has its line and its sentence."""

import json
from pathlib import Path

import pytest

from posewire_client import Recording, RecordingError
from tests.clients.samples import HELLO, keypoints, write_recording

HELLO_LINE = json.dumps(HELLO)
POSE_LINE = json.dumps({"type": "pose", "t_ms": 40, "people": []})
NESTED_LINE = f'{{"type": "pose", "x": {"[" * 100_000}'


def test_poses_come_as_they_were_sent(tmp_path: Path) -> None:
    """Times, ids and keypoints are those of the file, and it can be read again."""
    recording = Recording.open(write_recording(tmp_path / "walk.jsonl", 4))
    assert (recording.hello.layout, recording.hello.size) == ("coco17", (640, 480))
    for _ in range(2):
        poses = list(recording)
        assert [pose.t_ms for pose in poses] == [0.0, 10.0, 20.0, 30.0]
        assert [(one.id, one.keypoints) for one in poses[3].people] == [(1, keypoints(3))]
        assert recording.fraction_read == 1.0


def test_blank_lines_and_unknown_fields_are_passed_over_and_bye_ends(tmp_path: Path) -> None:
    """What a hand or a newer recorder may have left in the file does no harm."""
    path = tmp_path / "walk.jsonl"
    hello = json.dumps(HELLO | {"resume": "abc", "options": {"top_k": 5, "mood": "good"}})
    path.write_text(f"\n{hello}\n\n{POSE_LINE}\n" + '{"type": "bye"}\nnot read any more\n')
    recording = Recording.open(path)
    assert recording.hello.options is not None
    assert recording.hello.options.top_k == 5
    assert len(list(recording)) == 1


def test_a_fault_at_the_end_does_not_keep_the_beginning_back(tmp_path: Path) -> None:
    """Reading is lazy: the frames before a faulty line are given first."""
    path = tmp_path / "walk.jsonl"
    path.write_text(f"{HELLO_LINE}\n{POSE_LINE}\n{POSE_LINE}\nnonsense\n")
    poses = iter(Recording.open(path))
    assert [next(poses).t_ms, next(poses).t_ms] == [40.0, 40.0]
    with pytest.raises(RecordingError, match=r"line 4 of .* is not JSON"):
        next(poses)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (HELLO_LINE.replace("coco17", "\udcff"), "line 1 of {} is not JSON: 'utf-8' codec can't"),
        (f"{HELLO_LINE}\n{NESTED_LINE}", "line 2 of {} is not JSON: maximum recursion depth"),
        (
            HELLO_LINE.replace('"version": 1', f'"version": 1, "options": {{"top_k": {10**30}}}'),
            "line 1 of {} is not a hello: Expected `int` <= 9223372036854775807",
        ),
        (
            f'{HELLO_LINE}\n{POSE_LINE[:-2]}{{"id": {10**30}, "keypoints": []}}]}}',
            "line 2 of {} is not a pose: Expected `int` <= 9223372036854775807",
        ),
        ("", "is empty; expected a hello, then poses"),
        ("\n \n", "is empty; expected a hello, then poses"),
        (HELLO_LINE, "{} holds no poses after its hello"),
        (POSE_LINE, "line 1 of {} is not a hello: Invalid value 'pose' - at `$.type`"),
        ("[]", "line 1 of {} is not a hello: Expected `object`, got `array`"),
        ("\x00\x01", "line 1 of {} is not JSON"),
        (HELLO_LINE.replace('"version": 1, ', ""), "missing required field `version`"),
        (f"{HELLO_LINE}\n{POSE_LINE[:-4]}", "line 2 of {} is not JSON: Input data was truncated"),
        (f"{HELLO_LINE}\n{HELLO_LINE}", "line 2 of {} is not a pose: Invalid value 'hello'"),
        (
            f"{HELLO_LINE}\n{POSE_LINE}\n{POSE_LINE.replace('40', '39.5')}",
            "line 3 of {} goes back in time, from 40 ms to 39.5 ms",
        ),
        (
            HELLO_LINE + '\n{"type":"pose","t_ms":0,"people":[{"keypoints":[[1,"2",1]]}]}',
            "line 2 of {} is not a pose: Expected `float`, got `str` - at "
            "`$.people[0].keypoints[0][1]`",
        ),
        (
            HELLO_LINE + '\n{"type":"pose","t_ms":0,"people":[{"keypoints":[[NaN,2,1]]}]}',
            "line 2 of {} is not JSON",
        ),
    ],
)
def test_every_fault_is_one_sentence(tmp_path: Path, content: str, sentence: str) -> None:
    """A bad recording is refused by naming the file, the line, and what was expected."""
    path = tmp_path / "bad.jsonl"
    path.write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(RecordingError) as fault:
        list(Recording.open(path))
    assert sentence.format(path) in str(fault.value)
    assert "\n" not in str(fault.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A missing file and a folder in its place are told apart."""
    with pytest.raises(RecordingError, match=r"there is no recording .*gone\.jsonl"):
        Recording.open(tmp_path / "gone.jsonl")
    with pytest.raises(RecordingError, match=r"cannot read the recording .*: Is a directory"):
        Recording.open(tmp_path)

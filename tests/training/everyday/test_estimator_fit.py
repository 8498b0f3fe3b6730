"""Measuring an estimator: what a simulated one was set to is found; broken files are named."""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.training.everyday.bodies import BODY, PARTS, standing, waving
from training.__main__ import command_line
from training.everyday import fit_estimator
from training.everyday.body import ByKind, Floats
from training.everyday.camera import Camera
from training.everyday.errors import NO_ERRORS, EstimatorErrors
from training.everyday.estimator import Estimator
from training.everyday.estimator_fit import measure
from training.everyday.noise import Episodes
from training.everyday.picture_recording import PictureRecording, read_picture_recordings

HELLO = {"type": "hello", "version": 1, "layout": "coco17", "coordinates": "pixels"}


def recorded(errors: EstimatorErrors, rows: Floats, height_m: float = 1.0) -> PictureRecording:
    """What a simulated estimator gives at 30 Hz, of a torso of 100 pixels, or 120 when high up."""
    camera = Camera.looking(np.array([0, height_m, 2.0]), 180, 0, 0, 400, (640, 480))
    times_ms = np.arange(len(rows)) * 1000 / 30
    read = Estimator(errors, PARTS).read(
        camera.take(rows, PARTS), times_ms, np.random.default_rng(0)
    )
    return PictureRecording("simulated", BODY, (640, 480), times_ms, read)


def test_the_tremble_that_was_set_is_measured() -> None:
    """White errors within a tenth, at rest and by kind, with the autocorrelation of white ones."""
    errors = replace(NO_ERRORS, rest=replace(ByKind.same(0.001), wrist=0.004))
    measured = measure([recorded(errors, standing(3000))], BODY)

    assert measured.rest["head"] == pytest.approx(0.001, rel=0.1)
    assert measured.rest["wrist"] == pytest.approx(0.004, rel=0.1)
    assert measured.autocorrelation["head"] == pytest.approx(-0.8, abs=0.03)
    assert measured.nobody == measured.lost == measured.outside == 0


def test_motion_is_not_taken_for_an_error() -> None:
    """A hand that swings by a foot a second has under a hundredth of a torso; one that errs more.

    What was set is found within a third.
    """
    rows = waving(3000, 30)
    smooth = measure([recorded(NO_ERRORS, rows)], BODY)
    errors = replace(NO_ERRORS, moving=ByKind.same(0.06), half_speed=0.6)
    rough = measure([recorded(errors, rows)], BODY)

    assert smooth.moving["wrist"] < 0.001
    assert rough.moving["wrist"] == pytest.approx(0.06 * 1.5 / 2.1, rel=0.33)


def test_missing_people_swaps_and_scores_are_counted() -> None:
    """Six swaps a minute, as many of arms as of legs; one frame in ten without anybody."""
    errors = replace(
        NO_ERRORS, swap=Episodes(6, 200), lost_person=Episodes(6, 1000), scores=NO_ERRORS.scores
    )
    measured = measure([recorded(errors, standing(18_000))], BODY)

    # Each swap has two crossings; some of them lie where nobody is found.
    assert measured.swaps["ankle"] == pytest.approx(11, rel=0.35)
    assert measured.swaps["wrist"] == pytest.approx(11, rel=0.35)
    assert measured.nobody == pytest.approx(0.1, rel=0.5)
    assert measured.lost == 0
    assert measured.scores["inside"] == (1, 1, 1, 1, 1)


def test_what_lies_outside_of_the_picture_is_counted_apart() -> None:
    """From a camera at the head the ankles are below: 2 of 13 joints."""
    measured = measure([recorded(NO_ERRORS, standing(60), 1.4)], BODY)

    assert measured.outside == pytest.approx(2 / 13)
    assert np.isnan(measured.rest["ankle"])
    assert measured.scores["outside"][2] == 1


def line(t_ms: float, score: float = 0.9) -> dict[str, object]:
    """A pose of coco17 with all joints on a line, each 10 pixels from the next."""
    points = [[10.0 * joint, 20.0 * (joint % 5), score] for joint in range(17)]
    return {"type": "pose", "t_ms": t_ms, "people": [{"id": 3, "keypoints": points}]}


def written(path: Path, *messages: object) -> Path:
    """A recording of these messages."""
    path.mkdir(exist_ok=True)
    text = "\n".join(m if isinstance(m, str) else json.dumps(m) for m in messages)
    (path / "video.jsonl").write_bytes(f"{text}\n".encode(errors="surrogateescape"))
    return path


def test_recordings_are_read_as_the_wire_writes_them(tmp_path: Path) -> None:
    """The person seen most is read, in pixels; frames without them are zeros; a bye ends it."""
    other = line(20.0)
    other["people"] = [{"id": 9, "keypoints": [[1, 2, 1]] * 17}]
    hello = {**HELLO, "size": [640, 480]}
    messages = (hello, line(0.0), other, line(40.0), {"type": "bye"}, "not read")
    (recording,) = read_picture_recordings(written(tmp_path, *messages))

    assert recording.size == (640, 480)
    assert recording.times_ms.tolist() == [0, 20, 40]
    np.testing.assert_allclose(recording.keypoints[2, 16], [160, 20, 0, 0.9], rtol=1e-6)
    assert not recording.keypoints[1].any()


@pytest.mark.parametrize(
    ("messages", "sentence"),
    [
        ((), "expected a hello and then poses"),
        (({**HELLO, "coordinates": "metres"}, line(0)), "line 1: Invalid enum value 'metres'"),
        (({**HELLO, "size": [1, 1], "layout": "dog"}, line(0)), "layout 'dog' is unknown"),
        (({**HELLO, "size": [9, 9]}, line(5), line(5)), "line 3: expected a time after 5 ms"),
        (({**HELLO, "size": [9, 9]}, "{"), "line 2: Input data was truncated"),
        (('{"type": "hello", "layout": "\udcff"}', line(5)), "line 1: 'utf-8' codec can't decode"),
        (
            ({**HELLO, "size": [9, 9]}, '{"type": "pose", "x": ' + "[" * 100_000),
            "line 2: maximum recursion depth exceeded",
        ),
        (
            ({**HELLO, "size": [9, 9], "layout": "halpe26"}, line(5)),
            "expected 26 keypoints, got 17",
        ),
        (({**HELLO, "size": [9, 9]}, {**line(5), "people": []}), "there are none in 1 frames"),
    ],
)
def test_a_broken_recording_gets_one_sentence_and_exit_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], messages: tuple[object, ...], sentence: str
) -> None:
    """It names the file and the line, or what was expected."""
    status = fit_estimator.run(arguments(written(tmp_path / "videos", *messages)))
    said = capsys.readouterr().err

    assert status == 2
    assert sentence in said
    assert said.count("\n") == 1


def test_the_command_prints_a_table_and_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last line is JSON that any reader takes: what could not be measured is null."""
    hello = {**HELLO, "size": [640, 480]}
    status = fit_estimator.run(arguments(written(tmp_path, hello, *map(line, range(0, 900, 30)))))
    lines = capsys.readouterr().out.splitlines()
    found = json.loads(lines[-1])

    assert status == 0
    assert found["frames"] == 30
    assert found["moving"]["wrist"] is None
    assert lines[2].split()[0] == "head"
    assert fit_estimator.run(arguments(tmp_path / "nothing")) == 2
    assert "there are none" in capsys.readouterr().err


def test_recordings_that_are_for_testing_alone_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is fitted on UP-Fall's trial 1: it is refused by its name, before it is read."""
    (written(tmp_path, "{") / "video.jsonl").rename(tmp_path / "upfall_activity1_trial1_cam1.jsonl")

    assert fit_estimator.run(arguments(tmp_path)) == 2
    assert "trial1_cam1.jsonl is for testing alone" in capsys.readouterr().err


def arguments(directory: Path) -> argparse.Namespace:
    """The command's arguments, as typed."""
    typed = ["fit-estimator", "--recordings", str(directory), "--json"]
    return command_line().parse_args(typed)

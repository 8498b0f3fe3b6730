"""A result is read as it was written, and what is none is refused with a sentence."""

from pathlib import Path

import msgspec
import pytest

from model.pose.figures import Figure
from tests.training.full_disk import full_disk
from training.results import (
    FeatureMap,
    Result,
    ResultError,
    read_result,
    read_results,
    write_result,
)

FIGURE = Figure("a.b", 51.5, "%", "python -m x", "a machine", "2026-01-31", "abc", "a note")
RESULT = Result(
    name="a.b",
    task="linear",
    protocol="nw_ucla/cross-view",
    figures=(FIGURE,),
    classes=("one", "two"),
    truth=(0, 1, 1),
    predicted=(0, 1, 0),
    curves={"accuracy": ((10.0, 31.2), (20.0, 40.0))},
    feature_map=FeatureMap(((0.5, -1.5), (1.0, 2.0)), (0, 1)),
    notes=("Frozen.",),
)


def test_a_result_is_read_as_it_was_written(tmp_path: Path) -> None:
    """All of it, curves and map included, alone and with all others of its directory."""
    path = write_result(RESULT, tmp_path / "new")
    other = write_result(msgspec.structs.replace(RESULT, name="a.c"), tmp_path / "new")

    assert path == tmp_path / "new" / "a.b.json"
    assert read_result(path) == RESULT
    assert set(read_results(tmp_path / "new")) == {path.stem, other.stem} == {"a.b", "a.c"}


def test_a_full_disk_leaves_the_earlier_result(tmp_path: Path) -> None:
    """Half a file never stands in the place of a whole one, nor beside it."""
    path = write_result(RESULT, tmp_path)
    with full_disk(20), pytest.raises(OSError, match="File too large"):
        write_result(msgspec.structs.replace(RESULT, notes=()), tmp_path)

    assert read_result(path) == RESULT
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "expected a result, but"),
        (b"{}", "expected a result, but"),
        (
            b'{"format": "posewire-result", "version": 9}',
            "got posewire-result version 9",
        ),
        (b'{"format": "posewire-result", "version": 1, "result": {}}', "missing required field"),
    ],
)
def test_what_is_no_result_is_refused(content: bytes, sentence: str, tmp_path: Path) -> None:
    """The sentence names the file, what was expected and what came."""
    path = tmp_path / "x.json"
    path.write_bytes(content)
    with pytest.raises(ResultError, match=rf"x\.json: .*{sentence}"):
        read_result(path)


def test_a_missing_file_or_directory_is_refused(tmp_path: Path) -> None:
    """Both are named."""
    with pytest.raises(ResultError, match=r"no\.json: expected a result"):
        read_result(tmp_path / "no.json")
    with pytest.raises(ResultError, match="nowhere: expected a directory"):
        read_results(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"truth": (0,)}, "expected a prediction for each of 1 clips, got 3"),
        ({"predicted": (0, 1, 2)}, "expected classes below 2, got class 2"),
        ({"feature_map": FeatureMap(((0.0, 0.0),), ())}, "a class for each of 1 points, got 0"),
        ({"name": "../a"}, "letters, digits, dots, dashes and underscores, got '../a'"),
        ({"name": ".hidden"}, "got '.hidden'"),
        ({"name": ""}, "got ''"),
    ],
)
def test_a_result_that_contradicts_itself_is_not_written(
    changes: dict[str, object], sentence: str, tmp_path: Path
) -> None:
    """Nor is one whose name could leave its directory."""
    with pytest.raises(ResultError, match=sentence):
        write_result(msgspec.structs.replace(RESULT, **changes), tmp_path)
    assert not list(tmp_path.iterdir())

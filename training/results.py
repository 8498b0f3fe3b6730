"""Results: what an evaluation found, in one JSON file, from which reports are drawn.

It holds figures and what pictures of them need (classes said of each clip, curves, a map of the
features). It knows no task, no network and no picture.
"""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from model.pose.figures import Figure
from model.pose.unreadable import UNDECODABLE
from model.pose.whole_file import whole_file

FORMAT = "posewire-result"
VERSION = 1

Point = tuple[float, float]


class ResultError(ValueError):
    """A file that is no result, or contradicts itself, said in one sentence."""


class FeatureMap(msgspec.Struct, frozen=True):
    """Features of clips laid out in a plane.

    Attributes:
        points: Where each clip lies.
        truth: Class of each.
    """

    points: tuple[Point, ...]
    truth: tuple[int, ...]


class Result(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one evaluation found.

    Attributes:
        name: Dotted, unique, of file and figures: ``nw_ucla.linear.single``.
        task: What was evaluated: ``linear``, ``knn``, ``few-shot``, ….
        protocol: Which clips trained and which were tested: ``nw_ucla/cross-view``.
        figures: The numbers, each named NAME or NAME.something.
        classes: Names of the classes, by index.
        truth: Class of each clip that was tested; empty where there is no single answer a clip.
        predicted: Class that was said of each of them.
        curves: Name of a curve to its points: ``{"accuracy": ((10, 31.2), …)}``.
        feature_map: Where the features of the tested clips lie in a plane.
        notes: What a reader should know, a sentence each.
        choosing: Whether clips that choose settings, or that the model learnt from, stood in for
            those that test.
        data_set: Which form of the protocol's data set the clips were of, where it is noted.
    """

    name: str
    task: str
    protocol: str
    figures: tuple[Figure, ...]
    classes: tuple[str, ...] = ()
    truth: tuple[int, ...] = ()
    predicted: tuple[int, ...] = ()
    curves: dict[str, tuple[Point, ...]] = {}
    feature_map: FeatureMap | None = None
    notes: tuple[str, ...] = ()
    choosing: bool = False
    data_set: str = ""


class _File(msgspec.Struct, frozen=True):
    format: str
    version: int
    result: Result


class _Header(msgspec.Struct, frozen=True):
    """The fields that every version has."""

    format: str
    version: int


def check_name(name: str) -> str:
    """Gives back a name that can be one of a file and of figures.

    Raises:
        ResultError: It is empty, hidden, or holds more than letters, digits, dots, dashes and
            underscores.
    """
    plain = name.replace(".", "").replace("_", "").replace("-", "")
    if not (plain.isascii() and plain.isalnum()) or name.startswith("."):
        raise ResultError(
            f"expected a name of letters, digits, dots, dashes and underscores, got {name!r}"
        )
    return name


def write_result(result: Result, directory: Path) -> Path:
    """Writes ``directory/NAME.json``; an older one is replaced at once, or not at all.

    Raises:
        ResultError: The result has no name for a file, or contradicts itself.
        OSError: The file cannot be written.
    """
    path = directory / f"{check_name(result.name)}.json"
    _check(result, path)
    content = msgspec.json.encode(_File(FORMAT, VERSION, result))
    directory.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as file:
        file.write(msgspec.json.format(content, indent=1) + b"\n")
    return path


def read_result(path: Path) -> Result:
    """Reads what `write_result` wrote.

    Raises:
        ResultError: There is no such file, it is of another version, or it contradicts itself.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ResultError(f"{path}: expected a result, got {error.strerror}") from error
    try:
        header = msgspec.json.decode(content, type=_Header)
        if (header.format, header.version) != (FORMAT, VERSION):
            raise ResultError(
                f"{path}: expected {FORMAT} version {VERSION}, "
                f"got {header.format} version {header.version}"
            )
        result = msgspec.json.decode(content, type=_File).result
    except UNDECODABLE as error:
        raise ResultError(f"{path}: expected a result, but {error}") from error
    _check(result, path)
    return result


def read_results(directory: Path) -> dict[str, Result]:
    """All results of a directory, by name; none where it holds none.

    Raises:
        ResultError: A file is no result, or there is no such directory.
    """
    if not directory.is_dir():
        raise ResultError(f"{directory}: expected a directory of results, found none")
    return {path.stem: read_result(path) for path in sorted(directory.glob("[!.]*.json"))}


def _check(result: Result, path: Path) -> None:
    if len(result.truth) != len(result.predicted):
        raise ResultError(
            f"{path}: expected a prediction for each of {len(result.truth)} clips, "
            f"got {len(result.predicted)}"
        )
    mapped = result.feature_map
    if mapped is not None and len(mapped.points) != len(mapped.truth):
        raise ResultError(
            f"{path}: expected a class for each of {len(mapped.points)} points, "
            f"got {len(mapped.truth)}"
        )
    said: Iterable[int] = (*result.truth, *result.predicted, *(mapped.truth if mapped else ()))
    unknown = [label for label in said if not 0 <= label < len(result.classes)]
    if unknown:
        raise ResultError(
            f"{path}: expected classes below {len(result.classes)}, got class {unknown[0]}"
        )

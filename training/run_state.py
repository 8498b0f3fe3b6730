"""The state of a run on disk, from which it is taken up: the old one or the new one, never a part.

It knows neither networks nor loops; what the state holds is `training.fit`'s.
"""

import reprlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from model.network.weights import CheckpointError, read_torch_file, write_torch_file
from training.optimisation import FitError


def write_run_state(state: Mapping[str, object], path: Path) -> None:
    """Replaces the state at ``path`` at once.

    Raises:
        FitError: It cannot be written; what was there is there still.
    """
    try:
        write_torch_file(state, path)
    except CheckpointError as error:
        raise FitError(str(error)) from error


def read_run_state(path: Path, settings: Mapping[str, object]) -> Mapping[str, Any]:
    """The state that `write_run_state` left.

    Args:
        path: Where it is.
        settings: Those of the run that wants to go on; they stand under ``settings``.

    Raises:
        FitError: It is something else, or of a run with other settings.
    """
    try:
        state = read_torch_file(path)
        begun_with = state["settings"]
    except (CheckpointError, KeyError) as error:
        raise unusable(path) from error
    if begun_with != settings:
        raise FitError(
            f"{path}: this run began with other settings: {_difference(begun_with, settings)}; "
            "--restart begins it anew"
        )
    return {str(name): part for name, part in state.items()}


def unusable(path: Path) -> FitError:
    """What is said of a file that holds no state of a run, or not the whole of it."""
    return FitError(
        f"{path}: expected the state of a run, found something else; --restart begins it anew"
    )


def _difference(begun_with: object, settings: object, name: str = "") -> str:
    """Names the first setting that differs, what it was and what it is to be."""
    if not (isinstance(begun_with, Mapping) and isinstance(settings, Mapping)):
        was, now = (reprlib.repr(value) for value in (begun_with, settings))
        return f"{name or 'settings'} was {was}, and is now {now}"
    for key in dict.fromkeys([*begun_with, *settings]):
        pair = begun_with.get(key), settings.get(key)
        if pair[0] != pair[1]:
            return _difference(*pair, f"{name}.{key}".removeprefix("."))
    return "their names"

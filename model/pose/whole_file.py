"""Files that are written whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


def left_behind(path: Path) -> list[Path]:
    """What writers of a file left that were killed, or have not finished."""
    return list(path.parent.glob(f".{path.name}.*.partial"))


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Opens a file that takes the place of `path` once all is written.

    At any time `path` is the old file or the whole new one, whatever is raised or killed meanwhile.

    Raises:
        OSError: the file cannot be written; what was at `path` is as it was.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            yield file
        partial.replace(path)
    finally:
        # Where it could not even be looked for, what was raised before says why.
        with suppress(OSError):
            partial.unlink(missing_ok=True)

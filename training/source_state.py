"""The state of a data set's files as one hash: whether a preparation can go on where it stopped."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path


def source_state(source: Path, *settings: object) -> str:
    """Hashes path, size and time of each file below ``source``, and what is done with them.

    Hidden files and folders do not count: a store in the making is one.

    Args:
        source: A directory, or a file.
        settings: Whatever else the clips depend on; a path stands for its file's state.

    Raises:
        OSError: Where a file cannot be looked at; that there is none at all is another's to say.
    """
    digest = hashlib.sha256()
    for path in [source] if source.is_file() else _files_below(source):
        digest.update(os.fsencode(_state(path)))
    for setting in settings:
        text = _state(setting) if isinstance(setting, Path) else repr(setting)
        digest.update(os.fsencode(f"{text}\n"))
    return digest.hexdigest()


def _files_below(directory: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(directory):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(folder, name) for name in sorted(files) if not name.startswith("."))


def _state(path: Path) -> str:
    found = path.stat()
    return f"{path.resolve()} {found.st_size} {found.st_mtime_ns}\n"

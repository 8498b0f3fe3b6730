"""The journal of a store that is being written: which files of the source are done.

It lies beside the arrays as JSON Lines: a header, then a line a file, written only after the rows
of that file have left this process. So whoever is killed at any moment, the journal never promises
rows that are not there, unless the machine itself went down; the writer checks that. It knows
nothing of arrays.
"""

import fcntl
from collections.abc import Iterator
from pathlib import Path

import msgspec

from model.pose.store import ClipEntry, StoreError
from model.pose.unreadable import UNDECODABLE

JOURNAL_NAME = "journal.jsonl"


class Finished(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file of the source that is done.

    Attributes:
        file: What the source calls it.
        clip: What became of it, or None where it was skipped.
        reason: Why it was skipped, or None.
    """

    file: str
    clip: ClipEntry | None = None
    reason: str | None = None


class _Header(msgspec.Struct, frozen=True):
    source: str


class StoreJournal:
    """The journal in one directory, held open and locked by one process."""

    def __init__(self, directory: Path, source: str) -> None:
        """Opens the journal, or begins it.

        Args:
            directory: Of the arrays.
            source: What they are made from; a journal of another source counts as none.

        Raises:
            StoreError: Where another process writes it.
        """
        self._path = directory / JOURNAL_NAME
        self._file = self._path.open("a+b")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            raise StoreError(
                f"{directory}: expected to be its only writer, but another process writes there"
            ) from error
        self._source = source
        self.finished = tuple(self._read())
        """The files that an earlier process is done with, in order."""

    def begin(self) -> None:
        """Forgets what is there, and begins anew."""
        self.finished = ()
        self._file.truncate(0)
        self._write(_Header(self._source))

    def add(self, finished: Finished) -> None:
        """Notes a file; its rows must have been flushed before."""
        self._write(finished)

    def close(self) -> None:
        """Lets go of the journal, which stays where it is."""
        self._file.close()

    def _read(self) -> Iterator[Finished]:
        """The whole lines; half a line at the end, as a kill leaves it, is cut off."""
        self._file.seek(0)
        whole = 0
        try:
            for number, line in enumerate(self._file):
                if not line.endswith(b"\n"):
                    break
                if number:
                    yield msgspec.json.decode(line, type=Finished)
                elif msgspec.json.decode(line, type=_Header).source != self._source:
                    return
                whole += len(line)
        except UNDECODABLE:
            pass  # what was read before the damage stands
        self._file.truncate(whole)

    def _write(self, record: msgspec.Struct) -> None:
        self._file.write(msgspec.json.encode(record) + b"\n")
        self._file.flush()

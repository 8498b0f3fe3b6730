"""The store of taught actions: named sets in one SQLite file, written in a thread of its own.

A set belongs to the model whose features it holds. Each change is one transaction: where it cannot
be written, because the disk is full say, the set is as it was and whoever asked is told.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import msgspec

from model.pose.few_shot import Example
from service.taught import Actions, TaughtAction, TaughtExample, packed_example, unpacked
from service.teaching import MOST_EXAMPLES

FORMAT = 1
LONGEST_NAME = 60
MOST_SETS = 100
MOST_ACTIONS = 20
"""Every example of every one is compared with each answer, on the thread that all streams share."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS sets (name TEXT PRIMARY KEY, model TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS examples (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL REFERENCES sets (name) ON DELETE CASCADE,
    label TEXT NOT NULL,
    example BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS examples_of_label ON examples (name, label);
"""

T = TypeVar("T")


class TaughtError(ValueError):
    """A set cannot be read or written; the message is one sentence that says why."""


class TaughtStore:
    """The named sets of one file.

    Args:
        path: of the file; it is made where there is none.
        most_sets: how many it may hold.
        most_actions: how many each set may hold, whoever teaches them.
        most_examples: how many each action may have.

    Raises:
        TaughtError: it cannot be opened, or is no store of this version.
    """

    def __init__(
        self,
        path: Path,
        most_sets: int = MOST_SETS,
        most_actions: int = MOST_ACTIONS,
        most_examples: int = MOST_EXAMPLES,
    ) -> None:
        self._path = path
        self._most_sets = most_sets
        self._most_actions = most_actions
        self._most_examples = most_examples
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="posewire-taught")
        try:
            self._database = self._thread.submit(self._open).result()
        except BaseException:
            self._thread.shutdown()
            raise

    async def load(self, name: str, model: str) -> dict[str, tuple[Example, ...]]:
        """Returns the actions of a set; none where there is no such set.

        Args:
            name: of the set.
            model: what `service.taught.model_of` says of the model that will be asked.

        Raises:
            TaughtError: the name is none, the set is of another model, or cannot be read.
        """
        return await self._do(lambda: self._load(name, model))

    async def add(self, name: str, model: str, label: str, example: Example) -> None:
        """Adds an example to a set, which is made where there is none.

        Raises:
            TaughtError: as with `load`, or there is no room for it, or it cannot be written; the
                set is then as it was.
        """
        await self._do(lambda: self._add(name, model, {label: (example,)}))

    async def replace(self, name: str, model: str, actions: Actions) -> None:
        """Makes a set hold just these actions, as when a file is imported.

        Raises:
            TaughtError: as with `add`.
        """
        await self._do(lambda: self._add(name, model, actions, anew=True))

    async def forget(self, name: str, label: str) -> None:
        """Takes an action out of a set.

        Raises:
            TaughtError: it cannot be written; the set is then as it was.
        """
        await self._do(lambda: self._forget(name, label))

    async def names(self, model: str) -> list[str]:
        """Returns the names of the sets of a model."""
        return await self._do(lambda: self._names(model))

    async def delete(self, name: str) -> bool:
        """Takes a whole set away; returns whether there was one.

        Raises:
            TaughtError: it cannot be written; the set is then as it was.
        """
        return await self._do(lambda: self._delete(name))

    async def close(self) -> None:
        """Closes the file."""
        await self._do(self._database.close)
        self._thread.shutdown()

    async def _do(self, action: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, action)
        except sqlite3.Error as error:
            raise TaughtError(
                f"{self._path}: what was taught is as it was before: {error}"
            ) from None

    def _open(self) -> sqlite3.Connection:
        try:
            database = sqlite3.connect(self._path, isolation_level=None)
            (version,) = database.execute("PRAGMA user_version").fetchone()
            if version not in (0, FORMAT):
                database.close()
                raise TaughtError(
                    f"{self._path}: what is taught is kept in format {FORMAT} here, this file is "
                    f"of format {version}"
                )
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA foreign_keys = ON")
            database.executescript(_SCHEMA)
            database.execute(f"PRAGMA user_version = {FORMAT}")
        except sqlite3.Error as error:
            raise TaughtError(f"{self._path}: no file of taught actions: {error}") from None
        return database

    def _load(self, name: str, model: str) -> dict[str, tuple[Example, ...]]:
        _check_name(name)
        self._check_model(name, model)
        rows = self._database.execute(
            "SELECT label, example FROM examples WHERE name = ? ORDER BY id", (name,)
        )
        found: dict[str, tuple[TaughtExample, ...]] = {}
        try:
            for label, packed in rows:
                example = msgspec.msgpack.decode(packed, type=TaughtExample)
                found[label] = (*found.get(label, ()), example)
            return unpacked(TaughtAction(label, examples) for label, examples in found.items())
        except ValueError as error:
            raise TaughtError(f"{self._path}: the set {name} is damaged: {error}") from None

    def _add(self, name: str, model: str, actions: Actions, *, anew: bool = False) -> None:
        _check_name(name)
        rows = [
            (name, label, msgspec.msgpack.encode(packed_example(example)))
            for label, examples in actions.items()
            for example in examples
        ]
        with closing(self._database.cursor()) as cursor:
            cursor.execute("BEGIN IMMEDIATE")
            try:
                # Another process may have made the set, or filled it, until just now.
                self._check_model(name, model)
                cursor.execute("INSERT OR IGNORE INTO sets VALUES (?, ?)", (name, model))
                if cursor.rowcount == 1:
                    self._check_room(cursor)
                if anew:
                    cursor.execute("DELETE FROM examples WHERE name = ?", (name,))
                cursor.executemany(
                    "INSERT INTO examples (name, label, example) VALUES (?, ?, ?)", rows
                )
                self._check_size(cursor, name, actions)
                cursor.execute("COMMIT")
            except (sqlite3.Error, TaughtError):
                # A full disk may have rolled back already.
                if self._database.in_transaction:
                    cursor.execute("ROLLBACK")
                raise

    def _names(self, model: str) -> list[str]:
        rows = self._database.execute(
            "SELECT name FROM sets WHERE model = ? ORDER BY name", (model,)
        )
        return [name for (name,) in rows]

    def _delete(self, name: str) -> bool:
        return self._database.execute("DELETE FROM sets WHERE name = ?", (name,)).rowcount == 1

    def _check_room(self, cursor: sqlite3.Cursor) -> None:
        (sets,) = cursor.execute("SELECT count(*) FROM sets").fetchone()
        if sets > self._most_sets:
            raise TaughtError(f"at most {self._most_sets} sets are kept; delete one first")

    def _check_size(self, cursor: sqlite3.Cursor, name: str, labels: Iterable[str]) -> None:
        """Refuses a set that has become too large, by the actions of these labels."""
        counted = cursor.execute(
            "SELECT label, count(*) FROM examples WHERE name = ? GROUP BY label", (name,)
        )
        examples: dict[str, int] = dict(counted)
        if len(examples) > self._most_actions:
            raise TaughtError(
                f"a set holds at most {self._most_actions} actions, and {name} would hold more; "
                "forget one first"
            )
        for label in labels:
            if examples.get(label, 0) > self._most_examples:
                raise TaughtError(
                    f"a set holds at most {self._most_examples} examples of an action, and {name} "
                    f"would hold more of {label:.60}; forget it first"
                )

    def _forget(self, name: str, label: str) -> None:
        self._database.execute("DELETE FROM examples WHERE name = ? AND label = ?", (name, label))

    def _check_model(self, name: str, model: str) -> None:
        row = self._database.execute("SELECT model FROM sets WHERE name = ?", (name,)).fetchone()
        if row is not None and row[0] != model:
            raise TaughtError(
                f"the set {name} was taught with the model {row[0]}, and its features mean nothing "
                f"to {model}"
            )


def _check_name(name: str) -> None:
    spelt = 0 < len(name) <= LONGEST_NAME and name.isprintable() and name == name.strip()
    # A set is fetched and deleted by its name in a path.
    if not spelt or "/" in name or name in (".", ".."):
        raise TaughtError(
            f"a set's name has 1 to {LONGEST_NAME} printable characters, no slash and no space "
            f"around it, and is not . or ..; got {name!r:.80}"
        )

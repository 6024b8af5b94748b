"""What a source's table held when it was read last: a digest for each row, so that the next reading tells what changed.

One SQLite file per source and generation (a reading from the very beginning). A page is noted before it is delivered and counts
once its position is durable, so that neither a crash nor a page that is read twice loses or doubles a change.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

_SCHEMA = """
PRAGMA journal_mode = DELETE;
PRAGMA synchronous = FULL;
PRAGMA secure_delete = ON;
CREATE TABLE IF NOT EXISTS rows (
    key BLOB PRIMARY KEY, row BLOB, past BLOB NOT NULL, reading INTEGER NOT NULL, name TEXT
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS noted (
    page INTEGER NOT NULL, key BLOB NOT NULL, row BLOB, past BLOB NOT NULL, reading INTEGER NOT NULL, name TEXT,
    PRIMARY KEY (key, page)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS swept (page INTEGER PRIMARY KEY, reading INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS pages (last INTEGER NOT NULL);
INSERT INTO pages SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM pages);
"""
_GONE = bytes(8)
_FORGOTTEN = ""
"""In place of the name of a row whose person was erased: it is never filled in again."""


class Row(NamedTuple):
    """What is known of one row of the table: digests of its key and content, all it ever held, and its key in words."""

    key: bytes
    row: bytes | None
    """``None``: the row is gone."""
    past: bytes
    """Eight bytes of the digest of every content that it had, the present one included; zeros where it was gone."""
    name: str | None = None
    """The key as JSON, when rows that are gone are to be told; else ``None``."""

    def held(self, content: bytes | None) -> tuple[int, bytes]:
        """Return how often the row has come to hold this (``None``: to be gone) when it does so now, and its past with that."""
        now = _GONE if content is None else content[:8]
        past = self.past + now
        return sum(past[place : place + 8] == now for place in range(0, len(past), 8)), past


class Snapshot:
    """The rows of one table at its last reading. Not shared between threads."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self.file = file
        self._connection = sqlite3.connect(file, isolation_level=None)
        self._connection.executescript(_SCHEMA)

    def known(self, keys: Sequence[bytes]) -> dict[bytes, Row]:
        """Return what is known of these keys, pages noted and not yet settled included. At most 32,000 keys."""
        marks = ",".join("?" * len(keys))
        found = self._connection.execute(f"SELECT key, row, past, name FROM rows WHERE key IN ({marks})", keys)
        rows = {one[0]: Row(*one) for one in found}
        noted = self._connection.execute(
            f"SELECT key, row, past, name FROM noted WHERE key IN ({marks}) ORDER BY page", keys
        )
        return {**rows, **{one[0]: Row(*one) for one in noted}}

    def gone(self, reading: int, after: bytes, limit: int) -> list[Row]:
        """Return rows with a name, in the order of their keys behind ``after``, that this reading did not meet."""
        found = self._connection.execute(
            "SELECT key, row, past, name FROM rows WHERE key > ? AND reading < ? AND row IS NOT NULL AND name <> ?"
            " AND NOT EXISTS (SELECT 1 FROM noted WHERE noted.key = rows.key AND noted.reading = ?)"
            " ORDER BY key LIMIT ?",
            (after, reading, _FORGOTTEN, reading, limit),
        )
        return [Row(*one) for one in found]

    def note(self, page: int, reading: int, rows: Sequence[Row], *, ends: bool = False) -> None:
        """The page is on disk and counts as soon as it is settled. ``ends``: rows that the reading did not meet are gone then."""
        with _commit(self._connection):
            self._connection.executemany(
                "INSERT OR REPLACE INTO noted VALUES (?, ?, ?, ?, ?, ?)",
                [(page, one.key, one.row, one.past, reading, one.name) for one in rows],
            )
            if ends:
                self._connection.execute("INSERT OR REPLACE INTO swept VALUES (?, ?)", (page, reading))

    def settle(self, page: int, *, drop: bool = False) -> None:
        """Pages up to this one count; with ``drop`` those behind it, which nobody kept, are forgotten."""
        with _commit(self._connection):
            self._connection.execute(
                "INSERT INTO rows SELECT key, row, past, reading, name FROM noted WHERE page <= ? ORDER BY page"
                " ON CONFLICT (key) DO UPDATE SET row = excluded.row, past = excluded.past,"
                " reading = excluded.reading, name = CASE WHEN rows.name = ? THEN ? ELSE excluded.name END",
                (page, _FORGOTTEN, _FORGOTTEN),
            )
            swept = self._connection.execute("SELECT max(reading) FROM swept WHERE page <= ?", (page,)).fetchone()[0]
            if swept is not None:
                self._connection.execute(
                    "UPDATE rows SET row = NULL, past = past || zeroblob(8) WHERE reading < ? AND row IS NOT NULL",
                    (swept,),
                )
            for table in ("noted", "swept"):
                self._connection.execute(f"DELETE FROM {table} WHERE ? OR page <= ?", (drop, page))
            self._connection.execute("UPDATE pages SET last = max(last, ?)", (page,))

    def last(self) -> int:
        """Return the last page that is known to count."""
        return int(self._connection.execute("SELECT last FROM pages").fetchone()[0])

    def reaches(self, page: int) -> bool:
        """Return whether everything up to ``page`` is here, settled or noted."""
        noted = self._connection.execute(
            "SELECT max(page) FROM (SELECT page FROM noted UNION ALL SELECT page FROM swept)"
        ).fetchone()[0]
        return page <= max(self.last(), noted or 0)

    def forget(self, texts: Collection[str]) -> int:
        """No name holds any of the texts, now or after a later reading. Return how many did."""
        count = 0
        with _commit(self._connection):
            for table in ("rows", "noted"):
                for text in texts:
                    found = self._connection.execute(
                        f"UPDATE {table} SET name = ? WHERE instr(name, ?) > 0", (_FORGOTTEN, text)
                    )
                    count += found.rowcount
        return count

    def close(self) -> None:
        """The file may be moved or removed."""
        self._connection.close()


def kept_any(file: Path) -> bool:
    """Return whether anything of a snapshot is known to count."""
    snapshot = Snapshot(file)
    try:
        return snapshot.last() > 0
    finally:
        snapshot.close()


def forget(folder: Path, texts: Collection[str]) -> int:
    """No snapshot below ``folder`` holds any of the texts. Return how many names of rows did."""
    count = 0
    for file in sorted(folder.rglob("*.snapshot")):
        snapshot = Snapshot(file)
        count += snapshot.forget(texts)
        snapshot.close()
    return count


@contextmanager
def _commit(connection: sqlite3.Connection) -> Iterator[None]:
    """What happens inside is on disk altogether, or not at all."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")

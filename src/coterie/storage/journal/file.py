"""One file of the journal: a SQLite database whose name is the first position in it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from coterie.storage.journal.entry import Entry

PAGE_BYTES = 16_384
"""Few pages for a request of 50 events (19 KB), little written twice for small ones. Measured: 4 KiB 10,800, 8 KiB 12,300,
16 KiB 14,100 such requests a second."""
_COLUMNS = "position, received_at, route, source, body"
_TABLE = """
CREATE TABLE IF NOT EXISTS entries (
  position INTEGER PRIMARY KEY, received_at INTEGER NOT NULL, route TEXT NOT NULL, source TEXT NOT NULL, body BLOB NOT NULL
) STRICT"""
_SUFFIX = ".journal"


def path_of(folder: Path, first: int) -> Path:
    """Return where the file that begins with position ``first`` lies; names sort as positions do."""
    return folder / f"{first:020d}{_SUFFIX}"


def paths_of(folder: Path) -> list[tuple[int, Path]]:
    """Return (first position, path) of every file of the journal, oldest first."""
    return sorted((int(path.stem), path) for path in folder.glob(f"*{_SUFFIX}") if path.stem.isdigit())


def parts_of(path: Path) -> list[Path]:
    """Return the database and the files that SQLite keeps beside it, those that exist."""
    return [part for part in (path, Path(f"{path}-wal"), Path(f"{path}-shm")) if part.exists()]


def open_writer(path: Path) -> sqlite3.Connection:
    """Return a connection that writes ``path``: each commit is on the disk, and nothing is checkpointed meanwhile.

    Raises: sqlite3.Error when the file is no database or cannot be made.
    """
    fresh = not path.exists()
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
    try:
        connection.execute(f"PRAGMA page_size={PAGE_BYTES}")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA wal_autocheckpoint=0")
        connection.execute(_TABLE)
    except sqlite3.Error:
        connection.close()
        raise
    if fresh:
        _sync(path.parent)
    return connection


def open_reader(path: Path) -> sqlite3.Connection:
    """Return a connection that only reads ``path``. Raises: sqlite3.Error, also when there is no such file."""
    name = f"{path.absolute().as_uri()}?mode=rw"
    connection = sqlite3.connect(name, uri=True, isolation_level=None, check_same_thread=False, timeout=10)
    connection.execute("PRAGMA query_only=1")
    connection.execute("PRAGMA wal_autocheckpoint=0")
    return connection


def insert(connection: sqlite3.Connection, rows: Sequence[Entry]) -> None:
    """The rows are durable: one transaction, in few statements, so that the writer seldom waits for the interpreter.

    Raises: sqlite3.Error, and then nothing of it was written.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        start = 0
        while start < len(rows):
            count = min(1 << (len(rows) - start).bit_length() - 1, 256)
            values: list[int | str | bytes] = []
            for row in rows[start : start + count]:
                values += (row.position, row.received_at, row.route, row.source, row.body)
            places = ",".join(["(?,?,?,?,?)"] * count)
            connection.execute(f"INSERT INTO entries ({_COLUMNS}) VALUES {places}", values)
            start += count
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def select(connection: sqlite3.Connection, after: int, until: int, entries_max: int, bytes_max: int) -> list[Entry]:
    """Return the entries after ``after`` up to ``until``, in order; at least one when there is one. Raises: sqlite3.Error."""
    found: list[Entry] = []
    size = 0
    cursor = connection.execute(
        f"SELECT {_COLUMNS} FROM entries WHERE position > ? AND position <= ? ORDER BY position LIMIT ?",
        (after, until, max(entries_max, 1)),
    )
    try:
        for row in cursor:
            size += len(row[4])
            if found and size > bytes_max:
                break
            found.append(Entry(*row))
    finally:
        cursor.close()
    return found


def last(connection: sqlite3.Connection) -> tuple[int, int] | None:
    """Return (position, received_at) of the last entry, ``None`` for an empty file. Raises: sqlite3.Error."""
    row = connection.execute("SELECT position, received_at FROM entries ORDER BY position DESC LIMIT 1").fetchone()
    return None if row is None else (row[0], row[1])


def condense(path: Path) -> None:
    """What waited beside the database is in it, and the database is all there is. Off the path of any request.

    Raises: sqlite3.Error when it cannot be done now; nothing is lost then.
    """
    connection = open_reader(path)
    try:
        connection.execute("PRAGMA query_only=0")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        connection.close()


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""How far everything is: one row, written by every commit together with what it speaks of."""

from __future__ import annotations

import sqlite3

from msgspec import Struct

SCHEMA = """
CREATE TABLE IF NOT EXISTS progress (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    journal INTEGER NOT NULL, log INTEGER NOT NULL, advanced_to INTEGER NOT NULL, sequence INTEGER NOT NULL,
    catalog BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS lake (
    one INTEGER PRIMARY KEY CHECK (one = 1), events INTEGER NOT NULL, changes INTEGER NOT NULL, sequence INTEGER NOT NULL
);
"""


class Progress(Struct, frozen=True, kw_only=True):
    """``journal``: last entry taken in; ``log``: rows of the log; ``advanced_to``: timers fired until; ``sequence``: last change.

    ``catalog`` is the fingerprint of the definitions in force.
    """

    journal: int = 0
    log: int = 0
    advanced_to: int = 0
    sequence: int = 0
    catalog: bytes = b""


def read(connection: sqlite3.Connection) -> Progress | None:
    """Return the progress, ``None`` in a new file."""
    row = connection.execute("SELECT journal, log, advanced_to, sequence, catalog FROM progress").fetchone()
    return row and Progress(journal=row[0], log=row[1], advanced_to=row[2], sequence=row[3], catalog=row[4])


def write(connection: sqlite3.Connection, progress: Progress) -> None:
    """The progress is this."""
    connection.execute(
        "INSERT OR REPLACE INTO progress VALUES (1, ?, ?, ?, ?, ?)",
        (progress.journal, progress.log, progress.advanced_to, progress.sequence, progress.catalog),
    )


class Lake(Struct, frozen=True, kw_only=True):
    """The Delta tables as they were last seen: their versions, and the last change that was there."""

    events: int = -1
    changes: int = -1
    sequence: int = 0


def read_lake(connection: sqlite3.Connection) -> Lake:
    """Return how the Delta tables were last seen."""
    row = connection.execute("SELECT events, changes, sequence FROM lake").fetchone()
    return Lake(events=row[0], changes=row[1], sequence=row[2]) if row else Lake()


def write_lake(connection: sqlite3.Connection, lake: Lake) -> None:
    """The Delta tables were seen so."""
    connection.execute("INSERT OR REPLACE INTO lake VALUES (1, ?, ?, ?)", (lake.events, lake.changes, lake.sequence))

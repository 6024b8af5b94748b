"""When each scheduled segment was last computed, of which version, how long that took and how many members it has."""

from __future__ import annotations

import sqlite3

from msgspec import Struct

SCHEMA = """
CREATE TABLE IF NOT EXISTS refreshes (
    segment TEXT PRIMARY KEY, version INTEGER NOT NULL, at INTEGER NOT NULL, seconds REAL NOT NULL, size INTEGER NOT NULL,
    entered INTEGER NOT NULL, exited INTEGER NOT NULL
) WITHOUT ROWID;
"""


class Refresh(Struct, frozen=True, kw_only=True):
    """A finished refresh: the members are those of the instant ``at``."""

    segment: str
    version: int
    at: int
    seconds: float
    size: int
    entered: int
    exited: int


def put(connection: sqlite3.Connection, refresh: Refresh) -> None:
    """This is the segment's last refresh."""
    values = [getattr(refresh, name) for name in Refresh.__struct_fields__]
    connection.execute("INSERT OR REPLACE INTO refreshes VALUES (?, ?, ?, ?, ?, ?, ?)", values)


def all_of(connection: sqlite3.Connection) -> dict[str, Refresh]:
    """Return the last refresh of every segment that had one."""
    rows = connection.execute("SELECT segment, version, at, seconds, size, entered, exited FROM refreshes")
    return {row[0]: Refresh(**dict(zip(Refresh.__struct_fields__, row, strict=True))) for row in rows}


def forget(connection: sqlite3.Connection, segment: str) -> None:
    """The segment is not scheduled any more."""
    connection.execute("DELETE FROM refreshes WHERE segment = ?", (segment,))

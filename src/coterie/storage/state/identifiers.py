"""Identifiers, merges and separations as ``identity.Identities`` gives them for storage."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence

import msgspec

from coterie.identity.resolution import Row

SCHEMA = """
CREATE TABLE IF NOT EXISTS identifiers (
    what TEXT NOT NULL, key TEXT NOT NULL, profile TEXT NOT NULL, data TEXT NOT NULL, PRIMARY KEY (what, key)
) WITHOUT ROWID;
"""


def fold(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    """The rows are kept, later ones over earlier ones; those without a profile are gone."""
    last = {(row.what, row.key): row for row in rows}
    kept = [row for row in last.values() if row.profile is not None]
    gone = [(row.what, row.key) for row in last.values() if row.profile is None]
    if kept:
        connection.execute(
            "INSERT OR REPLACE INTO identifiers SELECT value->>0, value->>1, value->>2, value->>3 FROM json_each(?)",
            (msgspec.json.encode(kept).decode(),),
        )
    if gone:
        connection.executemany("DELETE FROM identifiers WHERE what = ? AND key = ?", gone)


def rows(connection: sqlite3.Connection) -> Iterator[Row]:
    """Yield everything."""
    cursor = connection.execute("SELECT what, key, profile, data FROM identifiers")
    cursor.arraysize = 10_000
    while found := cursor.fetchmany():
        yield from map(Row._make, found)


def clear(connection: sqlite3.Connection) -> None:
    """Nothing is kept."""
    connection.execute("DELETE FROM identifiers")

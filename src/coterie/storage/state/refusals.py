"""Events that could not become rows, on their way into the quarantine."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import pyarrow as pa

from coterie.storage import quarantine

SCHEMA = """
CREATE TABLE IF NOT EXISTS refusals (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL, reason TEXT NOT NULL, place TEXT NOT NULL, detail TEXT NOT NULL,
    row TEXT NOT NULL, received_at INTEGER NOT NULL, source TEXT NOT NULL
);
"""

Refusal = tuple[str, str, str, str, str, int, str]
"""(id, reason, place, detail, row, received_at, source): the columns of the quarantine."""


def add(connection: sqlite3.Connection, rows: Sequence[Refusal]) -> None:
    """The refusals wait for the quarantine."""
    connection.executemany("INSERT INTO refusals VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)", rows)


def waiting(connection: sqlite3.Connection) -> tuple[int, pa.Table]:
    """Return what waits in the shape of the quarantine, and the number up to which that is."""
    rows = connection.execute(
        "SELECT number, id, reason, place, detail, row, received_at, source FROM refusals ORDER BY number"
    ).fetchall()
    columns = list(zip(*rows, strict=True))[1:] if rows else [()] * 7
    table = pa.table(
        [pa.array(column, field.type) for column, field in zip(columns, quarantine.SCHEMA, strict=True)],
        schema=quarantine.SCHEMA,
    )
    return (rows[-1][0] if rows else 0), table


def forget(connection: sqlite3.Connection, until: int) -> None:
    """Refusals up to that number wait no longer."""
    connection.execute("DELETE FROM refusals WHERE number <= ?", (until,))

"""Membership changes of the last while, as the API and the stream read them; older ones are in the Delta table only."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import pyarrow as pa

from coterie.storage import changes as lake

SCHEMA = """
CREATE TABLE IF NOT EXISTS changes (
    sequence INTEGER PRIMARY KEY, segment TEXT NOT NULL, version INTEGER NOT NULL, profile TEXT NOT NULL,
    direction TEXT NOT NULL, at INTEGER NOT NULL, cause TEXT NOT NULL, event_id TEXT NOT NULL, position INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS changes_by_segment ON changes (segment, sequence);
"""

COLUMNS = ("segment", "version", "profile", "direction", "at", "cause", "event_id", "position")

Row = tuple[int, str, int, str, str, int, str, str, int]
"""(sequence, segment, version, profile, direction, at, cause, event_id, position)"""


Moved = tuple[str, int, str, str, int, str, str, int]
"""A row without its sequence."""


def moved_of(table: pa.Table) -> list[Moved]:
    """Return changes as rows. Cost: some µs per change."""
    names = table.column_names
    columns = [table[name].to_pylist() if name in names else [""] * table.num_rows for name in COLUMNS]
    return list(zip(*columns, strict=True))


def numbered(rows: Iterable[Moved], after: int) -> list[Row]:
    """Return the rows with sequences that follow ``after``."""
    return [(sequence, *row) for sequence, row in enumerate(rows, after + 1)]


def add(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    """The changes are kept. One statement for all of them, so the interpreter is free meanwhile."""
    each = ", ".join(f"value->>{i}" for i in range(9))
    connection.execute(f"INSERT INTO changes SELECT {each} FROM json_each(?)", (msgspec.json.encode(rows).decode(),))


def page(
    connection: sqlite3.Connection, after: int, limit: int, segment: str = "", profile: str = "", until: int = 1 << 62
) -> list[Row]:
    """Return at most ``limit`` changes beyond sequence ``after``, up to ``until``, in order."""
    chosen = "changes INDEXED BY changes_by_segment" if segment else "changes"
    conditions = ["sequence > ?", "sequence <= ?"]
    values: list[Any] = [after, until]
    for column, wanted in (("segment", segment), ("profile", profile)):
        if wanted:
            conditions.append(f"{column} = ?")
            values.append(wanted)
    return connection.execute(
        f"SELECT * FROM {chosen} WHERE {' AND '.join(conditions)} ORDER BY sequence LIMIT ?", [*values, limit]
    ).fetchall()


def first(connection: sqlite3.Connection) -> int:
    """Return the first sequence that is here, 0 when none is."""
    return int(connection.execute("SELECT coalesce(min(sequence), 0) FROM changes").fetchone()[0])


def table_of(rows: Sequence[Row]) -> pa.Table:
    """Return changes in the shape of the change log's Delta table."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * 9
    named = dict(zip(("sequence", *COLUMNS), columns, strict=True))
    return pa.table([pa.array(named[field.name], field.type) for field in lake.SCHEMA], schema=lake.SCHEMA)


def forget(connection: sqlite3.Connection, until: int) -> None:
    """Changes up to sequence ``until`` are not kept here any more."""
    connection.execute("DELETE FROM changes WHERE sequence <= ?", (until,))

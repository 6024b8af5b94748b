"""What the intake counted: per day, stage, kind, event, property and source, with the newest sample."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from msgspec import Struct

from coterie.intake.stage import Remark
from coterie.limits import DAY_US

SCHEMA = """
CREATE TABLE IF NOT EXISTS remarks (
    day INTEGER NOT NULL, stage TEXT NOT NULL, kind TEXT NOT NULL, event TEXT NOT NULL, property TEXT NOT NULL,
    source TEXT NOT NULL, count INTEGER NOT NULL, sample TEXT NOT NULL, first_at INTEGER NOT NULL, last_at INTEGER NOT NULL,
    PRIMARY KEY (day, stage, kind, event, property, source)
) WITHOUT ROWID;
"""


class Counted(Struct, frozen=True, kw_only=True):
    """One kind of remark, summed over days."""

    stage: str
    kind: str
    event: str
    property: str
    source: str
    count: int
    sample: str
    first_at: int
    last_at: int


def fold(connection: sqlite3.Connection, remarks: Iterable[Remark]) -> None:
    """The remarks are counted. Cost: one row for each kind, however many there are."""
    rows: dict[tuple[object, ...], list[object]] = {}
    for one in remarks:
        key = (one.at // DAY_US, one.stage, one.kind, one.event, one.property, one.source)
        held = rows.get(key)
        if held is None:
            rows[key] = [one.count, one.sample, one.at]
        else:
            held[0] = int(held[0]) + one.count  # type: ignore[call-overload]
    connection.executemany(
        "INSERT INTO remarks VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9)"
        " ON CONFLICT DO UPDATE SET count = count + ?7, sample = ?8, last_at = ?9",
        [(*key, *held) for key, held in rows.items()],
    )


def counts(connection: sqlite3.Connection, stage: str = "", since: int = 0) -> list[Counted]:
    """Return what was counted since the day of the instant ``since``, most frequent first."""
    found = connection.execute(
        "SELECT stage, kind, event, property, source, sum(count), max(sample), min(first_at), max(last_at) FROM remarks"
        " WHERE (?1 = '' OR stage = ?1) AND day >= ?2 GROUP BY stage, kind, event, property, source"
        " ORDER BY sum(count) DESC, stage, kind, event, property, source",
        (stage, since // DAY_US),
    )
    names = Counted.__struct_fields__
    return [Counted(**dict(zip(names, row, strict=True))) for row in found]


def on(connection: sqlite3.Connection, at: int) -> list[Counted]:
    """Return what was counted on the day of the instant ``at``."""
    found = connection.execute(
        "SELECT stage, kind, event, property, source, count, sample, first_at, last_at FROM remarks WHERE day = ?",
        (at // DAY_US,),
    )
    return [Counted(**dict(zip(Counted.__struct_fields__, row, strict=True))) for row in found]


def forget(connection: sqlite3.Connection, stage: str, before: int) -> None:
    """Remarks of a stage on days before the instant ``before`` are gone."""
    connection.execute("DELETE FROM remarks WHERE stage = ? AND day < ?", (stage, before // DAY_US))

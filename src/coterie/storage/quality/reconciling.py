"""Two sides of a source in DuckDB: what it has (written to Parquet as it is read again) and what the log has of it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from coterie.limits import DAY_US
from coterie.model import TRAIT_EVENTS
from coterie.storage.duck import Duck, Files
from coterie.storage.lake.parts import literal
from coterie.storage.log import SCHEMA

THERE = pa.schema(
    [
        ("event_id", pa.string()), ("name", pa.string()), ("occurred_at", pa.int64()), ("properties", pa.string()),
        ("place", pa.int64()),
    ]
)  # fmt: skip
_THERE = """
CREATE TEMP TABLE there AS
SELECT event_id, name, occurred_at, properties FROM read_there WHERE {window}
QUALIFY row_number() OVER (PARTITION BY event_id ORDER BY place) = 1
"""
"""Of events with one id the first counts, as in the log."""
_HERE = """
CREATE TEMP TABLE here AS
SELECT event_id, name, occurred_at, properties FROM log
WHERE (source IN ({sources}) AND {window}) OR event_id IN (SELECT event_id FROM there)
"""
_REPEATED = f"""
DELETE FROM there WHERE name IN ({", ".join(map(literal, TRAIT_EVENTS))}) AND event_id NOT IN (SELECT event_id FROM here)
"""
"""Traits of a row that are what they were before: they are said once, so the log need not have them."""
_JOINED = f"""
CREATE TEMP TABLE both_sides AS
SELECT coalesce(there.occurred_at, here.occurred_at) // {DAY_US} AS day, coalesce(there.name, here.name) AS name,
    coalesce(there.event_id, here.event_id) AS event_id, there.event_id IS NOT NULL AS is_there, here.event_id IS NOT NULL AS is_here,
    there.properties AS there_properties, here.properties AS here_properties,
    there.event_id IS NOT NULL AND here.event_id IS NOT NULL AND (there.properties <> here.properties OR there.name <> here.name)
        AS is_different
FROM there FULL OUTER JOIN here ON there.event_id = here.event_id
"""
_DAYS = """
SELECT day, count(*) FILTER (WHERE is_there) AS there, count(*) FILTER (WHERE is_here) AS here,
    count(*) FILTER (WHERE NOT is_here) AS missing, count(*) FILTER (WHERE NOT is_there) AS extra,
    count(*) FILTER (WHERE is_different) AS different
FROM both_sides GROUP BY day ORDER BY day
"""
_SUMS = """
WITH cells AS (
    SELECT day, name, cell.key AS key, 'there' AS side, TRY_CAST(TRY_CAST(cell.value AS DECIMAL(27, 6)) AS DECIMAL(38, 6)) AS number
    FROM both_sides, json_each(there_properties) cell WHERE is_there AND cell.type IN ('BIGINT', 'UBIGINT', 'DOUBLE')
    UNION ALL
    SELECT day, name, cell.key, 'here', TRY_CAST(TRY_CAST(cell.value AS DECIMAL(27, 6)) AS DECIMAL(38, 6))
    FROM both_sides, json_each(here_properties) cell WHERE is_here AND cell.type IN ('BIGINT', 'UBIGINT', 'DOUBLE')
)
SELECT day, name, key, coalesce(sum(number) FILTER (WHERE side = 'there'), 0)::VARCHAR AS there,
    coalesce(sum(number) FILTER (WHERE side = 'here'), 0)::VARCHAR AS here
FROM cells GROUP BY ALL ORDER BY ALL
"""
"""Sums of decimals with six places: exact, whatever the order of rows. Numbers from 10^21 on are left out: their sum may not fit."""


class Sides:
    """Both sides of one source. ``add`` what it has, then ask. Memory is bounded: what is read lies in a folder until ``close``."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="coterie-reconcile-"))
        self._parts = self._added = 0
        self._duck: Duck | None = None

    def add(self, events: pa.Table) -> None:
        """These events are at the source (columns of a log)."""
        if events.num_rows:
            places = pa.array(range(self._added, self._added + events.num_rows), pa.int64())
            told = pa.table({name: events[name] for name in THERE.names[:-1]} | {"place": places}).cast(THERE)
            self._added += events.num_rows
            pq.write_table(told, self._folder / f"{self._parts:06d}.parquet", compression="zstd")
            self._parts += 1

    def compare(self, files: Files, sources: Sequence[str], since: int, until: int, *, threads: int = 2) -> None:
        """The log's rows of ``sources`` that occurred from ``since`` up to ``until`` (µs) are the other side.

        So is what the source has and what came another way first: an event is not missing because somebody else brought it too.
        """
        self._duck = duck = Duck(threads=threads, spill=str(self._folder / "spill"))
        duck.add_files("log", files, SCHEMA)
        duck.add_files("read_there", [str(one) for one in sorted(self._folder.glob("*.parquet"))], THERE)
        window = f"occurred_at >= {since} AND occurred_at < {until}"
        names = ", ".join(map(literal, sources))
        duck.execute(_THERE.format(window=window))
        duck.execute(_HERE.format(window=window, sources=names))
        duck.execute(_REPEATED)
        duck.execute(_JOINED)

    def days(self) -> list[dict[str, Any]]:
        """Return (day, there, here, missing, extra, different) of every day, in their order."""
        return self._rows(_DAYS)

    def sums(self) -> list[dict[str, Any]]:
        """Return (day, name, key, there, here): the sums of every number, as decimal text."""
        return self._rows(_SUMS)

    def ids(self, day: int | None, limit: int) -> list[dict[str, Any]]:
        """Return (day, event_id, name, what) of rows that are missing, extra or different, at most ``limit``."""
        chosen = "" if day is None else f"AND day = {int(day)}"
        return self._rows(
            "SELECT day, event_id, name, CASE WHEN NOT is_here THEN 'missing' WHEN NOT is_there THEN 'extra'"
            f" ELSE 'different' END AS what FROM both_sides WHERE (NOT is_here OR NOT is_there OR is_different) {chosen}"
            f" ORDER BY day, what, event_id LIMIT {int(limit)}"
        )

    def _rows(self, statement: str) -> list[dict[str, Any]]:
        assert self._duck is not None, "compare first"
        return self._duck.run(statement).to_pylist()  # type: ignore[no-any-return]

    def close(self) -> None:
        """Nothing of it is on the disk any more."""
        if self._duck is not None:
            self._duck.close()
        shutil.rmtree(self._folder, ignore_errors=True)


@contextmanager
def sides() -> Iterator[Sides]:
    """Yield the two sides of a source; what was read is gone afterwards."""
    held = Sides()
    try:
        yield held
    finally:
        held.close()

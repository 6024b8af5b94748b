"""Tables of any library as a log."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from coterie.connectors.rows import Occurrences, content_ids
from coterie.errors import InvalidDefinition, Problem, nearest
from coterie.segments.instants import instant_of
from coterie.storage.log import HOT, conform, objects, once, texts
from coterie.values import canonical, flatten

REQUIRED = ("profile", "name", "occurred_at")
OPTIONAL = ("received_at", "event_id", "event_key", "position", "properties")
INSTANT = pa.timestamp("us", "UTC")
"""How instants look in answers."""


def arrow_of(table: Any) -> pa.Table:
    """Return a table of any library that speaks the Arrow stream interface (Arrow, Polars, pandas, DuckDB …)."""
    if isinstance(table, pa.Table):
        return table
    if isinstance(table, pa.RecordBatch):
        return pa.Table.from_batches([table])
    if not hasattr(table, "__arrow_c_stream__"):
        raise Problem(
            "not a table",
            received=type(table).__name__,
            allowed="Arrow, Polars, pandas, or anything with __arrow_c_stream__",
        )
    return pa.table(table)


def log_from(table: Any) -> pa.Table:
    """Return any table of events as a log: sorted by arrival, an id once, positions dense, every column that is no part of a log a property.

    Raises: InvalidDefinition for columns that are missing, Problem for instants that cannot be read.
    """
    rows = arrow_of(table)
    known = rows.column_names
    problems = [
        Problem("events need this column", where=name, allowed=", ".join(REQUIRED), hint=nearest(name, known))
        for name in REQUIRED
        if name not in known
    ]
    if problems:
        raise InvalidDefinition(problems)
    occurred = instants(rows, "occurred_at")
    columns: dict[str, Any] = {
        "profile": rows["profile"].cast(pa.string()),
        "name": rows["name"].cast(pa.string()),
        "occurred_at": occurred,
        "received_at": instants(rows, "received_at") if "received_at" in known else occurred,
        "properties": _properties(rows),
    }
    columns["event_id"] = rows["event_id"].cast(pa.string()) if "event_id" in known else _ids(columns)
    log = conform(pa.table(columns))
    log = once(log.sort_by([("received_at", "ascending"), ("position", "ascending")]))
    return log.set_column(0, log.schema.field("position"), pa.array(range(log.num_rows), pa.int64()))


def instants(rows: pa.Table, name: str) -> pa.Array:
    """Return a column of instants as int64 µs: timestamps (without a zone: UTC), dates, ISO 8601 text, or µs already."""
    column = rows[name].combine_chunks()
    kind = column.type
    if pa.types.is_integer(kind):
        return column.cast(pa.int64())
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return column.cast(pa.timestamp("us", getattr(kind, "tz", None)), safe=False).cast(pa.int64())
    told = [instant_of(one) if isinstance(one, str) else None for one in column.to_pylist()]
    if None in told:
        place = told.index(None)
        raise Problem(
            "not an instant",
            where=f"{name}, row {place}",
            received=column[place].as_py(),
            allowed="a timestamp, ISO 8601 text, or µs",
        )
    return pa.array(told, pa.int64())


def _properties(rows: pa.Table) -> pa.Array:
    """Return one JSON object per row of ``properties`` and of all columns that are no part of a log."""
    others = [name for name in rows.column_names if name not in (*REQUIRED, *OPTIONAL)]
    pieces = {name.removeprefix(HOT): texts(_plain(rows[name])) for name in others}
    if "properties" not in rows.column_names:
        return objects(pieces, rows.num_rows)
    given = rows["properties"].combine_chunks()
    if pa.types.is_string(given.type) or pa.types.is_large_string(given.type):
        told = given.cast(pa.string()).fill_null("{}")
    else:
        told = pa.array([canonical(flatten(_present(one))) for one in given.to_pylist()], pa.string())
    if not pieces:
        return told
    hot = {f"{HOT}{name}": piece for name, piece in ((n.removeprefix(HOT), _plain(rows[n])) for n in others)}
    zero = pa.array([0] * rows.num_rows, pa.int64())
    base = {"event_id": pa.array([""] * rows.num_rows), "profile": rows["profile"], "name": rows["name"]}
    return conform(pa.table({**base, "occurred_at": zero, "received_at": zero, "properties": told, **hot}))[
        "properties"
    ]


def _present(struct: dict[str, Any] | None) -> dict[str, Any]:
    return {key: value for key, value in (struct or {}).items() if value is not None}


def _plain(column: pa.ChunkedArray) -> pa.Array:
    """Return a column whose values are JSON values; instants and dates become ISO 8601 text."""
    array = column.combine_chunks()
    if pa.types.is_temporal(array.type):
        return pa.array([None if one is None else one.isoformat() for one in array.to_pylist()], pa.string())
    return array.cast(pa.float64()) if pa.types.is_decimal(array.type) else array


def _ids(columns: dict[str, Any]) -> pa.Array:
    names = sorted(columns)
    content = [
        "\x1f".join(map(str, row)).encode() for row in zip(*(columns[n].to_pylist() for n in names), strict=True)
    ]
    return pa.array(content_ids("table", content, Occurrences()), pa.string())

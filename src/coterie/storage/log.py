"""The one shape of a log: its columns, and the folding of any accepted table into it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from coterie.errors import InvalidDefinition, Problem
from coterie.values import canonical, normal, parse

SCHEMA = pa.schema(
    [
        pa.field("position", pa.int64(), nullable=False),
        pa.field("event_id", pa.string(), nullable=False),
        pa.field("event_key", pa.int64(), nullable=False),
        pa.field("profile", pa.string(), nullable=False),
        pa.field("name", pa.string(), nullable=False),
        pa.field("occurred_at", pa.int64(), nullable=False),
        pa.field("received_at", pa.int64(), nullable=False),
        pa.field("properties", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
    ]
)
"""Columns of every stored log; instants are int64 µs UTC, ``properties`` is canonical JSON of flat keys.

``source`` says where a row came from: the source of a mapping, a source by its name, the id of the key that it was sent
with; empty for what Coterie wrote itself. No reader of segments looks at it.
"""

HOT = "p."
"""Prefix of typed columns that hold one property each."""
REQUIRED = ("event_id", "profile", "name", "occurred_at", "received_at")


def event_keys(ids: Iterable[str]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return ``values.event_key`` of every id, (n,) int64, at about 1 µs each."""
    digest = hashlib.blake2b
    joined = b"".join(digest(one.encode(), digest_size=8).digest() for one in ids)
    return np.frombuffer(joined, dtype=">i8").astype(np.int64)


def texts(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return the canonical JSON text of every value; null stays null. Each distinct value is written once."""
    flat = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    if pa.types.is_nested(flat.type):
        return pa.array([None if one is None else canonical(normal(one)) for one in flat.to_pylist()], pa.string())
    coded = flat if pa.types.is_dictionary(flat.type) else flat.dictionary_encode()
    spelled = [None if one is None else text_or_none(one) for one in coded.dictionary.to_pylist()]
    return pa.array(spelled, pa.string()).take(coded.indices)


def text_or_none(value: Any) -> str | None:
    """Return the canonical JSON text of a value, ``None`` for one that is missing."""
    told = normal(value)
    return None if told is None else canonical(told)


def objects(pieces: dict[str, pa.Array], length: int) -> pa.Array:
    """Return one canonical JSON object per row from the JSON texts of its keys; a null piece is an absent key."""
    parts = [
        pc.binary_join_element_wise(f",{canonical(key)}:", pieces[key], "", null_handling="emit_null")
        for key in sorted(pieces)
    ]
    if not parts:
        return pa.array(["{}"], pa.string()).take(pa.array(np.zeros(length, np.int64)))
    body = pc.binary_join_element_wise(*parts, "", null_handling="replace", null_replacement="")
    return pc.binary_join_element_wise("{", pc.utf8_slice_codeunits(body, 1), "}", "")


def conform(table: pa.Table | pa.RecordBatch) -> pa.Table:
    """Return ``table`` as a log without positions: keys computed where absent, hot columns folded into ``properties``.

    Raises: InvalidDefinition naming every missing column at once.
    """
    if isinstance(table, pa.RecordBatch):
        table = pa.Table.from_batches([table])
    problems = [
        Problem("a log needs this column", where=name, allowed=", ".join(REQUIRED))
        for name in REQUIRED
        if name not in table.column_names
    ]
    if problems:
        raise InvalidDefinition(problems)
    columns = {name: table[name].cast(SCHEMA.field(name).type) for name in REQUIRED}
    columns["properties"] = _properties(table)
    if "event_key" in table.column_names:
        columns["event_key"] = table["event_key"].cast(pa.int64())
    else:
        columns["event_key"] = pa.array(event_keys(table["event_id"].to_pylist()))
    columns["source"] = (
        table["source"].cast(pa.string()).fill_null("")
        if "source" in table.column_names
        else pa.array([""], pa.string()).take(pa.array(np.zeros(table.num_rows, np.int64)))
    )
    columns["position"] = pa.array(np.arange(table.num_rows, dtype=np.int64))
    return pa.table([columns[name] for name in SCHEMA.names], schema=SCHEMA)


def _properties(table: pa.Table) -> pa.Array | pa.ChunkedArray:
    hot = {name[len(HOT) :]: texts(table[name]) for name in table.column_names if name.startswith(HOT)}
    kept = table["properties"].cast(pa.string()).fill_null("{}") if "properties" in table.column_names else None
    if kept is None:
        return objects(hot, table.num_rows)
    if not hot:
        return kept
    folded = objects(hot, table.num_rows)
    plain = pc.equal(kept, "{}")
    if pc.all(plain).as_py() is not False:
        return folded
    mixed = [_union(one, two) for one, two in zip(kept.to_pylist(), folded.to_pylist(), strict=True)]
    return pa.array(mixed, pa.string())


def _union(one: str, two: str) -> str:
    if one == "{}":
        return two
    if two == "{}":
        return one
    return canonical({**parse(one), **parse(two)})  # type: ignore[dict-item]


def once(rows: pa.Table) -> pa.Table:
    """Return the first row of every event id."""
    keys = rows["event_key"].to_numpy()
    if np.unique(keys).size == keys.size:
        return rows
    ids = rows["event_id"].combine_chunks().dictionary_encode().indices.to_numpy()
    first = np.sort(np.unique(ids, return_index=True)[1])
    return pc.take(rows, pa.array(first))

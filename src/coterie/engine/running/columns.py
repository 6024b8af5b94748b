"""Rows of the log as columns: lists that one pass over the events fills, turned into Arrow at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from coterie.segments.live.hashing import keys_of
from coterie.storage.log import HOT, SCHEMA

_encode = msgspec.json.Encoder(order="sorted").encode


class Columns:
    """The rows of one step, in log order. All lists have one length."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.profiles: list[str] = []
        self.names: list[str] = []
        self.occurred: list[int] = []
        self.received: list[int] = []
        self.properties: list[Mapping[str, Any]] = []

    def __len__(self) -> int:
        return len(self.ids)

    def add(
        self, row_id: str, profile: str, name: str, occurred: int, received: int, properties: Mapping[str, Any]
    ) -> None:
        """One more row."""
        self.ids.append(row_id)
        self.profiles.append(profile)
        self.names.append(name)
        self.occurred.append(occurred)
        self.received.append(received)
        self.properties.append(properties)

    def extend(self, events: Sequence[Any], profiles: Sequence[str], received: Sequence[int]) -> None:
        """More rows: an event each."""
        self.ids += [one.id for one in events]
        self.profiles += profiles
        self.names += [one.name for one in events]
        self.occurred += [one.occurred_at for one in events]
        self.received += received
        self.properties += [one.properties for one in events]

    def table(self, first: int) -> pa.Table:
        """Return the rows as a table of log columns, positions from ``first`` on. Cost: about 1 µs per row."""
        n = len(self.ids)
        ids = pa.array(self.ids, pa.string())
        received = np.array(self.received, np.int64)
        return pa.Table.from_arrays(
            [
                pa.array(np.arange(first, first + n, dtype=np.int64)),
                ids,
                pa.array(keys_of(ids)),
                pa.array(self.profiles, pa.string()),
                pa.array(self.names, pa.string()),
                pa.array(np.minimum(np.array(self.occurred, np.int64), received)),
                pa.array(received),
                pa.array([_encode(one) for one in self.properties], pa.string()),
            ],
            schema=SCHEMA,
        )

    def typed(self, table: pa.Table, keys: Iterable[str]) -> pa.Table:
        """Return the table with a typed column for each key whose values here are all of one primitive type."""
        for key in keys:
            column = typed_column([one.get(key) for one in self.properties])
            if column is not None and column.null_count and None in [one.get(key, 0) for one in self.properties]:
                continue  # a null that is written down removes a trait; an absent key does not
            if column is not None:
                table = table.append_column(HOT + key, column)
        return table


def typed_column(values: Sequence[Any]) -> pa.Array | None:
    """Return values as an Arrow array of text, booleans or numbers; None when they are of several types, or lists."""
    try:
        column = pa.array(values)
    except (pa.ArrowException, OverflowError):
        return None
    kind = column.type
    if pa.types.is_null(kind):
        return column.cast(pa.string())
    plain = pa.types.is_string(kind) or pa.types.is_boolean(kind) or pa.types.is_integer(kind)
    return column if plain or pa.types.is_floating(kind) else None

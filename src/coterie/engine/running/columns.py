"""Rows of the log as columns: lists that one pass over the events fills, turned into Arrow at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from coterie.segments.live.hashing import keys_of
from coterie.segments.live.layout import Ints
from coterie.storage.log import SCHEMA

_encoder = msgspec.json.Encoder(order="sorted")
_LINE_END = 10


class Columns:
    """The rows of one step, in log order. All lists have one length."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.profiles: list[str] = []
        self.names: list[str] = []
        self.occurred: list[int] = []
        self.received: list[int] = []
        self.properties: list[Mapping[str, Any]] = []
        self.sources: list[str] = []
        self._keys: list[tuple[int, Ints]] = []
        """(place, keys of the rows from there on), for rows whose keys were known."""

    def __len__(self) -> int:
        return len(self.ids)

    def add(
        self,
        row_id: str,
        profile: str,
        name: str,
        occurred: int,
        received: int,
        properties: Mapping[str, Any],
        source: str = "",
    ) -> None:
        """One more row."""
        self.ids.append(row_id)
        self.profiles.append(profile)
        self.names.append(name)
        self.occurred.append(occurred)
        self.received.append(received)
        self.properties.append(properties)
        self.sources.append(source)

    def extend(
        self,
        events: Sequence[Any],
        profiles: Sequence[str],
        received: Sequence[int],
        sources: Sequence[str],
        keys: Ints,
    ) -> None:
        """More rows: an event each, with the keys of their ids."""
        self._keys.append((len(self.ids), keys))
        self.ids += [one.id for one in events]
        self.profiles += profiles
        self.names += [one.name for one in events]
        self.occurred += [one.occurred_at for one in events]
        self.received += received
        self.properties += [one.properties for one in events]
        self.sources += sources

    def table(self, first: int) -> pa.Table:
        """Return the rows as a table of log columns, positions from ``first`` on. Cost: about 1 µs per row."""
        n = len(self.ids)
        ids = pa.array(self.ids, pa.string())
        received = np.array(self.received, np.int64)
        return pa.Table.from_arrays(
            [
                pa.array(np.arange(first, first + n, dtype=np.int64)),
                ids,
                pa.array(self._event_keys(ids)),
                pa.array(self.profiles, pa.string()),
                pa.array(self.names, pa.string()),
                pa.array(np.minimum(np.array(self.occurred, np.int64), received)),
                pa.array(received),
                texts_of(self.properties),
                pa.array(self.sources, pa.string()),
            ],
            schema=SCHEMA,
        )

    def _event_keys(self, ids: pa.Array) -> Ints:
        keys, open_ = np.empty(len(ids), np.int64), np.ones(len(ids), bool)
        for place, known in self._keys:
            keys[place : place + len(known)] = known
            open_[place : place + len(known)] = False
        if open_.any():
            keys[open_] = keys_of(ids.filter(pa.array(open_)))
        return keys


def texts_of(objects: Sequence[Mapping[str, Any]]) -> pa.Array:
    """Return the canonical JSON text of every object as an Arrow array of text; all are written in one go."""
    lines = np.frombuffer(_encoder.encode_lines(objects), np.uint8)
    ends = np.flatnonzero(lines == _LINE_END)  # inside a JSON text a line end is written as \\n
    offsets = np.zeros(len(objects) + 1, np.int32)
    offsets[1:] = ends - np.arange(len(objects))
    data = np.delete(lines, ends)
    return pa.StringArray.from_buffers(len(objects), pa.py_buffer(offsets), pa.py_buffer(data))

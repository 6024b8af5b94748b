"""Rows of a file, a chunk at a time, before a mapping has seen them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from msgspec import Struct

from coterie.connectors.column import HASHED, Column, Refused
from coterie.values import canonical, flatten, normal

Keys = np.ndarray[Any, np.dtype[np.uint64]]


class Chunk(Struct, frozen=True, kw_only=True):
    """Some rows: their columns, and their numbers in the file or table (from 1, going on after a resume).

    ``broken`` are rows that could not even be cut into columns: (number, raw text, why).
    ``sparse``: a column that no row has is absent here, which says nothing about the file.
    ``aside`` are columns that say nothing about what happened (a cursor, a row number): ids made of content leave them out.
    """

    columns: dict[str, Column]
    numbers: np.ndarray[Any, np.dtype[np.int64]]
    broken: tuple[tuple[int, str, str], ...] = ()
    sparse: bool = False
    aside: frozenset[str] = frozenset()
    id_column: str = ""
    """Column with the name that the source itself gives a row, the same at every reading: the event's id when the mapping
    names none. Without it, ids are made of content."""

    def row(self, place: int) -> str:
        """Return one row as canonical JSON, as it goes to quarantine."""
        told = {name: _plain(column.at(place)) for name, column in self.columns.items()}
        return canonical({name: value for name, value in told.items() if value is not None})


def chunk_of(
    rows: Sequence[Mapping[str, Any]],
    *,
    first: int = 1,
    aside: Iterable[str] = (),
    id_column: str = "",
    sparse: bool = True,
) -> Chunk:
    """Return rows that are dicts as a chunk; the first has the number ``first``.

    Nested objects become dotted columns (``card.number``). Values may be those of JSON, and those of databases: instants and
    days become ISO 8601 text, decimals numbers, bytes and UUIDs text. ``sparse=False``: every row has every column.
    Cost: about 0.3 µs per cell and 1 µs per distinct value; 1 µs per cell where objects are nested.
    """
    names = dict.fromkeys(name for row in rows for name in row)
    cells = {name: [row.get(name) for row in rows] for name in names}
    sorts = {name: set(map(type, values)) for name, values in cells.items()}
    if any(dict in one for one in sorts.values()):
        plain = [flatten({name: json_value(value) for name, value in row.items()}) for row in rows]
        names = dict.fromkeys(name for row in plain for name in row)
        columns = {name: Column.of([row.get(name) for row in plain]) for name in names}
    else:
        for name in (name for name, one in sorts.items() if one - HASHED):
            cells[name] = [json_value(value) for value in cells[name]]
        columns = {name: Column.of(values).map(_value) for name, values in cells.items()}
    numbers = np.arange(first, first + len(rows), dtype=np.int64)
    return Chunk(columns=columns, numbers=numbers, sparse=sparse, aside=frozenset(aside), id_column=id_column)


def _value(value: Any) -> Any:
    return normal(json_value(value))


def json_value(value: Any) -> Any:
    """Return a value of a database, or of an Arrow column, as a JSON value."""
    match value:
        case None | str() | bool() | int() | float():
            return value
        case dict():
            return {str(key): json_value(one) for key, one in value.items()}
        case list() | tuple() | set() | frozenset():
            return [json_value(one) for one in value]
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case Decimal():
            return int(value) if value.is_finite() and value == value.to_integral_value() else float(value)
        case bytes() | bytearray() | memoryview():
            return bytes(value).decode("utf-8", "replace")
    return str(value)


def _plain(value: Any) -> Any:
    return value.why if isinstance(value, Refused) else normal(value)


class Occurrences:
    """Numbers equal rows of one file 1, 2, 3 … so that a repeated row counts again and a repeated file does not."""

    def __init__(self) -> None:
        self._keys: Keys = np.empty(0, dtype=np.uint64)
        self._counts = np.empty(0, dtype=np.int64)

    def number(self, keys: Keys) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Return for every key how often it has been seen by now, this time included."""
        distinct, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
        order = np.argsort(inverse, kind="stable")
        starts = np.cumsum(counts) - counts
        rank = np.empty(len(keys), dtype=np.int64)
        rank[order] = np.arange(len(keys)) - np.repeat(starts, counts)
        before = np.zeros(len(distinct), dtype=np.int64)
        if self._keys.size:
            place = np.minimum(np.searchsorted(self._keys, distinct), self._keys.size - 1)
            known = self._keys[place] == distinct
            before[known] = self._counts[place[known]]
            self._counts[place[known]] += counts[known]
            self._insert(distinct[~known], counts[~known])
        else:
            self._insert(distinct, counts)
        return rank + before[inverse] + 1

    def _insert(self, keys: Keys, counts: np.ndarray[Any, np.dtype[np.int64]]) -> None:
        places = np.searchsorted(self._keys, keys)
        self._keys = np.insert(self._keys, places, keys)
        self._counts = np.insert(self._counts, places, counts)


def digests(source: str, content: list[bytes]) -> list[bytes]:
    """Return 16 bytes for every row that stand for its source and content."""
    digest, salt = hashlib.blake2b, hashlib.blake2b(source.encode(), digest_size=16).digest()
    return [digest(salt + one, digest_size=16).digest() for one in content]


def keys_of(hashes: list[bytes]) -> Keys:
    """Return the first 8 bytes of every digest as a number."""
    return np.frombuffer(b"".join(hashes), dtype="<u8")[::2].copy()


def content_ids(source: str, content: list[bytes], seen: Occurrences) -> list[str]:
    """Return ``<128-bit hash of source and row>-<occurrence>`` for every row: the id of a row that brings none."""
    hashes = digests(source, content)
    numbers = seen.number(keys_of(hashes)).tolist()
    return [f"{one.hex()}-{n}" for one, n in zip(hashes, numbers, strict=True)]

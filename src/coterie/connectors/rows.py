"""Rows of a file, a chunk at a time, before a mapping has seen them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
from msgspec import Struct

from coterie.connectors.column import Column, Refused
from coterie.values import canonical, normal

Keys = np.ndarray[Any, np.dtype[np.uint64]]


class Chunk(Struct, frozen=True, kw_only=True):
    """Some rows: their columns, their numbers in the file (from 1), and their content as bytes, made when asked for.

    ``broken`` are rows that could not even be cut into columns: (number, raw text, why).
    ``sparse``: a column that no row has is absent here, which says nothing about the file.
    """

    columns: dict[str, Column]
    numbers: np.ndarray[Any, np.dtype[np.int64]]
    content: Callable[[], list[bytes]]
    broken: tuple[tuple[int, str, str], ...] = ()
    sparse: bool = False

    def row(self, place: int) -> str:
        """Return one row as canonical JSON, as it goes to quarantine."""
        told = {name: _plain(column.at(place)) for name, column in self.columns.items()}
        return canonical({name: value for name, value in told.items() if value is not None})


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


def content_ids(source: str, content: list[bytes], seen: Occurrences) -> list[str]:
    """Return ``<128-bit hash of source and row>-<occurrence>`` for every row: the id of a row that brings none."""
    digest, salt = hashlib.blake2b, hashlib.blake2b(source.encode(), digest_size=16).digest()
    hashes = [digest(salt + one, digest_size=16).digest() for one in content]
    keys = np.frombuffer(b"".join(hashes), dtype="<u8")[::2].copy()
    return [f"{one.hex()}-{n}" for one, n in zip(hashes, seen.number(keys).tolist(), strict=True)]

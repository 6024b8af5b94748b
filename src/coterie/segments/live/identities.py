"""Finding a profile's row by its number, and event keys seen before: open addressing, probed a batch at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

from coterie.segments.live.layout import M_AGE, M_DUPLICATES, M_KEYS, Ints, kernel, small, whole
from coterie.segments.live.prefetch import to_cache

SPREAD = 0x9E3779B97F4A7C15
STAND_IN = 0x1E3779B97F4A7C15
"""Remembered in place of the key 0, which marks an empty cell. Below 2⁶³: a larger one would make every key a float64."""


AHEAD = 16
"""Keys between asking for a cell and needing it."""


@small
def home_of(key: int, cells: int) -> int:
    """Return the cell at which the search for ``key`` begins; ``cells`` is a power of two."""
    mixed = np.uint64(key) * np.uint64(SPREAD)
    return whole((mixed ^ (mixed >> np.uint64(32))) & np.uint64(cells - 1))


@kernel
def rows_of(keys: Ints, skipped: Any, ids: Ints, rows_at: Any, rows: Ints, known: int) -> int:
    """Return how many ids are known after ``rows`` holds the row of every key not skipped (-1: skipped); new ids get the next rows.

    The table must have room: cells hold an id, and its row or -1.
    """
    cells, n = ids.shape[0], keys.shape[0]
    for i in range(n):
        if i + AHEAD < n:
            ahead = home_of(keys[i + AHEAD], cells)
            to_cache(ids, ahead)
            to_cache(rows_at, ahead)
        if skipped[i]:
            rows[i] = -1
            continue
        key = keys[i]
        cell = home_of(key, cells)
        while rows_at[cell] >= 0 and ids[cell] != key:
            cell = (cell + 1) & (cells - 1)
        if rows_at[cell] < 0:
            ids[cell] = key
            rows_at[cell] = known
            known += 1
        rows[i] = rows_at[cell]
    return known


@kernel
def settle_ids(keys: Ints, rows: Ints, ids: Ints, rows_at: Any) -> None:
    """Every key is in the table with its row."""
    cells = ids.shape[0]
    for i in range(keys.shape[0]):
        cell = home_of(keys[i], cells)
        while rows_at[cell] >= 0:
            cell = (cell + 1) & (cells - 1)
        ids[cell] = keys[i]
        rows_at[cell] = rows[i]


@small
def spot_of(key: int, cells: int) -> int:
    """Return the cell at which the search for ``key`` begins, for any number of cells below 2³¹."""
    mixed = np.uint64(key) * np.uint64(SPREAD)
    return whole(((mixed >> np.uint64(32)) * np.uint64(cells)) >> np.uint64(32))


@small
def cell_of(table: Ints, key: int) -> int:
    """Return the cell that holds ``key``, or the empty one where it would go."""
    cells = table.shape[0]
    cell = spot_of(key, cells)
    while table[cell] != 0 and table[cell] != key:
        cell += 1
        if cell == cells:
            cell = 0
    return cell


@kernel
def seen_before(keys: Ints, young: Ints, old: Ints, meta: Ints, most: int, repeated: Any) -> None:
    """``repeated`` tells which keys are among the last ``most`` to twice that many; all are remembered now.

    Two tables with room to spare: when the young one holds ``most`` keys it becomes the old one. An empty cell holds 0.
    """
    cells, n = young.shape[0], keys.shape[0]
    for i in range(n):
        if i + AHEAD < n:
            ahead = spot_of(keys[i + AHEAD], cells)
            to_cache(young, ahead)
            to_cache(old, ahead)
        key = keys[i] if keys[i] != 0 else STAND_IN
        a, b = (young, old) if meta[M_AGE] == 0 else (old, young)
        cell = cell_of(a, key)
        found = a[cell] == key
        if not found:
            found = b[cell_of(b, key)] == key
            a[cell] = key
            meta[M_KEYS] += 1
        repeated[i] = found
        meta[M_DUPLICATES] += found
        if meta[M_KEYS] >= most:
            meta[M_KEYS] = 0
            meta[M_AGE] = 1 - meta[M_AGE]
            b[:] = 0

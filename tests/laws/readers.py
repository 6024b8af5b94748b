"""The three readers on a case, each through its public door, in one shape: (segment, instant) → members."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from coterie.model import Event
from coterie.segments.catalog import Catalog
from coterie.segments.oracle import Oracle
from tests.laws.changes import Change
from tests.laws.logs import Log, table_of, without_duplicates

if TYPE_CHECKING:
    from coterie.segments.live import Live

Memberships = dict[tuple[str, int], frozenset[str]]
Rows = tuple[tuple[int, Event], ...]
FIELDS = Change._fields


def numbered(log: Log) -> Rows:
    """Return (position, event) of every record, duplicates too."""
    return tuple(enumerate(log.events))


def by_oracle(log: Log, catalog: Catalog, instants: Sequence[int], knowledge: str = "then") -> Memberships:
    oracle = Oracle(catalog, (event for _, event in without_duplicates(log.events)))
    return {(key, at): frozenset(oracle.members(key, at, knowledge)) for key in catalog.keys for at in instants}


def changes_of(table: pa.Table) -> list[Change]:
    """Return the rows of a live reader's change table."""
    columns = [table[name].to_pylist() for name in FIELDS]
    return [Change(*row) for row in zip(*columns, strict=True)]


def applied(live: Live, rows: Rows, hot: tuple[str, ...], sizes: Iterable[int]) -> list[Change]:
    """Return the changes of ``rows`` given to ``live`` in chunks of the given sizes (the last repeats)."""
    found: list[Change] = []
    start, size, pending = 0, len(rows), iter(sizes)
    while start < len(rows):
        size = next(pending, size)
        found += changes_of(live.apply(table_of(rows[start : start + size], hot)).table())
        start += size
    return found


def begin(catalog: Catalog) -> Live:
    """Return a live reader of nothing yet. Imported here: a fault in batch is tried without loading the kernels."""
    from coterie.segments.live import Live

    return Live(catalog)


def restore(catalog: Catalog, data: bytes) -> Live:
    from coterie.segments.live import Live

    return Live.restore(catalog, data)


def by_live(log: Log, catalog: Catalog, instants: Sequence[int]) -> Memberships:
    """Return memberships at every instant, the log applied in between."""
    live, rows, done = begin(catalog), numbered(log), 0
    found: Memberships = {}
    for at in instants:
        upto = done
        while upto < len(rows) and rows[upto][1].received_at <= at:
            upto += 1
        if upto > done:
            live.apply(table_of(rows[done:upto], log.hot))
        done = upto
        live.advance(at)
        found |= {(key, at): frozenset(live.members(key)) for key in catalog.keys}
    return found


def by_batch(
    log: Log, catalog: Catalog, instants: Sequence[int], questions: Iterable[tuple[str, int]], knowledge: str = "then"
) -> Memberships:
    raise LookupError("not yet")

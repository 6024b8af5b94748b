"""The three readers on a case, each through its public door, in one shape: (segment, instant) → members."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa

from coterie.identity.merges import Merges, decision_of
from coterie.model import Event
from coterie.segments.catalog import Catalog
from coterie.segments.oracle import Oracle
from tests.laws.changes import Change
from tests.laws.logs import Log, table_of, without_duplicates

if TYPE_CHECKING:
    from coterie.segments.batch import Relation
    from coterie.segments.live import Live
    from coterie.storage.duck import Duck

Memberships = dict[tuple[str, int], frozenset[str]]
Rows = tuple[tuple[int, Event], ...]
FIELDS = Change._fields


def numbered(log: Log) -> Rows:
    """Return (position, event) of every record, duplicates too."""
    return tuple(enumerate(log.events))


def by_oracle(
    log: Log, catalog: Catalog, instants: Sequence[int], knowledge: Literal["then", "now"] = "then"
) -> Memberships:
    oracle = Oracle(catalog, (event for _, event in without_duplicates(log.events)))
    return {(key, at): frozenset(oracle.members(key, at, knowledge)) for key in catalog.keys for at in instants}


def changes_of(table: pa.Table) -> list[Change]:
    """Return the rows of a live reader's change table; it has event ids only if the arrivals had."""
    columns = [table[name].to_pylist() if name in table.column_names else [""] * table.num_rows for name in FIELDS]
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


def history_of(log: Log) -> Callable[[Sequence[str]], Iterable[pa.Table]]:
    """Return what a reader of ``log`` asks for records: it gets all of them, and takes those of its past."""
    return lambda ids: [table_of(numbered(log), log.hot)]


def begin(catalog: Catalog, log: Log) -> Live:
    """Return a live reader of nothing yet. Imported here: a fault in batch is tried without loading the kernels."""
    from coterie.segments.live import Live

    return Live(catalog, history=history_of(log))


def restore(catalog: Catalog, data: bytes, log: Log) -> Live:
    from coterie.segments.live import Live

    return Live.restore(catalog, data, history=history_of(log))


def from_sections(catalog: Catalog, sections: dict[str, Any], log: Log) -> Live:
    from coterie.segments.live import Live

    return Live.from_sections(catalog, sections, history=history_of(log))


def by_live(log: Log, catalog: Catalog, instants: Sequence[int]) -> Memberships:
    """Return memberships at every instant, the log applied in between."""
    live, rows, done = begin(catalog, log), numbered(log), 0
    found: Memberships = {}
    for at in instants:
        upto = done
        while upto < len(rows) and rows[upto][1].received_at <= at:
            upto += 1
        if upto > done:
            live.apply(table_of(rows[done:upto], log.hot))
        done = upto
        live.advance(at)
        members = {key: frozenset(live.members(key)) for key in catalog.keys}
        if live.counts() != {key: len(some) for key, some in members.items()}:
            raise AssertionError(f"counts at {at}: {live.counts()}, members {members}")
        found |= {(key, at): some for key, some in members.items()}
    return found


@cache
def _duck() -> Duck:
    from coterie.storage.duck import Duck

    return Duck(threads=1)


def relation_of(log: Log) -> Relation:
    """Return the log without duplicates, and its merges, as the batch reader's statements refer to them."""
    rows = without_duplicates(log.events)
    merges = Merges(merge for position, event in rows if (merge := decision_of(event, position)) is not None)
    return _duck().add_log(table_of(rows, log.hot), merges=merges.intervals())


def rows_of(sql: str) -> list[tuple[Any, ...]]:
    """Return the rows of a statement."""
    table = _duck().run(sql)
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def by_batch(
    log: Log,
    catalog: Catalog,
    instants: Sequence[int],
    questions: Iterable[tuple[str, int]],
    knowledge: Literal["then", "now"] = "then",
) -> Memberships:
    """Return the answers to ``questions``: one statement per segment, all instants at once, over the log without duplicates."""
    from coterie.segments.batch import statement

    asked, relation = list(questions), relation_of(log)
    found: Memberships = {}
    for key in {key: None for key, _ in asked}:
        sql = statement(catalog, key, instants, relation=relation, knowledge=knowledge)
        members = _duck().members(sql)
        found |= {(key, at): frozenset(members.get(at, ())) for at in instants}
    return {question: found[question] for question in asked}

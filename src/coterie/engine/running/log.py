"""The committed log as one: rows that are landed, then rows that wait, in order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from coterie.engine.project import Project
from coterie.identity.resolution import event_id_of
from coterie.model import LINK, MERGE
from coterie.segments.live.hashing import keys_of
from coterie.storage.events import EventStore
from coterie.storage.hot import lifted
from coterie.storage.state import arrivals
from coterie.storage.state.database import StateDatabase

READ_ROWS = 500_000


class WholeLog:
    """Rows in the Delta table and rows in the committed state. Any thread; each question reads one state of both."""

    def __init__(self, project: Project, database: StateDatabase) -> None:
        self._project, self._database = project, database

    def _store(self) -> EventStore:
        return self._project.event_store()

    def rows(
        self, after: int = 0, until: int | None = None, rows_max: int = READ_ROWS, hot: Sequence[str] = ()
    ) -> Iterator[pa.Table]:
        """Yield rows with ``after`` ≤ position < ``until`` in order. ``hot`` properties come as typed columns where they can."""
        store = self._store()
        with self._database.snapshot() as connection:
            landed = store.length()
            waiting = list(arrivals.tables(connection, max(after, landed), until))
        yield from store.batches(rows_max, after, landed if until is None else min(landed, until), hot)
        for table in gathered(waiting, rows_max):
            yield lifted(table, hot) if hot else table

    def of_profiles(self, profiles: Sequence[str], until: int | None = None) -> list[pa.Table]:
        """Return every row of these profiles before position ``until``, in order."""
        store = self._store()
        with self._database.snapshot() as connection:
            landed = store.length()
            waiting = list(arrivals.tables(connection, landed, until))
        wanted = pa.array(list(profiles), pa.string())
        tables = [store.scan(profiles=profiles), *waiting]
        found = [table.filter(pc.is_in(table["profile"], value_set=wanted)) for table in tables]
        bound = (1 << 62) if until is None else until
        return [table.filter(pc.less(table["position"], bound)) for table in found]

    def keys(self, newest: int) -> Iterator[Any]:
        """Yield the event keys of the newest rows, in order, those of events that left no row of their own with them."""
        store = self._store()
        with self._database.snapshot() as connection:
            landed = store.length()
            waiting = list(arrivals.tables(connection, landed))
        count = sum(table.num_rows for table in waiting)
        if newest > count:
            after = max(0, landed + count - newest)  # with holes these are fewer rows, never more
            yield keys_of(pa.array(store.parents(after), pa.string()))
            yield store.keys(after)
        for table in waiting:
            yield table["event_key"].to_numpy()
            yield keys_of(pa.array(_parents(table), pa.string()))


def _parents(table: pa.Table) -> list[str]:
    told = table.filter(pc.is_in(table["name"], value_set=pa.array([MERGE, LINK])))["event_id"].to_pylist()
    return sorted({event_id_of(one) for one in told}.difference(table["event_id"].to_pylist())) if told else []


def gathered(tables: Iterable[pa.Table], rows_max: int) -> Iterator[pa.Table]:
    """Yield the same rows in larger tables."""
    held: list[pa.Table] = []
    count = 0
    for table in tables:
        held.append(table)
        count += table.num_rows
        if count >= rows_max:
            yield pa.concat_tables(held).combine_chunks()
            held, count = [], 0
    if held:
        yield pa.concat_tables(held).combine_chunks()

"""History driven through the live reader with a virtual clock: every membership change, kept as the change log."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct

from coterie.engine.holding import holding
from coterie.engine.project import Project
from coterie.segments.catalog import Catalog
from coterie.segments.live import Live
from coterie.storage.events import EventStore

BATCH_ROWS = 10_000
"""Arrivals per micro-batch. The changes do not depend on it."""
READ_ROWS = 500_000


class Replayed(Struct, frozen=True, kw_only=True):
    """What a replay did. ``state_bytes`` is the live reader's memory at its end."""

    events: int
    changes: int
    counts: dict[str, int]
    until: int
    seconds: float
    state_bytes: int
    counters: dict[str, int]

    @property
    def events_per_s(self) -> float:
        return self.events / self.seconds if self.seconds else 0.0


def micro_batches(store: EventStore, rows: int = BATCH_ROWS) -> Iterator[pa.Table]:
    """Yield the log in order, at most ``rows`` events at a time."""
    for table in store.batches(READ_ROWS):
        for start in range(0, table.num_rows, rows):
            yield table.slice(start, rows)


@holding("replay")
def replay(
    project: Project,
    catalog: Catalog,
    *,
    until: int,
    batch_rows: int = BATCH_ROWS,
    progress: Callable[[int, int], None] = lambda done, changes: None,
) -> Replayed:
    """Make the change log what it would be had ``catalog`` always been in force, up to and including ``until``.

    The clock moves with the arrivals, and to ``until`` in the end. ``progress`` is told events and changes so far.
    """
    live = Live(catalog, history=project.events.history)
    changes: list[pa.Table] = []
    events = count = 0
    began = time.perf_counter()
    for table in micro_batches(project.events, batch_rows):
        if table["received_at"][-1].as_py() > until:
            table = table.filter(pc.less_equal(table["received_at"], until))
        if not table.num_rows:
            break
        found = live.apply(table)
        events, count = events + table.num_rows, count + len(found)
        if len(found):
            changes.append(found.table())
        progress(events, count)
    last = live.advance(max(until, live.now))
    changes.append(last.table())
    seconds = time.perf_counter() - began
    kept = project.changes.replace(changes)
    return Replayed(
        events=events,
        changes=kept,
        counts=live.counts(),
        until=until,
        seconds=seconds,
        state_bytes=live.state_bytes(),
        counters=live.counters(),
    )

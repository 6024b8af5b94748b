"""The three readers over one log in one shape: (segment, instant) → members."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pyarrow as pa

from coterie.identity.merges import Merges, decision_of
from coterie.model import Event
from coterie.segments.batch import statement
from coterie.segments.catalog import Catalog
from coterie.segments.live import Live
from coterie.segments.live.parting import History
from coterie.segments.oracle import Oracle
from coterie.storage.duck import Duck
from coterie.storage.log import conform
from coterie.values import canonical

Memberships = dict[tuple[str, int], set[str]]


def by_oracle(catalog: Catalog, events: Iterable[Event], instants: Sequence[int]) -> Memberships:
    """Return the members of every segment at every instant as the oracle finds them."""
    oracle = Oracle(catalog, events)
    known = {at: oracle.profiles(at) for at in instants}
    return {
        (key, at): {one for one in known[at] if oracle.member(key, one, at)} for at in instants for key in catalog.keys
    }


def by_live(
    catalog: Catalog,
    tables: Iterable[pa.Table],
    instants: Sequence[int],
    progress: Callable[[int], None] = lambda done: None,
    history: History | None = None,
) -> Memberships:
    """Return the members at every instant as the live reader has them when the log is given to it in order.

    ``instants`` ascending. ``tables`` in log order; each is cut where an instant lies inside it. ``history``: the records of
    some profiles, which a log with unmerges needs.
    """
    live, found = Live(catalog, history=history), Memberships()
    waiting, done = list(instants), 0
    for table in tables:
        received = table["received_at"].to_numpy()
        while waiting and len(received) and waiting[0] < received[-1]:
            upto = int(np.searchsorted(received, waiting[0], side="right"))
            if upto:
                live.apply(table.slice(0, upto))
            found |= _state(live, catalog, waiting.pop(0))
            table, received = table.slice(upto), received[upto:]
            done += upto
        if table.num_rows:
            live.apply(table)
        done += table.num_rows
        progress(done)
    for at in waiting:
        found |= _state(live, catalog, at)
    return found


def _state(live: Live, catalog: Catalog, at: int) -> Memberships:
    live.advance(at)
    return {(key, at): set(live.members(key)) for key in catalog.keys}


def by_batch(catalog: Catalog, log: pa.Table, merges: Merges, instants: Sequence[int]) -> Memberships:
    """Return the members of every segment at every instant as SQL finds them in a table of log columns."""
    found: Memberships = {}
    with Duck() as duck:
        relation = duck.add_log(log, merges=merges.intervals())
        for key in catalog.keys:
            members = duck.members(statement(catalog, key, instants, relation=relation))
            found |= {(key, at): members.get(at, set()) for at in instants}
    return found


def log_of(events: Sequence[Event]) -> pa.Table:
    """Return events, in log order, as a table of log columns."""
    return conform(
        pa.table(
            {
                "event_id": pa.array([event.id for event in events], pa.string()),
                "profile": pa.array([event.profile for event in events], pa.string()),
                "name": pa.array([event.name for event in events], pa.string()),
                "occurred_at": pa.array([event.occurred_at for event in events], pa.int64()),
                "received_at": pa.array([event.received_at for event in events], pa.int64()),
                "properties": pa.array([canonical(event.properties) for event in events], pa.string()),
            }
        )
    )


def all_three(catalog: Catalog, events: Sequence[Event], instants: Sequence[int]) -> dict[str, Memberships]:
    """Return what each reader says of a small log: ``oracle``, ``batch`` and ``live``."""
    ordered = sorted(events, key=lambda event: event.received_at)
    log = log_of(ordered)
    found = (decision_of(event, position) for position, event in enumerate(ordered))
    merges = Merges(merge for merge in found if merge is not None)
    return {
        "oracle": by_oracle(catalog, ordered, instants),
        "batch": by_batch(catalog, log, merges, instants),
        "live": by_live(catalog, [log], instants, history=lambda profiles: [log]),
    }

"""Logs for tests of the lake: many people, a little of everything, the same for the same numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from coterie.storage.events import EventStore
from coterie.storage.lake.place import Place
from coterie.storage.lake.typed import TYPES
from coterie.storage.log import SCHEMA, conform

COLUMNS = {"amount": TYPES["number"], "product": TYPES["text"]}


def store(place: Path | Place, span_rows: int = 1_000) -> EventStore:
    """Return a log with typed columns and small spans."""
    return EventStore(place, columns=COLUMNS, span_rows=span_rows)


def events(first: int, count: int, people: int = 97, step: int = 1) -> pa.Table:
    """Return events ``first``, ``first + step`` …: one an instant, everybody in turn."""
    numbers = range(first, first + count * step, step)
    return conform(
        pa.table(
            {
                "event_id": [f"event-{n}" for n in numbers],
                "profile": [person(n, people) for n in numbers],
                "name": [("view", "order", "add_to_cart")[n % 3] for n in numbers],
                "occurred_at": [1_000 + n for n in numbers],
                "received_at": [1_000 + n for n in numbers],
                "properties": [properties(n) for n in numbers],
            }
        )
    )


def person(n: int, people: int = 97) -> str:
    """Return whose event ``n`` is."""
    return f"person-{n % people:04d}"


def properties(n: int) -> str:
    """Return the properties of event ``n``: amounts whole and broken, products, and some without either."""
    if n % 5 == 0:
        return "{}"
    return f'{{"amount":{n % 7 + n % 4 / 4:g},"product":"p-{n % 11}"}}'


def landed(log: EventStore, first: int, count: int, people: int = 97) -> None:
    """The events are landed, as the server does it."""
    positions = pa.array(range(first, first + count), pa.int64())
    rows = events(first, count, people).set_column(0, SCHEMA.field("position"), positions)
    log.extend(rows, first + count, {"journal": first + count})


def contents(log: EventStore) -> list[dict[str, Any]]:
    """Return every row, in log order."""
    rows: list[dict[str, Any]] = log.scan().to_pylist()
    return rows

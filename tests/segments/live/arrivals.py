"""Small logs for the live reader: one line per arrival, everything else derived."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import Any

import pyarrow as pa

from coterie.limits import HOUR_US, MINUTE_US
from coterie.model import Event
from coterie.segments.live import Changes
from coterie.values import canonical, event_key

START = 1_790_000_000_000_000


def event(number: int, profile: str, name: str, at: int, late: int = 0, **properties: Any) -> Event:
    """Return the event that happened ``at`` µs after START and arrived ``late`` µs after that."""
    occurred = START + at
    return Event(
        id=f"e{number}",
        profile=profile,
        name=name,
        occurred_at=occurred,
        received_at=occurred + late,
        properties=properties,
    )


def table(
    events: Iterable[Event], first: int = 0, numeric: bool = False, hot: dict[str, pa.DataType] | None = None
) -> pa.Table:
    """Return events as a log table; ``hot`` properties are typed columns and not in the JSON."""
    rows, hot = list(events), hot or {}
    columns = {
        "position": pa.array(range(first, first + len(rows)), pa.int64()),
        "event_id": pa.array([row.id for row in rows], pa.string()),
        "event_key": pa.array([event_key(row.id) for row in rows], pa.int64()),
        "profile": pa.array([int(row.profile) for row in rows])
        if numeric
        else pa.array([row.profile for row in rows], pa.string()),
        "name": pa.array([row.name for row in rows], pa.string()),
        "occurred_at": pa.array([row.occurred_at for row in rows], pa.int64()),
        "received_at": pa.array([row.received_at for row in rows], pa.int64()),
        "properties": pa.array(
            [canonical({k: v for k, v in row.properties.items() if k not in hot}) for row in rows], pa.string()
        ),
    }
    for key, kind in hot.items():
        columns[f"p.{key}"] = pa.array([row.properties.get(key) for row in rows], kind)
    return pa.table(columns)


def random_events(seed: int, count: int, profiles: int, names: tuple[str, ...]) -> list[Event]:
    """Return disordered arrivals of busy profiles over about three days, in order of arrival."""
    rng, found = Random(seed), []
    for number in range(count):
        at = rng.randrange(0, 72 * 60) * MINUTE_US
        late = rng.choice((0, 0, 0, 1, MINUTE_US, 5 * HOUR_US))
        properties = {"sku": rng.choice("abc"), "price": rng.choice((1, 2.5, 10))}
        found.append(event(number, str(rng.randrange(profiles)), rng.choice(names), at, late, **properties))
    return sorted(found, key=lambda one: one.received_at)


def told(changes: Changes) -> list[tuple[str, str, str, int, str]]:
    """Return (segment, profile, direction, µs after START, cause) of every change."""
    rows = changes.table().to_pylist()
    return [(r["segment"], str(r["profile"]), r["direction"], r["at"] - START, r["cause"]) for r in rows]

"""What a batch says: which of its changes and events set a trigger off, and who was in what at each of its instants."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct

from coterie.model import Cause, Direction, Event, MembershipChange
from coterie.triggers.people import People
from coterie.values import parse

Place = tuple[int, int, int]
"""(instant, 0 for timers and 1 for arrivals, position): the order of the log within a batch."""
LAST: Place = (2**63 - 1, 2, 0)


class Found(Struct, frozen=True):
    """Something that may set triggers off: a change of membership, or an event, and its place."""

    place: Place
    change: MembershipChange | None
    event: Event | None


def place_of(change: MembershipChange) -> Place:
    return change.at, 0 if change.position < 0 else 1, change.position


class Batch:
    """The rows of the log and the changes of one commit. Nothing is read of them that no trigger asks for."""

    def __init__(self, rows: pa.Table, changes: pa.Table, people: People) -> None:
        self._rows, self._changes, self._people = rows, changes, people
        self._rows_by_id: dict[str, int] | None = None
        self._timeline: dict[tuple[str, str], tuple[list[Place], list[bool]]] | None = None
        self._merged: dict[tuple[str, int], set[str]] | None = None

    # ── what sets off ────────────────────────────────────────────────────────────────────────────────────────

    def changed(self, segments: pa.Array) -> list[Found]:
        """Return the changes of ``segments``, with the events that caused them when they are in this batch."""
        if not self._changes.num_rows or not len(segments):
            return []
        chosen = self._changes.filter(pc.is_in(self._changes["segment"], segments))
        found = [change_of(row) for row in chosen.to_pylist()]
        return [Found(place_of(one), one, self._event_by_id(one.event_id)) for one in found]

    def happened(self, names: pa.Array | None) -> list[Found]:
        """Return the events of these names (``None``: all) in log order."""
        if not self._rows.num_rows or (names is not None and not len(names)):
            return []
        chosen = self._rows if names is None else self._rows.filter(pc.is_in(self._rows["name"], names))
        rows = chosen.to_pylist() if chosen.num_rows else []
        return [Found((row["received_at"], 1, row["position"]), None, event_of(row)) for row in rows]

    def _event_by_id(self, event_id: str) -> Event | None:
        if not event_id:
            return None
        if self._rows_by_id is None:
            self._rows_by_id = {one: place for place, one in enumerate(self._rows["event_id"].to_pylist())}
        place = self._rows_by_id.get(event_id)
        return None if place is None else event_of(self._rows.slice(place, 1).to_pylist()[0])

    # ── who was in what ──────────────────────────────────────────────────────────────────────────────────────

    def is_in(self, profile: str, segment: str, place: Place) -> bool:
        """Return whether ``profile`` was in ``segment`` right after what stands at ``place``.

        The first change after it tells what was before; without one, it is as it is at the end of the batch.
        """
        if self._timeline is None:
            self._read_timeline()
        assert self._timeline is not None
        places, entered = self._timeline.get((profile, segment), ([], []))
        following = bisect_right(places, place)
        return not entered[following] if following < len(places) else segment in self._people.segments(profile)

    def is_carried_over(self, change: MembershipChange) -> bool:
        """Return whether a merge only moved a membership: the person had it before under one id, and has it after."""
        if change.cause != Cause.MERGE:
            return False
        if self._timeline is None:
            self._read_timeline()
        assert self._merged is not None
        if change.direction == Direction.ENTERED:
            return bool(self._merged.get((f"exited {change.segment}", change.position)))
        if self._merged.get((f"entered {change.segment}", change.position)):
            return True
        survivor = self._people.canonical(change.profile)
        return survivor != change.profile and self.is_in(survivor, change.segment, place_of(change))

    def _read_timeline(self) -> None:
        self._timeline, self._merged = {}, {}
        for row in self._changes.select(["segment", "profile", "direction", "at", "cause", "position"]).to_pylist():
            where = (row["at"], 0 if row["position"] < 0 else 1, row["position"])
            places, entered = self._timeline.setdefault((row["profile"], row["segment"]), ([], []))
            places.append(where)
            entered.append(row["direction"] == Direction.ENTERED)
            if row["cause"] == Cause.MERGE:
                who = self._merged.setdefault((f"{row['direction']} {row['segment']}", row["position"]), set())
                who.add(row["profile"])


def change_of(row: dict[str, Any]) -> MembershipChange:
    """Return the change that a row of a table of changes says."""
    return MembershipChange(
        segment=row["segment"],
        version=row["version"],
        profile=row["profile"],
        direction=Direction(row["direction"]),
        at=row["at"],
        cause=Cause(row["cause"]),
        event_id=row.get("event_id") or "",
        position=row["position"],
    )


def event_of(row: dict[str, Any]) -> Event:
    """Return the event that a row of the log says."""
    properties = parse(row["properties"])
    assert isinstance(properties, dict)
    return Event(
        id=row["event_id"],
        profile=row["profile"],
        name=row["name"],
        occurred_at=row["occurred_at"],
        received_at=row["received_at"],
        properties=properties,
    )


def events_of(tables: Iterable[pa.Table], names: frozenset[str] | None = None) -> list[Event]:
    """Return the events of tables of the log, those called one of ``names`` when given."""
    found: list[Event] = []
    for table in tables:
        rows = table if names is None else table.filter(pc.is_in(table["name"], pa.array(sorted(names), pa.string())))
        found += [event_of(row) for row in rows.to_pylist()]
    return found

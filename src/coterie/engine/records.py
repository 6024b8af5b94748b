"""Records that commands write into the log themselves, and the records of one person read out of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from msgspec import Struct

from coterie.engine.history import merges_of
from coterie.engine.privacy.stages import suppression_of
from coterie.engine.project import Project
from coterie.errors import Conflict, NotFound
from coterie.identity.merges import Merges
from coterie.model import Event, Value
from coterie.values import canonical, parse


class Fact(Struct, frozen=True):
    """Something to put into the log: its id, whose it is, its name and its flat properties."""

    id: str
    profile: str
    name: str
    properties: dict[str, Value]


def put(project: Project, facts: Sequence[Fact], at: int) -> int:
    """Add ``facts`` to the log as happening and arriving at ``at``, and return how many were new.

    Facts about people who were erased are left out. Raises: Conflict when all are.
    """
    suppression = suppression_of(project)
    kept = [fact for fact in facts if suppression is None or not suppression.bars_fact(fact.profile, fact.properties)]
    if facts and not kept:
        raise Conflict(
            "this person was erased and does not come back", hint="lift it: coterie privacy suppressed WHO --lift"
        )
    facts = kept
    table = pa.table(
        {
            "event_id": [fact.id for fact in facts],
            "profile": [fact.profile for fact in facts],
            "name": [fact.name for fact in facts],
            "occurred_at": pa.array([at] * len(facts), pa.int64()),
            "received_at": pa.array([at] * len(facts), pa.int64()),
            "properties": [canonical(fact.properties) for fact in facts],
        }
    )
    return project.events.append(table).added


def event_of(row: dict[str, Any]) -> Event:
    """Return a row of the log as an event."""
    properties = parse(row["properties"])
    return Event(
        id=row["event_id"],
        profile=row["profile"],
        name=row["name"],
        occurred_at=row["occurred_at"],
        received_at=row["received_at"],
        properties=properties if isinstance(properties, dict) else {},
    )


class Person(Struct, frozen=True):
    """A profile with everything that any of its ids ever received: ``log`` in log order.

    ``ids`` are all others that were ever part of one person with it; ``merges`` says which are at an instant.
    """

    profile: str
    ids: tuple[str, ...]
    log: pa.Table
    merges: Merges

    def events(self) -> list[Event]:
        """Return the records as events, in log order."""
        return [event_of(row) for row in self.log.to_pylist()]


def person(project: Project, profile: str) -> Person:
    """Return the person that ``profile`` belongs to after all merges. Raises: NotFound when no record names it."""
    merges = merges_of(project.events)
    canonical_id = merges.canonical(profile)
    family = tuple(sorted(merges.family(canonical_id) - {canonical_id}))
    log = project.events.scan(profiles=[canonical_id, *family])
    if not log.num_rows:
        raise NotFound(f"no profile {profile!r}", hint="members of a segment: coterie members KEY")
    return Person(canonical_id, family, log, merges)

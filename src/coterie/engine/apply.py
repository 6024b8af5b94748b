"""Definitions put into force: versioned, kept, backfilled, and told as membership changes with cause ``edit``."""

from __future__ import annotations

from typing import Literal

import msgspec

from coterie.engine import definitions
from coterie.engine.holding import holding
from coterie.engine.moves import put_and_record, table_of
from coterie.engine.plan import Plan, Row, as_data, make_plan
from coterie.engine.project import Project
from coterie.engine.records import Fact
from coterie.model import SET, Cause
from coterie.segments.definition import Segment
from coterie.storage.applied import Apply, Entry
from coterie.storage.lists import ListChange

KEPT: dict[str, Literal["added", "changed", "removed"]] = {
    "new": "added",
    "changed": "changed",
    "described": "changed",
    "removed": "removed",
}


def listed(project: Project) -> list[tuple[ListChange, list[Fact]]]:
    """Return what changed in each of ``lists/*.csv``, and the facts that say so: traits ``list.<key>``.

    Who is taken off a list has the trait ``false``: being removed is not the same as never having been on it.
    """
    found = (project.lists.change(key) for key in project.lists.names())
    return [(change, _facts(change)) for change in found if change.added or change.removed]


def _facts(change: ListChange) -> list[Fact]:
    name, version = f"list.{change.key}", change.version
    moves = [*((one, True) for one in change.added), *((one, False) for one in change.removed)]
    return [Fact(f"{name}@{version}:{profile}", profile, SET, {name: on}) for profile, on in moves]


@holding("lists")
def take_lists(project: Project) -> int:
    """Bring the changes of ``lists/*.csv`` into the log and return how many people they concern."""
    taken = listed(project)
    facts = [fact for _, some in taken for fact in some]
    if facts:
        put_and_record(project, facts, project.next_instant())
    for change, _ in taken:
        project.lists.take(change)
    return len(facts)


@holding("members")
def put_by_hand(project: Project, key: str, profile: str, state: Literal["in", "out"] | None) -> int:
    """Put a person into a manual segment or take them out, whatever the rule says; ``None`` leaves it to the rule again.

    Returns the number of membership changes. The latest word counts.
    """
    number = project.events.extent().events
    fact = Fact(f"manual.{key}:{profile}#{number}", profile, SET, {f"manual.{key}": state})
    return put_and_record(project, [fact], project.next_instant())


@holding("apply")
def apply(project: Project, at: int) -> Plan:
    """Put the definitions on disk into force at the instant ``at`` and return what changed. An empty plan records nothing.

    Lists are taken into the log first; the instant is then that of the last of them, if it lies later. Raises: InvalidDefinition; nothing is recorded then.
    """
    segments = definitions.on_disk(project)
    definitions.catalog(project, segments)
    if take_lists(project):
        at = max(at, project.events.extent().last_received_at)
    plan = make_plan(project, at, segments)
    by_key = {segment.key: segment for segment in segments}
    entries = tuple(_entry(row, by_key.get(row.key)) for row in plan.rows if row.difference in KEPT)
    if entries:
        project.applied.record(Apply(number=len(project.applied.history()) + 1, at=at, entries=entries))
    project.changes.append(table_of(row.key, row.version, row.entered, row.exited, at, Cause.EDIT) for row in plan.rows)
    return plan


def _entry(row: Row, segment: Segment | None) -> Entry:
    definition = as_data(msgspec.structs.replace(segment, version=row.version)) if segment is not None else {}
    return Entry(
        key=row.key,
        change=KEPT[row.difference],
        version=row.version,
        definition=definition,
        entered=len(row.entered),
        exited=len(row.exited),
    )

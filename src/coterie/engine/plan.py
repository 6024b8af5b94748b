"""What would change if the definitions on disk were applied: which definitions, and who would enter and leave."""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import Struct

from coterie.engine import definitions
from coterie.engine.history import History
from coterie.engine.project import Project
from coterie.segments.catalog import Catalog
from coterie.segments.definition import Segment
from coterie.segments.parse import data_of
from coterie.storage.lists import ListChange
from coterie.values import canonical

Difference = Literal["new", "changed", "described", "follows", "removed", "same"]
"""``described``: only words for people changed; ``follows``: a segment it refers to changed."""
_WORDS = ("title", "description", "owner", "tags")


class Row(Struct, frozen=True, kw_only=True):
    """One segment of a plan. ``entered`` and ``exited`` are sorted profiles; ``size`` is that after the apply."""

    key: str
    difference: Difference
    version: int
    size: int = 0
    entered: tuple[str, ...] = ()
    exited: tuple[str, ...] = ()


class Plan(Struct, frozen=True, kw_only=True):
    """Everything an apply at the instant ``at`` would do."""

    at: int
    rows: tuple[Row, ...]
    lists: tuple[ListChange, ...] = ()

    @property
    def is_empty(self) -> bool:
        return all(row.difference == "same" for row in self.rows) and not self.lists


def make_plan(project: Project, at: int, segments: list[Segment] | None = None) -> Plan:
    """Return the plan of applying ``segments`` (those on disk when left out). Raises: InvalidDefinition.

    Cost: two statements of the batch reader for each segment that differs.
    """
    wanted = definitions.on_disk(project) if segments is None else segments
    after = definitions.catalog(project, wanted)
    before = definitions.catalog(project, definitions.in_force(project))
    current = project.applied.current()
    differences = differences_of(wanted, {key: entry.definition for key, entry in current.items()}, before, after)
    rows: list[Row] = []
    with History(project.events) as history:
        for key in sorted(differences):
            difference, held = differences[key], set[str]()
            held_now = held
            if difference not in ("same", "described"):
                held = history.members_at(before, key, at) if key in before else held
                held_now = history.members_at(after, key, at) if key in after else held_now
            elif difference == "same":
                held = held_now = history.members_at(after, key, at)
            rows.append(
                Row(
                    key=key,
                    difference=difference,
                    version=version_after(key, wanted, current[key].version if key in current else 0, difference),
                    size=len(held_now),
                    entered=tuple(sorted(held_now - held)),
                    exited=tuple(sorted(held - held_now)),
                )
            )
    changes = (project.lists.change(key) for key in project.lists.names())
    return Plan(at=at, rows=tuple(rows), lists=tuple(one for one in changes if one.added or one.removed))


def differences_of(
    wanted: list[Segment], current: dict[str, dict[str, object]], before: Catalog, after: Catalog
) -> dict[str, Difference]:
    """Return how every segment, wanted or ``current`` (the definitions in force), differs."""
    found: dict[str, Difference] = {}
    for segment in wanted:
        told = as_data(segment)
        held = current.get(segment.key)
        if held is None:
            found[segment.key] = "new"
        elif canonical(_rule(told)) != canonical(_rule(held)):
            found[segment.key] = "changed"
        else:
            raised = segment.version > int(str(held.get("version", 1)))
            found[segment.key] = "described" if raised or _unversioned(told) != _unversioned(held) else "same"
    found |= {key: "removed" for key in current if key not in found}
    moved = {key for key, difference in found.items() if difference in ("new", "changed", "removed")}
    for key, difference in found.items():
        needs = set(after.closure(key).keys) - {key} if key in after else set()
        if difference in ("same", "described") and needs & moved:
            found[key] = "follows"
    return found


def as_data(segment: Segment) -> dict[str, object]:
    """Return a definition as it is kept: plain data that reads back as the same definition."""
    data: dict[str, object] = msgspec.json.decode(msgspec.json.encode(data_of(segment)))
    return data


def _rule(data: dict[str, object]) -> dict[str, object]:
    """Return a definition without its words for people and without its version: what decides who is a member."""
    return {key: value for key, value in data.items() if key not in (*_WORDS, "version")}


def _unversioned(data: dict[str, object]) -> str:
    return canonical({key: value for key, value in data.items() if key != "version"})


def version_after(key: str, wanted: list[Segment], held: int, difference: Difference) -> int:
    """Return the version in force after the apply: that of the file, or the next one when a changed rule kept its number."""
    written = next((segment.version for segment in wanted if segment.key == key), held)
    if difference == "changed":
        return max(written, held + 1)
    return max(written, held) if difference != "removed" else held

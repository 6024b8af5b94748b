"""What happened to a project while no server ran: the log or the change log was changed from outside."""

from __future__ import annotations

from msgspec import Struct

from coterie.engine.project import Project
from coterie.storage.state.progress import Lake


class Marks(Struct, frozen=True, kw_only=True):
    """What the newest landing said: entries, rows, changes and timers up to these are in the Delta tables."""

    journal: int = 0
    log: int = 0
    sequence: int = 0
    advanced_to: int = 0


def newest_marks(project: Project) -> Marks:
    """Return what the newest landing in either table said, all zero when there was none."""
    found = [
        Marks(**{name: store.said(name) for name in Marks.__struct_fields__})
        for store in (project.events, project.changes)
        if store.said("landings")
    ]
    return max(found, key=lambda marks: (marks.log, marks.journal, marks.sequence), default=Marks())


def was_log_changed(project: Project, seen: Lake) -> bool:
    """Return whether anybody but a landing wrote to the log since it was last seen."""
    return project.events.edition() != seen.events


def were_changes_changed(project: Project, seen: Lake) -> bool:
    """Return whether anybody but a landing wrote to the change log since it was last seen."""
    return project.changes.edition() != seen.changes

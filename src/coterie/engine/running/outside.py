"""What happened to a project while no server ran: the log or the change log was changed from outside."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from coterie.engine.project import Project
from coterie.engine.running.landing import LANDING, WRITER
from coterie.storage.delta import Commit

_TIDYING = ("OPTIMIZE", "VACUUM START", "VACUUM END", "CREATE TABLE")


class Marks(Struct, frozen=True, kw_only=True):
    """What the newest landing said: entries, rows, changes and timers up to these are in the Delta tables."""

    journal: int = 0
    log: int = 0
    sequence: int = 0
    advanced_to: int = 0


def newest_marks(project: Project) -> Marks:
    """Return the marks of the newest landing in either table, all zero when there was none."""
    found = [
        Marks(**{name: int(commit.marks[name]) for name in Marks.__struct_fields__})
        for commit in (*project.events.commits(), *project.changes.commits())
        if commit.marks.get(WRITER) == LANDING
    ]
    return max(found, key=lambda marks: (marks.log, marks.journal, marks.sequence), default=Marks())


def was_changed(commits: Iterable[Commit], version: int) -> bool:
    """Return whether anybody but a landing wrote to a table since it was last seen at ``version``."""
    return any(
        commit.version > version and commit.marks.get(WRITER) != LANDING and commit.operation not in _TIDYING
        for commit in commits
    )

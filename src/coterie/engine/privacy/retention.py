"""Letting go of what is older than the project wants to keep: by command, and by the running server once an hour."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from msgspec import Struct

from coterie.engine.holding import writing
from coterie.engine.privacy.renewal import renew, save_anew
from coterie.engine.privacy.shut import note_lake
from coterie.engine.project import HIDDEN, Project
from coterie.engine.running import snapshots
from coterie.engine.running.files import open_state, snapshots_path, state_path
from coterie.privacy.policy import TABLES, Policy, policy_of
from coterie.storage.access import AccessStore
from coterie.storage.state.database import Connection, StateDatabase

STATE: dict[str, tuple[str, str]] = {
    "changes": ("changes", "at < ?"),
    "deliveries": ("outbox", "finished_at > 0 AND finished_at < ?"),
    "runs": ("trigger_runs", "started_at < ?"),
    "remarks": ("remarks", "last_at < ?"),
}
"""Table of the policy → (table of ``state.db``, which of its rows are older than an instant)."""


class Kept(Struct, frozen=True, kw_only=True):
    """One table: days that it is kept (``None``: for ever), and rows that are older, or were until just now."""

    table: str
    days: float | None
    rows: int


def look(project: Project, connection: Connection | None = None) -> list[Kept]:
    """Return how many rows of each table are older than the project wants to keep. Nothing is changed."""
    policy, now = policy_of(project.settings.privacy.retention), project.wall()
    with _state(project, connection) as opened:
        return [_kept(project, table, policy, now, opened) for table in TABLES]


def retain(project: Project) -> list[Kept]:
    """Return how many rows of each table went. No server runs. Raises: Held."""
    with writing(project, "privacy retention"):
        found = look(project)
        policy, now = policy_of(project.settings.privacy.retention), project.wall()
        if _is_due(found, "events"):
            _let_go_of_events(project, policy, now)
            for path in snapshots.paths_of(snapshots_path(project)):
                path.unlink(missing_ok=True)
        _let_go_beside(project, policy, now)
        if state_path(project).exists():
            database = open_state(project)
            try:
                with database.transaction() as connection:
                    _let_go_of_state(connection, policy, now)
                    note_lake(project, connection)
                database.condense()
            finally:
                database.close()
        return found


def retain_served(runner: Any, still: Sequence[Callable[[], Any]] = ()) -> list[Kept]:
    """Return how many rows of each table went, while ``runner`` serves. Events that go are forgotten by the live state too.

    Who leaves or enters a segment by that does so with cause ``edit``. Cost: nothing when nothing is too old; else what an
    erasure costs.
    """
    project = Project(runner.project.root, runner.clock, runner.project.settings)
    policy, now = policy_of(project.settings.privacy.retention), project.wall()
    if not policy.days:
        return []
    runner.land()
    found = look(project, runner.database.reader())
    if not any(one.rows for one in found):
        return found
    if _is_due(found, "events"):
        _let_go_of_events(project, policy, now)
        renew(runner, None)
        save_anew(runner)
    _let_go_beside(project, policy, now)
    with runner.database.transaction(aside=True) as connection:
        _let_go_of_state(connection, policy, now)
        note_lake(project, connection)
    return found


def _is_due(found: Sequence[Kept], table: str) -> bool:
    return any(one.table == table and one.rows for one in found)


def _kept(project: Project, table: str, policy: Policy, now: int, connection: Connection | None) -> Kept:
    before = policy.before(table, now)
    rows = 0 if before is None else COUNTS[table](project, before, connection)
    return Kept(table=table, days=policy.days.get(table), rows=rows)


def _events(project: Project, before: int, connection: Connection | None) -> int:
    return project.events.older(before)


def _changes(project: Project, before: int, connection: Connection | None) -> int:
    return project.changes.older(before)


def _quarantine(project: Project, before: int, connection: Connection | None) -> int:
    return project.quarantine.older(before)


def _audit(project: Project, before: int, connection: Connection | None) -> int:
    return _with_access(project, lambda store: store.older(before))


def _of_state(table: str) -> Callable[[Project, int, Connection | None], int]:
    name, condition = STATE[table]

    def count(project: Project, before: int, connection: Connection | None) -> int:
        if connection is None:
            return 0
        return int(connection.execute(f"SELECT count(*) FROM {name} WHERE {condition}", (before,)).fetchone()[0])

    return count


COUNTS: dict[str, Callable[[Project, int, Connection | None], int]] = {
    "events": _events,
    "changes": _changes,
    "quarantine": _quarantine,
    "deliveries": _of_state("deliveries"),
    "runs": _of_state("runs"),
    "audit": _audit,
    "remarks": _of_state("remarks"),
}


def _let_go_of_events(project: Project, policy: Policy, now: int) -> None:
    before = policy.before("events", now)
    if before is not None:
        project.events.retain(before)


def _let_go_beside(project: Project, policy: Policy, now: int) -> None:
    """Tables that no state follows from."""
    changes, quarantine, audit = (policy.before(one, now) for one in ("changes", "quarantine", "audit"))
    if changes is not None:
        project.changes.retain(changes)
    if quarantine is not None:
        project.quarantine.retain(quarantine)
    if audit is not None:
        _with_access(project, lambda store: store.forget(audit))


def _let_go_of_state(connection: Connection, policy: Policy, now: int) -> None:
    for table, (name, condition) in STATE.items():
        before = policy.before(table, now)
        if before is not None:
            connection.execute(f"DELETE FROM {name} WHERE {condition}", (before,))


def _with_access(project: Project, work: Callable[[AccessStore], int]) -> int:
    path = project.root / HIDDEN / "access.db"
    if not path.exists():
        return 0
    store = AccessStore(path)
    try:
        return work(store)
    finally:
        store.close()


@contextmanager
def _state(project: Project, connection: Connection | None) -> Iterator[Connection | None]:
    if connection is not None or not state_path(project).exists():
        yield connection
        return
    database: StateDatabase = open_state(project)
    try:
        yield database.reader()
    finally:
        database.close()

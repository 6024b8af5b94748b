"""The state of a runner from the whole log: the first start, a log that was changed from outside, other definitions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa

from coterie.engine.identity import learn
from coterie.engine.moves import table_of
from coterie.engine.project import Project
from coterie.engine.running import snapshots
from coterie.engine.running.files import snapshots_path
from coterie.engine.running.landing import told_of
from coterie.engine.running.moved import rows_of
from coterie.engine.running.outside import Marks
from coterie.engine.running.rebuilding import traits_of
from coterie.engine.running.recovery import Recovery
from coterie.engine.running.state import State
from coterie.model import Cause
from coterie.storage.state import arrivals, changes, identifiers, memberships, profiles, progress
from coterie.storage.state.database import StateDatabase
from coterie.storage.state.progress import Lake, Progress


def rebuild(recovery: Recovery, marks: Marks, present: int) -> State:
    """Return the state as the whole log says, committed. Timers fire until ``marks.advanced_to`` or ``present``, if given.

    Memberships keep the instants and causes that the change log told; where the change log is empty it is written as if the
    definitions had always been in force. What then still differs is told as changes with cause ``edit``. Cost: a few µs per row.
    """
    database, project = recovery.database, recovery.project
    settle_waiting(project, database)
    snapshots.keep(snapshots_path(project), 0)  # they are of what was; nothing may begin from them any more
    state = recovery.empty()
    first = project.changes.length() == 0
    total = max(1, project.events.length())
    found: list[changes.Moved] = []
    for table in recovery.log.rows(hot=needed(state)):
        for part in _slices(table):
            told = state.live.apply(part)
            found += rows_of(told, part["event_id"].to_pylist(), part["position"].to_numpy()) if first else []
            state.log_position = part["position"][-1].as_py() + 1
        recovery.report(
            f"reading the whole log: {state.log_position:,} of {total:,} rows", 0.8 * state.log_position / total
        )
    state.log_position = project.events.length()
    until = max(marks.advanced_to, present)
    if until > state.live.now:
        told = state.live.advance(until)
        found += rows_of(told) if first else []
    recovery.report("recognising people", 0.85)
    learn(state.identities, project)
    recovery.fill_seen(state)
    recovery.report("reading traits", 0.9)
    rows = traits_of(recovery.log.rows(), state.identities.canonical)
    if first and found:
        _write_history(project, found, state, marks)
    state.journal_position = marks.journal
    _commit(database, project, state, rows.values())
    return state


def needed(state: State) -> tuple[str, ...]:
    """Return the properties that the live reader asks for."""
    draft = state.live.made.draft
    return tuple(dict.fromkeys([*draft.coded, *draft.numbered]))


def settle_waiting(project: Project, database: StateDatabase) -> None:
    """Rows that a crashed server left committed but not landed are in the log, wherever their instant puts them."""
    waiting = list(arrivals.tables(database.writer))
    if waiting:
        project.events.append(pa.concat_tables(waiting))
        with database.transaction() as connection:
            connection.execute("DELETE FROM arrivals")


def reconcile(state: State, database: StateDatabase) -> list[changes.Moved]:
    """Return the changes, cause ``edit``, that make the committed memberships those of the live reader."""
    held = memberships.all_of(database.writer)
    versions = {one.key: one.version for one in state.live.catalog}
    tables = []
    for key in state.live.made.keys:
        now, before = set(state.live.members(key)), held.pop(key, set())
        entered, exited = sorted(now - before), sorted(before - now)
        tables.append(table_of(key, versions[key], entered, exited, state.now, Cause.EDIT))
    for key, before in held.items():
        if key not in state.keys:
            tables.append(table_of(key, 0, [], sorted(before), state.now, Cause.EDIT))
    return [row for table in tables for row in changes.moved_of(table)]


def _slices(table: pa.Table, rows: int = 100_000) -> Iterator[pa.Table]:
    for start in range(0, table.num_rows, rows):
        yield table.slice(start, rows)


def _write_history(project: Project, found: list[changes.Moved], state: State, marks: Marks) -> None:
    numbered = changes.table_of(changes.numbered(found, 0))
    reached = Progress(journal=marks.journal, log=state.log_position, advanced_to=state.now, sequence=numbered.num_rows)
    project.changes.extend(numbered, numbered.num_rows, told_of(reached))


def _commit(database: StateDatabase, project: Project, state: State, rows: Iterable[profiles.Row]) -> None:
    """Everything that the log says is committed, in place of what was."""
    state.sequence = project.changes.length()
    lake = Lake(events=project.events.edition(), changes=project.changes.edition(), sequence=state.sequence)
    standing = project.changes.standing()
    columns = [standing[name].to_pylist() for name in ("profile", "segment", "version", "at", "cause", "event_id")]
    everybody = list(rows)
    with database.transaction() as connection:
        connection.execute("DELETE FROM changes")
        memberships.replace(connection, zip(*columns, strict=True))
        profiles.clear(connection)
        for start in range(0, len(everybody), 50_000):
            profiles.store(connection, everybody[start : start + 50_000])
        identifiers.clear(connection)
        state.identities.changed()
        identifiers.fold(connection, list(state.identities.rows()))
        progress.write_lake(connection, lake)
    moved = changes.numbered(reconcile(state, database), state.sequence)
    with database.transaction() as connection:
        if moved:
            changes.add(connection, moved)
            memberships.fold(connection, state.sequence, moved[-1][0])
        memberships.keep_sizes(connection, state.keys)
        state.sequence += len(moved)
        progress.write(
            connection,
            Progress(
                journal=state.journal_position,
                log=state.log_position,
                advanced_to=state.now,
                sequence=state.sequence,
                catalog=state.catalog,
            ),
        )

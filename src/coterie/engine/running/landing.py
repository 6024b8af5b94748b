"""From committed state into the Delta tables: rows of the log, changes, refusals. Repeating any of it changes nothing."""

from __future__ import annotations

import pyarrow as pa
from msgspec import Struct

from coterie.engine.project import Project
from coterie.storage.log import SCHEMA as LOG
from coterie.storage.state import arrivals, changes, progress, refusals
from coterie.storage.state.database import StateDatabase

CHANGES_KEPT = 1_000_000
"""Changes that stay in the committed state for readers of the stream, although they are landed."""


def told_of(reached: progress.Progress) -> dict[str, int]:
    """Return what a landing says of itself, as Delta application transactions: how far everything is with it."""
    return {
        "landings": 1,
        "journal": reached.journal,
        "log": reached.log,
        "sequence": reached.sequence,
        "advanced_to": reached.advanced_to,
    }


class Landed(Struct, frozen=True, kw_only=True):
    """What is in the Delta tables now. ``journal``: entries up to it are there with all their rows."""

    rows: int
    journal: int
    sequence: int


def land(project: Project, database: StateDatabase) -> Landed:
    """Everything committed so far is in the Delta tables and takes no room in the committed state any more.

    What a crash left half done is done once: rows that are in the table already are not added again. Cost: about 1 µs per row,
    on any thread but one at a time. Raises: Problem when the tables were changed from outside.
    """
    database.checkpoint()
    with database.snapshot() as connection:
        seen = progress.read_lake(connection)
        reached = progress.read(connection) or progress.Progress()
        have = project.events.length()
        tables = list(arrivals.tables(connection, have))
        known = project.changes.length()
        moved = changes.page(connection, known, 1 << 60)
        number, refused = refusals.waiting(connection)
    told = told_of(reached)
    if refused.num_rows:
        project.quarantine.add(refused)
    project.changes.extend(changes.table_of(moved), reached.sequence, told)
    if tables or reached.log > have:
        project.events.extend(pa.concat_tables(tables) if tables else LOG.empty_table(), reached.log, told)
    lake = progress.Lake(events=seen.events, changes=seen.changes, sequence=max(reached.sequence, known))
    with database.transaction(aside=True) as connection:
        progress.write_lake(connection, lake)
        arrivals.forget(connection, reached.log)
        refusals.forget(connection, number)
        changes.forget(connection, reached.sequence - CHANGES_KEPT)
    return Landed(rows=max(reached.log, have), journal=reached.journal, sequence=lake.sequence)

"""Who moved when something outside the stream of events changed: memberships before and after, as membership changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa

from coterie.engine import definitions
from coterie.engine.history import History
from coterie.engine.project import Project
from coterie.engine.records import Fact, put
from coterie.model import Cause, Direction
from coterie.storage import changes

_SCHEMA = pa.schema(list(changes.SCHEMA)[:-1])


def memberships(project: Project, at: int) -> dict[str, set[str]]:
    """Return the members at ``at`` of every segment in force."""
    catalog = definitions.catalog(project, definitions.in_force(project))
    with History(project.events) as history:
        return {key: history.members_at(catalog, key, at) for key in catalog.keys}


def put_and_record(project: Project, facts: Sequence[Fact], at: int) -> int:
    """Add ``facts`` to the log at ``at``, keep the membership changes that they cause, and return how many those are."""
    before = memberships(project, at)
    put(project, facts, at)
    after = memberships(project, at)
    versions = {key: entry.version for key, entry in project.applied.current().items()}
    tables = [
        table_of(
            key, versions[key], sorted(after[key] - before[key]), sorted(before[key] - after[key]), at, Cause.TRAIT
        )
        for key in after
    ]
    return project.changes.append(tables)


def table_of(key: str, version: int, entered: Iterable[str], exited: Iterable[str], at: int, cause: Cause) -> pa.Table:
    """Return changes of one segment at one instant, those who leave first."""
    gone, come = list(exited), list(entered)
    n = len(gone) + len(come)
    columns: dict[str, Any] = {
        "segment": pa.repeat(key, n),
        "version": pa.repeat(version, n),
        "profile": [*gone, *come],
        "direction": pa.concat_arrays(
            [pa.repeat(str(Direction.EXITED), len(gone)), pa.repeat(str(Direction.ENTERED), len(come))]
        ),
        "at": pa.repeat(at, n),
        "cause": pa.repeat(str(cause), n),
        "event_id": pa.repeat("", n),
        "position": pa.repeat(-1, n),
    }
    return pa.table([pa.array(columns[f.name], f.type) if f.name == "profile" else columns[f.name].cast(f.type) for f in _SCHEMA],
                    schema=_SCHEMA)  # fmt: skip

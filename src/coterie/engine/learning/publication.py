"""What was learned about people, written into the log as their traits: facts like any other, the same for every reader."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import pyarrow as pa
from msgspec import Struct

from coterie.engine.holding import holding
from coterie.engine.moves import memberships, table_of
from coterie.engine.privacy.stages import suppression_of
from coterie.engine.project import Project
from coterie.errors import Transient
from coterie.model import SET, Cause, Value
from coterie.values import canonical

Rows: TypeAlias = "Sequence[tuple[str, Mapping[str, Value]]]"
"""(profile, traits) of each person; a trait of ``None`` is removed."""

CHUNK_ROWS = 1_000
"""People in one entry of the journal, where a server runs: about 10 ms in which the runner does nothing else."""
PATIENCE_S = 60.0


class TraitsWritten(Struct, frozen=True, kw_only=True):
    """What a publication came to: people written about, membership changes that followed (where they are counted), the instant."""

    people: int
    changes: int | None
    at: int


@holding("publish")
def publish_traits(
    project: Project,
    rows: Rows,
    at: int | None = None,
    *,
    label: str,
    progress: Callable[[int], None] = lambda done: None,
) -> TraitsWritten:
    """The traits are in the log as ``$set`` records of the instant ``at`` (the next one when not said), and the membership
    changes that they cause are in the change log, cause ``trait``.

    ``label`` tells one publication from another: the same label, person and instant is written once. A record arrives at the
    next instant of the log and counts as of ``at``, so it never overrules what was learned later. Records of people who were
    erased are left out. Raises: Held while a server runs. Cost: 5 µs per person, and two statements per segment in force.
    """
    now = project.next_instant()
    at = now if at is None else min(at, now)
    suppression = suppression_of(project)
    kept = [(who, told) for who, told in rows if suppression is None or not suppression.bars_fact(who, dict(told))]
    if not kept:
        return TraitsWritten(people=0, changes=0, at=at)
    before = memberships(project, now)
    project.events.append(_table(kept, at, now, label))
    progress(len(kept))
    after = memberships(project, now)
    versions = {key: entry.version for key, entry in project.applied.current().items()}
    moved = [
        table_of(key, versions[key], after[key] - before[key], before[key] - after[key], now, Cause.TRAIT)
        for key in after
    ]
    return TraitsWritten(people=len(kept), changes=project.changes.append(moved), at=at)


def put_traits(
    runner: Any, rows: Rows, at: int, *, label: str, progress: Callable[[int], None] = lambda done: None
) -> TraitsWritten:
    """As ``publish_traits`` where a server runs: the traits are committed, and what follows from them with them.

    Raises: Transient when the runner does not get to them; the same call again writes nothing twice.
    """
    done = 0
    for start in range(0, len(rows), CHUNK_ROWS):
        part = [
            {"id": _id(label, who, at), "name": SET, "profile": who, "properties": dict(told), "occurred_at": at}
            for who, told in rows[start : start + CHUNK_ROWS]
            if not runner.intake.bars_fact(who, dict(told))
        ]
        if part and not runner.wait(runner.put(part), PATIENCE_S):
            raise Transient(
                "the server did not get to what was learned", hint="publish again: nothing is written twice"
            )
        done += len(part)
        progress(start + CHUNK_ROWS)
    return TraitsWritten(people=done, changes=None, at=at)


def _table(rows: Rows, at: int, now: int, label: str) -> pa.Table:
    return pa.table(
        {
            "event_id": [_id(label, who, at) for who, _ in rows],
            "profile": [who for who, _ in rows],
            "name": pa.repeat(SET, len(rows)),
            "occurred_at": pa.repeat(pa.scalar(at, pa.int64()), len(rows)),
            "received_at": pa.repeat(pa.scalar(now, pa.int64()), len(rows)),
            "properties": [canonical(dict(told)) for _, told in rows],
        }
    )


def _id(label: str, profile: str, at: int) -> str:
    return f"{label}:{profile}@{at}"

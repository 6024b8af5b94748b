"""Events out of the quarantine of a project that is not served: those that a stage of the intake refused."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pyarrow as pa

from coterie.connectors.conversion import IDENTIFIERS
from coterie.connectors.sources import replay
from coterie.engine.holding import holding
from coterie.engine.ingest import Ingested, Landing
from coterie.engine.intake import intake_of, profile_of
from coterie.engine.project import Project
from coterie.engine.refusals import is_event, refusal_of
from coterie.storage import quarantine
from coterie.values import canonical


@holding("quarantine replay")
def replay_events(project: Project, *, source: str = "", reason: str = "") -> Ingested:
    """Take refused events that pass the intake as it is now into the log; they leave the quarantine.

    Rows of files and calls are left: they need their mapping, or the server. An event of an import arrives when its file said, any
    other one now. Events are in the log before they are out of the quarantine; their ids keep them from being there twice.
    """
    intake, now = intake_of(project), project.next_instant()
    waiting: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    reasons: Counter[str] = Counter()
    seen = 0
    for row in project.quarantine.rows(source=source, reason=reason).to_pylist():
        if not is_event(row):
            continue
        seen += 1
        told = refusal_of(project, intake, row["row"], row["source"])
        if told is None:
            waiting.setdefault(row["source"], []).append((row["id"], _event(row["row"], now)))
        else:
            reasons[told[0]] += 1
    added = duplicates = events = 0
    for one, rows in waiting.items():
        landing = Landing(project, one, now)
        landing.keep(pa.Table.from_pylist([event for _, event in rows]), quarantine.SCHEMA.empty_table(), len(rows), 0)
        done = landing.commit()
        project.quarantine.remove([row_id for row_id, _ in rows])
        added, duplicates, events = added + done.added, duplicates + done.duplicates, events + done.events
    return Ingested(
        rows=seen, events=events, added=added, duplicates=duplicates, refused=reasons.total(), reasons=dict(reasons)
    )


def _event(text: str, now: int) -> dict[str, Any]:
    """Return the columns of an import that a quarantined event is."""
    one = replay.kept(text)
    assert one is not None  # asked before
    at = now if one.received_at is None else one.received_at
    identifiers = tuple(one.identifiers)
    return {
        "event_id": one.id, "profile": profile_of(identifiers), "name": one.name,
        "occurred_at": min(one.occurred_at, at), "received_at": at, "properties": canonical(one.properties),
        IDENTIFIERS: canonical(identifiers),
    }  # fmt: skip

"""Rows of a source that its mapping could not read, through the mapping as it is now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec
import pyarrow as pa

from coterie.connectors.conversion import Taken
from coterie.connectors.sources import replay
from coterie.connectors.sources.definitions import Definition
from coterie.connectors.sources.files import retake
from coterie.engine.holding import holding
from coterie.engine.ingest import Ingested, replay_quarantine
from coterie.engine.intake import identifiers_in
from coterie.engine.project import Project
from coterie.engine.refusals import EVENTS_MAX, Replayed, is_event
from coterie.identity.rules import rules_of
from coterie.values import parse

NOT_A_ROW = "not a row"


@holding("sources replay")
def take_again(project: Project, definition: Definition, *, now: int) -> Ingested:
    """Return what became of the refused rows of a source; those that pass are in the log and out of the quarantine."""
    return replay_quarantine(project, definition.mapping, now=now, label=definition.label)


def send_again(
    project: Project, definition: Definition, append: Callable[[str, str, bytes], int], *, now: int
) -> Replayed:
    """Return what became of the refused rows of a source that a server reads; those that pass are in the journal.

    Whoever asks takes ``ids`` out of the quarantine once the journal was followed to ``position``.
    """
    rows = project.quarantine.rows(source=definition.label)
    waiting = rows.filter(pa.array([not is_event(one) for one in rows.to_pylist()], pa.bool_()))
    taken = retake(waiting, definition.mapping, now=now)
    still = set(taken.refused["id"].to_pylist())
    ids = [one["id"] for one in waiting.to_pylist() if one["id"] not in still and one["reason"] != NOT_A_ROW]
    position: int | None = None
    events = _events(project, taken)
    for start in range(0, len(events), EVENTS_MAX):
        position = append(replay.ROUTE, definition.label, replay.pack(events[start : start + EVENTS_MAX]))
    reasons = dict(Counter(taken.refused["reason"].to_pylist()))
    return Replayed(ids=tuple(ids), refused=waiting.num_rows - len(ids), reasons=reasons, position=position)


def _events(project: Project, taken: Taken) -> list[str]:
    rules = rules_of(project.settings.identity)
    return [_text(one, identifiers_in(one, rules)) for one in taken.events.to_pylist()]


def _text(row: dict[str, Any], identifiers: tuple[tuple[str, str], ...]) -> str:
    properties = parse(row["properties"])
    told = {"id": row["event_id"], "name": row["name"], "identifiers": identifiers, "properties": properties}
    return msgspec.json.encode({**told, "occurred_at": row["occurred_at"]}).decode()

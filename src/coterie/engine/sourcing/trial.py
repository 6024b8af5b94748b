"""A source tried out: what is there, and what its first rows would become. Nothing is kept, nothing is acknowledged."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from msgspec import Struct

from coterie.connectors.sources.definitions import Definition
from coterie.connectors.sources.source import Position, Sight
from coterie.engine.intake import admit, identifiers_in, intake_of
from coterie.engine.project import Project
from coterie.engine.sourcing.mapper import Mapper
from coterie.engine.sourcing.sources import opened
from coterie.errors import Conflict
from coterie.identity.rules import Rules, rules_of
from coterie.values import parse


class Sample(Struct, frozen=True, kw_only=True):
    """An event as it would be kept."""

    id: str
    name: str
    profile: str
    identifiers: tuple[tuple[str, str], ...]
    occurred_at: int
    properties: dict[str, Any]


class RefusedRow(Struct, frozen=True, kw_only=True):
    """A row as it would go to quarantine."""

    reason: str
    place: str
    detail: str
    row: str


class Trial(Struct, frozen=True, kw_only=True):
    """What a source has, and what became of its first rows."""

    sight: Sight
    rows: int
    skipped: int
    events: tuple[Sample, ...]
    refused: tuple[RefusedRow, ...]
    dropped: int = 0


def attempt(
    project: Project, definition: Definition, *, now: int, rows: int = 20, position: Position | None = None
) -> Trial:
    """Return what the first rows behind ``position`` would become. Raises: the errors of ``failures``."""
    if definition.kind.pushed:
        raise Conflict(f"{definition.name} is sent to us, there is nothing to read", hint="send a test message")
    rules, intake = rules_of(project.settings.identity), intake_of(project)
    mapper = Mapper(definition, rules, limits=project.settings.limits)
    source = opened(project, definition)
    events: list[Sample] = []
    refused: list[RefusedRow] = []
    read = skipped = dropped = 0
    try:
        sight = source.look()
        for page in source.read(position or {}):
            taken = mapper.take(page.chunk, page.place, now, page.scope)
            admitted = admit(intake, rules, taken.events, definition.label, now)
            events += [_sample(one, rules) for one in admitted.events.slice(0, rows).to_pylist()]
            for one in pa.concat_tables([taken.refused, admitted.refused]).slice(0, rows).to_pylist():
                refused.append(
                    RefusedRow(reason=one["reason"], place=one["place"], detail=one["detail"], row=one["row"])
                )
            read, skipped, dropped = read + taken.rows, skipped + taken.skipped, dropped + admitted.dropped
            if read >= rows or (source.continuous and page.done >= 1.0 and not taken.rows):
                break
    finally:
        source.close()
    return Trial(
        sight=sight, rows=read, skipped=skipped, events=tuple(events[:rows]), refused=tuple(refused[:rows]), dropped=dropped
    )  # fmt: skip


def _sample(row: dict[str, Any], rules: Rules) -> Sample:
    properties = parse(row["properties"])
    return Sample(
        id=row["event_id"], name=row["name"], profile=row["profile"], identifiers=identifiers_in(row, rules),
        occurred_at=row["occurred_at"], properties=properties if isinstance(properties, dict) else {},
    )  # fmt: skip

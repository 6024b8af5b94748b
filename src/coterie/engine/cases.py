"""Differences between readers as files: the definitions, the few events, the instant, and what each reader said."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from coterie.engine import definitions
from coterie.engine.plan import as_data
from coterie.engine.project import HIDDEN, Project
from coterie.engine.verification import Difference
from coterie.model import Event
from coterie.segments.catalog import Catalog
from coterie.segments.conditions.form import Context
from coterie.segments.conditions.thresholds import Thresholds
from coterie.segments.definition import Segment, lower_all
from coterie.segments.parse import parse


class Case(Struct, frozen=True, kw_only=True):
    """Everything that is needed to see a difference again, in another place and on another day."""

    definitions: list[dict[str, Any]]
    time_zone: str
    thresholds: list[Thresholds]
    key: str
    profile: str
    at: int
    members: dict[str, list[str]]
    events: list[dict[str, Any]]


def write_case(project: Project, catalog: Catalog, found: Difference, segments: Sequence[Segment]) -> Path:
    """Write the difference to a new file in the project and return its path."""
    needed, context = catalog.closure(found.key), definitions.context(project)
    case = Case(
        definitions=[as_data(segment) for segment in segments if segment.key in needed],
        time_zone=context.time_zone,
        thresholds=[one for one in context.thresholds.values() if one.segment in needed],
        key=found.key,
        profile=found.profile,
        at=found.at,
        members=found.members,
        events=[msgspec.structs.asdict(event) for event in found.events],
    )
    folder = project.root / HIDDEN / "differences"
    folder.mkdir(parents=True, exist_ok=True)
    number = len(list(folder.glob(f"{found.key}-*.json"))) + 1
    file = folder / f"{found.key}-{number}.json"
    file.write_bytes(msgspec.json.format(msgspec.json.encode(case), indent=2))
    return file


def load_case(file: Path) -> tuple[Catalog, Difference]:
    """Return the definitions, lowered, and the difference of a case file."""
    case = msgspec.json.decode(file.read_bytes(), type=Case)
    context = Context(time_zone=case.time_zone, thresholds={(one.segment, one.version): one for one in case.thresholds})
    found = Difference(
        key=case.key,
        profile=case.profile,
        at=case.at,
        members=case.members,
        events=tuple(Event(**event) for event in case.events),
    )
    return lower_all([parse(one, str(file)) for one in case.definitions], context), found

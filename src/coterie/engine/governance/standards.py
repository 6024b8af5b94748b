"""The rules of a project that make values normal: as a stage of its intake, and tried out on events that nobody keeps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct

from coterie.connectors.sources.tracking.tracked import Tracked
from coterie.engine.project import Project
from coterie.engine.taxonomy.keys import names_of
from coterie.governance.parse import Standards, load
from coterie.governance.standardise import MADE, Standardise
from coterie.intake.stage import Stage
from coterie.model import Value
from coterie.values import flatten

FOLDER = "governance"
"""Folder of a project with the files of rules, and the rates and vocabularies that they name."""


class Change(Struct, frozen=True, kw_only=True):
    """What becomes of one value: ``null`` in place of one that is not there."""

    name: str
    """The property or trait, or ``(kind)`` of an identifier."""
    received: Value = None
    value: Value = None


class Trial(Struct, frozen=True, kw_only=True):
    """What the rules make of one event."""

    event: str
    refused: str = ""
    """Why it would go to quarantine; empty when it passes."""
    changes: tuple[Change, ...] = ()
    remarks: tuple[str, ...] = ()
    """What could not be made normal, and why."""


def standards_of(project: Project) -> Standards:
    """Return the rules in the project's folder ``governance/``. Raises: InvalidDefinition with every problem."""
    return load(project.root / FOLDER)


def standardise(project: Project) -> Stage | None:
    """Return the stage of the project's rules, ``None`` when it has none. Raises: InvalidDefinition."""
    standards = standards_of(project)
    return Standardise(standards, project.settings.limits, names_of(project)) if standards else None


def tried(standards: Standards, events: Iterable[Tracked], source: str, at: int) -> list[Trial]:
    """Return what the rules would make of each event. The events given are not changed."""
    stage = Standardise(standards)
    return [_tried(stage, one, source, at) for one in events]


def event_of(name: str, properties: dict[str, Any], identifiers: Sequence[tuple[str, str]], at: int) -> Tracked:
    """Return an event to try the rules on."""
    return Tracked("trial", name, tuple(identifiers), at, flatten(properties))


def _tried(stage: Standardise, event: Tracked, source: str, at: int) -> Trial:
    was = _told(event)
    one = Tracked(event.id, event.name, event.identifiers, event.occurred_at, event.properties, event.previous)
    passed = stage.apply([one], source, at)
    if passed.refused:
        refused = passed.refused[0]
        return Trial(event=event.name, refused=f"{refused.reason}: {refused.detail}")
    now = _told(one)
    changed = [name for name in {**was, **now} if was.get(name) != now.get(name)]
    return Trial(
        event=event.name,
        changes=tuple(Change(name=name, received=was.get(name), value=now.get(name)) for name in changed),
        remarks=tuple(f"{one.property}: {one.kind}" for one in passed.remarks if one.kind != MADE),
    )


def _told(event: Tracked) -> dict[str, Value]:
    return {**event.properties, **{f"({kind})": value for kind, value in event.identifiers}}

"""The rules of a project that make values normal: as a stage of its intake, and tried out on events that nobody keeps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct

from coterie.connectors.sources.tracking.tracked import Tracked
from coterie.engine.project import Project
from coterie.governance.parse import Standards, load
from coterie.governance.standardise import Standardise
from coterie.intake.stage import Stage
from coterie.model import Value
from coterie.values import flatten

FOLDER = "governance"
"""Folder of a project with the files of rules, and the rates and vocabularies that they name."""


class Trial(Struct, frozen=True, kw_only=True):
    """What the rules make of one event."""

    event: str
    refused: str = ""
    """Why it would go to quarantine; empty when it passes."""
    before: dict[str, Value] = {}
    """What would be changed, as it is now."""
    after: dict[str, Value] = {}
    """The same as it would be; a property that is dropped is missing here."""
    remarks: tuple[str, ...] = ()
    """What could not be made normal, and why."""


def standards_of(project: Project) -> Standards:
    """Return the rules in the project's folder ``governance/``. Raises: InvalidDefinition with every problem."""
    return load(project.root / FOLDER)


def standardise(project: Project) -> Stage | None:
    """Return the stage of the project's rules, ``None`` when it has none. Raises: InvalidDefinition."""
    standards = standards_of(project)
    return Standardise(standards, project.settings.limits) if standards else None


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
    changed = [key for key in {**was, **now} if was.get(key) != now.get(key) or (key in was) != (key in now)]
    return Trial(
        event=event.name,
        before={key: was[key] for key in changed if key in was},
        after={key: now[key] for key in changed if key in now},
        remarks=tuple(f"{one.property}: {one.kind}" for one in passed.remarks if "→" not in one.sample),
    )


def _told(event: Tracked) -> dict[str, Value]:
    return {**event.properties, **{f"({kind})": value for kind, value in event.identifiers}}

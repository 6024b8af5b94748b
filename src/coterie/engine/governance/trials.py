"""Rules tried on events that nobody keeps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from coterie.connectors.sources.tracking.tracked import Tracked
from coterie.engine.governance.standards import stage_of
from coterie.engine.intake import identifiers_of
from coterie.engine.project import Project
from coterie.governance.application import MADE
from coterie.governance.parse import Standards
from coterie.governance.standardise import Standardise
from coterie.identity.rules import rules_of
from coterie.model import Value
from coterie.storage.fields import recent
from coterie.values import flatten


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

    @property
    def is_idle(self) -> bool:
        """Return whether the event goes on as it came."""
        return not (self.refused or self.changes or self.remarks)


def event_of(name: str, properties: dict[str, Any], identifiers: Sequence[tuple[str, str]], at: int) -> Tracked:
    """Return an event to try the rules on."""
    return Tracked("trial", name, tuple(identifiers), at, flatten(properties))


def tried(project: Project, standards: Standards, events: Iterable[Tracked], source: str, at: int) -> list[Trial]:
    """Return what the rules would make of each event. The events given are not changed."""
    stage = stage_of(project, standards)
    return [_tried(stage, one, source, at) for one in events]


def tried_on_log(project: Project, standards: Standards, newest: int) -> list[Trial]:
    """Return what the rules would make of each of the newest events of the log. Cost: about 20 µs per event."""
    stage = stage_of(project, standards)
    rules = rules_of(project.settings.identity)
    found: list[Trial] = []
    for row in recent(project.events, newest).to_pylist():
        callers = identifiers_of(row["profile"], rules)
        event = Tracked(
            row["event_id"], row["name"], callers, row["occurred_at"], msgspec.json.decode(row["properties"])
        )
        found.append(_tried(stage, event, row["source"], row["received_at"]))
    return found


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

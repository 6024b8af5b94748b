"""What broke the plan: counted per kind, event, property and source, with the newest sample and what becomes of it now."""

from __future__ import annotations

from functools import cache

from msgspec import Struct

from coterie.engine.governance.remarked import remarked
from coterie.engine.project import Project
from coterie.engine.taxonomy.keys import names_of
from coterie.storage.state import remarks
from coterie.taxonomy.plan import TrackingPlan
from coterie.taxonomy.stage import action_of
from coterie.taxonomy.violation import STAGE, UNKNOWN_EVENT, Violation


class Counted(Struct, frozen=True, kw_only=True):
    """Violations of one kind. ``action`` is what becomes of such an event by the plan as it is now; ``source_name`` is the name
    of the key or source, where it has one beside ``source``."""

    kind: str
    event: str
    property: str
    source: str
    source_name: str
    count: int
    sample: str
    first_at: int
    last_at: int
    action: str
    owner: str


def violations(project: Project, plan: TrackingPlan | None, *, since: int = 0, event: str = "") -> list[Counted]:
    """Return what was counted since the day of an instant, the most frequent first, whether the project is served or not.

    ``plan`` says what becomes of such events now.
    """
    names = cache(names_of(project))
    return [
        Counted(
            kind=one.kind, event=one.event, property=one.property, source=one.source,
            source_name="".join(names(one.source)[1:2]), count=one.count, sample=one.sample, first_at=one.first_at,
            last_at=one.last_at, action=_action(one, plan, names(one.source)),
            owner="" if plan is None else plan.owner(one.event),
        )
        for one in remarked(project, STAGE, since)
        if not event or one.event == event
    ]  # fmt: skip


def _action(one: remarks.Counted, plan: TrackingPlan | None, source: tuple[str, ...]) -> str:
    """Return what becomes of an event by the plan now; a kind that the plan has learned of since is allowed."""
    if plan is None:
        return "allow"
    told = Violation(kind=one.kind, event=one.event, property=one.property)
    if one.event not in plan.events:
        return action_of(told, plan.unknown_event(source), None)
    if one.kind == UNKNOWN_EVENT:
        return "allow"
    return action_of(told, plan.unknown_event(source), plan.decided(one.event, source))

"""What broke the plan: counted per kind, event, property and source, with the newest sample and what becomes of it now."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from coterie.engine.project import Project
from coterie.engine.running.files import open_state, state_path
from coterie.storage.state import remarks
from coterie.storage.state.database import Connection
from coterie.taxonomy.plan import TrackingPlan
from coterie.taxonomy.stage import action_of
from coterie.taxonomy.violation import STAGE, UNKNOWN_EVENT, Violation


class Counted(Struct, frozen=True, kw_only=True):
    """Violations of one kind. ``action`` is what becomes of such an event by the plan as it is now."""

    kind: str
    event: str
    property: str
    source: str
    count: int
    sample: str
    first_at: int
    last_at: int
    action: str
    owner: str


def violations_in(
    connection: Connection,
    plan: TrackingPlan | None,
    names_of: Callable[[str], tuple[str, ...]],
    *,
    since: int = 0,
    event: str = "",
) -> list[Counted]:
    """Return what was counted since the day of the instant ``since``, the most frequent first."""
    return [
        Counted(
            kind=one.kind, event=one.event, property=one.property, source=one.source, count=one.count, sample=one.sample,
            first_at=one.first_at, last_at=one.last_at, action=_action(one, plan, names_of(one.source)),
            owner="" if plan is None else plan.owner(one.event),
        )
        for one in remarks.counts(connection, STAGE, since)
        if not event or one.event == event
    ]  # fmt: skip


def violations(project: Project, *, since: int = 0, event: str = "") -> list[Counted]:
    """Return what was counted in a project, whether it is served or not. Raises: InvalidDefinition for a plan that is wrong."""
    from coterie.engine.taxonomy.files import tracking_plan
    from coterie.engine.taxonomy.keys import names_of

    plan = tracking_plan(project)
    if not state_path(project).exists():
        return []
    database = open_state(project)
    try:
        return violations_in(database.reader(), plan, names_of(project), since=since, event=event)
    finally:
        database.close()


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

"""The tracking plan in force, and what broke it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query
from msgspec import Struct

from coterie.engine.taxonomy.violations import Counted, violations
from coterie.errors import NotFound
from coterie.segments.parse import data_of
from coterie.taxonomy.event import EventPlan
from coterie.taxonomy.plan import TrackingPlan
from coterie.taxonomy.stage import PlanStage
from coterie.web.api.desk import Desk
from coterie.web.api.pages import Rows, sliced
from coterie.web.api.routes import Cursor, Here, Limit, Routes, Word, instant

routes = Routes("tracking plan")


class EventTold(Struct, frozen=True, kw_only=True):
    """An event of the plan. ``properties`` are as they are written: name → type, required, enum, pattern, pii, …"""

    event: str
    description: str
    owner: str
    version: int
    deprecated: bool
    properties: dict[str, Any]


class PlanTold(Struct, frozen=True, kw_only=True):
    """The plan in force: what becomes of violations, and every event. ``planned`` says whether there is a plan at all."""

    planned: bool
    policy: dict[str, Any]
    events: tuple[EventTold, ...]


@routes.get("/tracking-plan", PlanTold)
async def read_tracking_plan(desk: Here) -> PlanTold:
    """Return the plan in force. After its files were changed: `POST /v1/intake/reload`."""
    plan = _plan(desk)
    if plan is None:
        return PlanTold(planned=False, policy={}, events=())
    events = tuple(_told(plan, one) for one in plan.events.values())
    return PlanTold(planned=True, policy=data_of(plan.policy), events=events)


@routes.get("/tracking-plan/violations", Rows[Counted])
async def list_violations(
    desk: Here,
    cursor: Cursor = None,
    limit: Limit = 100,
    since: Annotated[str | None, Query(description="Only from this day on: RFC 3339, a date, `7d ago`.", max_length=100)] = None,
    event: Annotated[str, Query(description="Only of this event.", max_length=500)] = "",
) -> Rows[Counted]:  # fmt: skip
    """Return what broke the plan: how often, where, a sample, and what becomes of it now; the most frequent first."""
    first = 0 if since is None else instant(since, desk, "since")
    found = await desk.ask(violations, desk.project, _plan(desk), since=first, event=event, landed=False)
    return sliced(found, cursor, limit)


@routes.get("/tracking-plan/events/{event}/schema", dict[str, Any])
async def read_event_schema(desk: Here, event: Word) -> dict[str, Any]:
    """Return the properties of an event as a JSON Schema document, for other tools."""
    plan = _plan(desk)
    if plan is None or event not in plan.events:
        raise NotFound(f"the plan has no event {event[:100]!r}", hint="see them: GET /v1/tracking-plan")
    return plan.events[event].json_schema()


def _plan(desk: Desk) -> TrackingPlan | None:
    return next((one.plan for one in desk.runner.intake.stages if isinstance(one, PlanStage)), None)


def _told(plan: TrackingPlan, one: EventPlan) -> EventTold:
    return EventTold(
        event=one.event, description=one.description, owner=plan.owner(one.event), version=one.version,
        deprecated=one.deprecated, properties=data_of(one.named),
    )  # fmt: skip

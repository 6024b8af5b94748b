"""What happens to every event before anybody asks whose it is: the stages in force, what they counted, and new rules."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Query
from msgspec import Struct

from coterie.engine.governance.remarked import remarked
from coterie.engine.intake import intake_of
from coterie.intake.intake import Intake
from coterie.segments.instants import from_us
from coterie.storage.state.remarks import Counted
from coterie.web.api.desk import Desk
from coterie.web.api.pages import Rows, sliced
from coterie.web.api.routes import By, Cursor, Here, Limit, Routes, instant

routes = Routes("intake")


class IntakeTold(Struct, frozen=True, kw_only=True):
    """The stages in force, in the order in which events pass them."""

    stages: tuple[str, ...]


class RemarkTold(Struct, frozen=True, kw_only=True):
    """One kind of remark: how often a stage made it, where, and what the value looked like."""

    stage: str
    kind: str
    event: str
    property: str
    source: str
    count: int
    sample: str
    first_at: datetime
    last_at: datetime


@routes.get("/intake", IntakeTold)
async def read_intake(desk: Here) -> IntakeTold:
    """Return the stages that events pass before identity: rules, suppression, tracking plan, pseudonyms."""
    return _told(desk.runner.intake)


@routes.get("/intake/remarks", Rows[RemarkTold])
async def list_remarks(
    desk: Here,
    cursor: Cursor = None,
    limit: Limit = 100,
    stage: Annotated[str, Query(description="Only what this stage counted.", max_length=100)] = "",
    since: Annotated[str | None, Query(description="Only from this day on: RFC 3339, a date, `7d ago`.", max_length=100)] = None,
) -> Rows[RemarkTold]:  # fmt: skip
    """Return what the stages counted although events went on: values made normal, violations; the most frequent first."""
    first = 0 if since is None else instant(since, desk, "since")
    found = await desk.ask(remarked, desk.project, stage, first, landed=False)
    return sliced([_remark(one) for one in found], cursor, limit)


@routes.post("/intake/reload", IntakeTold)
async def reload_intake(desk: Here, by: By) -> IntakeTold:
    """Put the rules, the tracking plan and the privacy settings on disk into force for events that arrive from now on."""
    before = _told(desk.runner.intake)
    after = _told(await desk.ask(_reload, desk, landed=False))
    await desk.record(by, "intake.reload", "intake", before, after)
    return after


def _reload(desk: Desk) -> Intake:
    intake = intake_of(desk.project)
    desk.runner.change_intake(intake)
    return intake


def _told(intake: Intake) -> IntakeTold:
    return IntakeTold(stages=tuple(one.name for one in intake.stages))


def _remark(one: Counted) -> RemarkTold:
    return RemarkTold(
        stage=one.stage, kind=one.kind, event=one.event, property=one.property, source=one.source, count=one.count,
        sample=one.sample, first_at=from_us(one.first_at), last_at=from_us(one.last_at),
    )  # fmt: skip

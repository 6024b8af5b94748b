"""Quality: what was found in the data, run now, accepted; reconciliations; the report as a page."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from fastapi import Query
from msgspec import Struct
from starlette.responses import Response

from coterie.engine.quality.alerts import day_text
from coterie.engine.quality.page import POLICY, page_of
from coterie.engine.quality.run import book_of
from coterie.engine.reconciling.reconcile import Asked, keep, reconcile_source
from coterie.engine.reconciling.result import Day, Reconciled
from coterie.engine.sourcing.sources import source_named
from coterie.segments.instants import from_us
from coterie.storage.quality.book import Kept
from coterie.web.api.pages import Rows, sliced
from coterie.web.api.routes import By, Cursor, Here, Limit, Routes, Word

routes = Routes("quality")


class FindingTold(Struct, frozen=True, kw_only=True):
    """Something that is not as it should be: on which day, which check, about what, how much, and what is normal."""

    id: int
    day: str
    severity: Literal["info", "warning", "error"]
    check: str
    stage: Literal["collect", "land", "profile"]
    event: str
    property: str
    source: str
    says: str
    received: float
    expected: float
    score: float
    rows: float
    owner: str
    rule: str
    found_at: datetime
    alerted_at: datetime | None
    accepted_at: datetime | None


class RunTold(Struct, frozen=True, kw_only=True):
    """One run of the checks: days measured and judged, findings of those days, and which of them are new."""

    at: datetime
    seconds: float
    measured: int
    judged: int
    findings: int
    new: tuple[FindingTold, ...] = ()


class WatchTold(Struct, frozen=True, kw_only=True):
    """How the checks of this server are doing: open findings of the last week by severity, and the last runs."""

    running: bool
    error: str
    findings: dict[str, int]
    runs: tuple[RunTold, ...]


class ReconciledDay(Struct, frozen=True, kw_only=True):
    """One day of one source, as it was compared last."""

    source: str
    day: str
    at: datetime
    counts: Day


Severity = Annotated[Literal["info", "warning", "error"], Query(description="This severity and worse.")]
SEVERITIES = ("info", "warning", "error")
Since = Annotated[int, Query(ge=1, le=366, description="Days back from the last day that was measured.")]


@routes.get("/quality", WatchTold)
async def read_quality(desk: Here) -> WatchTold:
    """Return how the checks are doing."""
    health = desk.watching.health()
    runs = await desk.ask(book_of(desk.project).runs, 20, landed=False)
    told = tuple(
        RunTold(
            at=from_us(one.at), seconds=one.seconds, measured=one.measured, judged=one.judged, findings=one.findings
        )
        for one in runs
    )
    return WatchTold(running=health.running, error=health.error, findings=health.findings, runs=told)


@routes.get("/quality/findings", Rows[FindingTold])
async def list_findings(
    desk: Here, cursor: Cursor = None, limit: Limit = 100, days: Since = 28, severity: Severity = "info"
) -> Rows[FindingTold]:
    """Return what was found, the newest day first."""
    book = book_of(desk.project)
    last = max(await desk.ask(book.days, landed=False), default=0)
    found = await desk.ask(book.findings, last - days + 1, landed=False)
    least = SEVERITIES.index(severity)
    page = sliced([one for one in found if SEVERITIES.index(one.finding.severity) >= least], cursor, limit)
    return Rows(rows=tuple(map(_told, page.rows)), next=page.next)


@routes.post("/quality/runs", RunTold)
async def run_quality(desk: Here, by: By) -> RunTold:
    """Run the checks now; new findings are told to the destinations of the settings."""
    report = await desk.ask(desk.watching.run)
    await desk.record(by, "quality.run", "quality", None, {"new": len(report.new)})
    return RunTold(
        at=from_us(report.at), seconds=report.seconds, measured=report.measured, judged=report.judged,
        findings=len(report.findings), new=tuple(map(_told, report.new)),
    )  # fmt: skip


@routes.post("/quality/findings/{number}/accept", FindingTold)
async def accept_finding(desk: Here, by: By, number: int) -> FindingTold:
    """Say that a finding is as it should be: its day counts as normal from now on."""
    kept = await desk.ask(book_of(desk.project).accept, number, desk.now(), landed=False)
    await desk.record(by, "quality.accept", f"finding:{number}", None, {"says": kept.finding.says})
    return _told(kept)


@routes.get("/quality/page", str, media="text/html")
async def read_quality_page(desk: Here) -> Response:
    """Return the newest report as one page of HTML that needs nothing else."""
    text = await desk.ask(page_of, desk.project, landed=False)
    return Response(
        text, media_type="text/html", headers={"content-security-policy": f"{POLICY}; frame-ancestors 'none'"}
    )


@routes.get("/reconciliations", Rows[ReconciledDay])
async def list_reconciliations(
    desk: Here, cursor: Cursor = None, limit: Limit = 100,
    source: Annotated[str, Query(description="Only this source.", max_length=500)] = "",
) -> Rows[ReconciledDay]:  # fmt: skip
    """Return what the last reconciliations found, by source and day."""
    rows = await desk.ask(book_of(desk.project).reconciled, source, landed=False)
    page = sliced(rows, cursor, limit)
    told = tuple(
        ReconciledDay(source=name, day=day_text(day), at=from_us(at), counts=msgspec.json.decode(text, type=Day))
        for name, day, at, text in page.rows
    )
    return Rows(rows=told, next=page.next)


@routes.post("/reconciliations/{source}", Reconciled)
async def reconcile_now(
    desk: Here, by: By, source: Word,
    ids: Annotated[int, Query(ge=0, le=10_000, description="Name so many events that differ.")] = 100,
) -> Reconciled:  # fmt: skip
    """Read a source again and compare it with the log, event by event; the first that differ are named."""
    definition = source_named(desk.project, source)
    told = await desk.ask(reconcile_source, desk.project, definition, desk.now(), Asked(strange=ids))
    await desk.ask(keep, desk.project, told, landed=False)
    await desk.record(by, "reconcile", f"source:{source}", None, {"exact": told.is_exact})
    return told


def _told(kept: Kept) -> FindingTold:
    one = kept.finding
    return FindingTold(
        id=kept.id, day=day_text(one.day), severity=one.severity.value, check=str(one.check), stage=one.stage.value,
        event=one.event, property=one.property, source=one.source, says=one.says, received=one.received,
        expected=one.expected, score=round(one.score, 2), rows=one.rows, owner=one.owner, rule=one.rule,
        found_at=from_us(kept.found_at), alerted_at=from_us(kept.alerted_at) if kept.alerted_at else None,
        accepted_at=from_us(kept.accepted_at) if kept.accepted_at else None,
    )  # fmt: skip

"""Events that were refused: why, mended one by one, or sent again when the cause is gone."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import Depends, Query
from msgspec import Struct

from coterie.engine.refusals import Replayed, fix_row, replay_rows, row_of
from coterie.values import parse
from coterie.web.api.pages import Rows, sliced
from coterie.web.api.routes import By, Cursor, Here, Limit, Routes, Word, taken

routes = Routes("quarantine")
SHOWN_MAX = 100_000
"""Refused rows that can be paged through."""


class Reason(Struct, frozen=True, kw_only=True):
    """How many rows of a source were refused for a reason."""

    source: str
    reason: str
    rows: int


class RefusedTold(Struct, frozen=True, kw_only=True):
    """A refused event: the reason, the place, and what was sent. ``row`` is text where it was no JSON."""

    id: str
    reason: str
    place: str
    detail: str
    row: Any
    received_at: int
    source: str


class Fixed(Struct, frozen=True, kw_only=True):
    """How many went out of the quarantine, how many are still refused, and the journal position of those that went."""

    sent: int
    refused: int
    reasons: dict[str, int]
    position: int | None


Source = Annotated[str, Query(description="Only rows of this source.", max_length=500)]
Word_ = Annotated[str, Query(description="Only rows whose reason contains this.", max_length=500)]


@routes.get("/quarantine", Rows[RefusedTold])
async def list_refused(
    desk: Here, cursor: Cursor = None, limit: Limit = 100, source: Source = "", reason: Word_ = ""
) -> Rows[RefusedTold]:
    """Return refused events with reason, place and content, in order of arrival."""
    table = await desk.ask(desk.project.quarantine.rows, source=source, reason=reason, limit=SHOWN_MAX)
    page = sliced(table.to_pylist(), cursor, limit)
    return Rows(rows=tuple(map(_told, page.rows)), next=page.next)


@routes.get("/quarantine/reasons", Rows[Reason])
async def list_reasons(desk: Here) -> Rows[Reason]:
    """Return how many events were refused for which reason, the most frequent first."""
    table = await desk.ask(desk.project.quarantine.reasons)
    return Rows(rows=tuple(Reason(**row) for row in table.to_pylist()), next=None)


@routes.get("/quarantine/{row_id}", RefusedTold)
async def read_refused(desk: Here, row_id: Word) -> RefusedTold:
    """Return one refused event."""
    return _told(await desk.ask(row_of, desk.project, row_id))


@routes.post("/quarantine/{row_id}/fix", Fixed, body=dict[str, Any])
async def fix_refused(
    desk: Here, by: By, row_id: Word, body: Annotated[dict[str, Any], Depends(taken(dict[str, Any]))]
) -> Fixed:
    """Send a mended event in the place of a refused one. It stays in quarantine when it is still wrong."""
    done = await desk.ask(fix_row, desk.project, desk.runner.intake, desk.journal.append_now, row_id, body, by.key_id)
    return await finished(desk, by, "quarantine.fix", row_id, done)


@routes.post("/quarantine/replay", Fixed)
async def replay_refused(desk: Here, by: By, source: Source = "", reason: Word_ = "") -> Fixed:
    """Send refused events again as they are: after a limit, a setting or the tracking plan was changed. What is still wrong stays."""
    done = await desk.ask(
        replay_rows, desk.project, desk.runner.intake, desk.journal.append_now, source, reason, by.key_id
    )
    return await finished(desk, by, "quarantine.replay", f"{source}:{reason}", done)


async def finished(desk: Here, by: By, action: str, subject: str, done: Replayed) -> Fixed:
    """What was sent again is out of the quarantine, once its effects are committed; return what became of it."""
    if done.ids:
        await desk.reach(done.position or 0, desk.limits.api_wait_s_max)
        await desk.at_rest(lambda _: desk.project.quarantine.remove(done.ids))
    after = {"sent": len(done.ids), "refused": done.refused}
    await desk.record(by, action, f"quarantine:{subject}", None, after)
    return Fixed(sent=len(done.ids), refused=done.refused, reasons=done.reasons, position=done.position)


def _told(row: dict[str, Any]) -> RefusedTold:
    try:
        content = parse(row["row"])
    except msgspec.DecodeError:
        content = row["row"]
    return RefusedTold(**{**row, "row": content})

"""The rules that make values normal, tried before they are in force."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends
from msgspec import Struct

from coterie.engine.governance.standards import FOLDER, Said, said, standards_of
from coterie.engine.governance.trials import Trial, event_of, tried
from coterie.governance.parse import parse_in
from coterie.web.api.desk import Desk
from coterie.web.api.pages import Rows, sliced
from coterie.web.api.routes import Cursor, Here, Limit, Routes, taken

routes = Routes("standards")


class Attempt(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An event to try rules on. ``standard`` is the text of a file of rules; those on disk are tried without it."""

    event: str
    properties: dict[str, Any] = {}
    identifiers: dict[str, str] = {}
    """Kind → value."""
    source: str = ""
    standard: str | None = None


@routes.get("/standards", Rows[Said])
async def list_standards(desk: Here, cursor: Cursor = None, limit: Limit = 1000) -> Rows[Said]:
    """Return the rules on disk, in the order in which they are applied. After a change: `POST /v1/intake/reload`."""
    return sliced(said(await desk.ask(standards_of, desk.project, landed=False)), cursor, limit)


@routes.post("/standards/try", Trial, scope="read", body=Attempt)
async def try_standards(desk: Here, body: Annotated[Attempt, Depends(taken(Attempt))]) -> Trial:
    """Return what the rules would make of an event: changes, remarks, or why it would be refused. Nothing is kept."""
    return await desk.ask(_try, desk, body, landed=False)


def _try(desk: Desk, body: Attempt) -> Trial:
    told = body.standard
    standards = standards_of(desk.project) if told is None else parse_in(desk.project.root / FOLDER, told)
    event = event_of(body.event, body.properties, list(body.identifiers.items()), desk.now())
    return tried(desk.project, standards, [event], body.source, desk.now())[0]

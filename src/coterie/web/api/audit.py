"""The audit log: every change of a definition, key, identity, trigger or the quarantine, for ever."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import msgspec
from fastapi import Query
from msgspec import Struct

from coterie.web.api.pages import Rows, number_of
from coterie.web.api.routes import Cursor, Here, Limit, Routes

routes = Routes("audit")


class AuditTold(Struct, frozen=True, kw_only=True):
    """Who changed what, when, from where, and what it was before and after."""

    sequence: int
    at: int
    key_id: str
    key_name: str
    action: str
    subject: str
    before: Any
    after: Any
    origin: str
    request_id: str


@routes.get("/audit", Rows[AuditTold], scope="admin")
async def list_audit(
    desk: Here,
    cursor: Cursor = None,
    limit: Limit = 100,
    subject: Annotated[str, Query(description="Only this subject, such as `segment:vip`.", max_length=1000)] = "",
    action: Annotated[str, Query(description="Only this action, such as `key.rotate`.", max_length=100)] = "",
    key_id: Annotated[str, Query(description="Only what this key did.", max_length=100)] = "",
) -> Rows[AuditTold]:
    """Return the audit log, the latest first."""
    before = number_of(cursor, -1)
    rows = await asyncio.to_thread(
        desk.access.audit,
        before=None if before < 0 else before,
        limit=limit,
        subject=subject,
        action=action,
        key_id=key_id,
    )
    told = tuple(
        AuditTold(
            sequence=row.sequence, at=row.at, key_id=row.key_id, key_name=row.key_name, action=row.action,
            subject=row.subject, before=msgspec.json.decode(row.before), after=msgspec.json.decode(row.after),
            origin=row.origin, request_id=row.request_id,
        )
        for row in rows
    )  # fmt: skip
    return Rows(rows=told, next=str(rows[-1].sequence) if len(rows) == limit else None)

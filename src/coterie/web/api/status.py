"""How the service is: what it is doing, where it stands, and what comes in by which key."""

from __future__ import annotations

from typing import Any

from msgspec import Struct
from starlette.responses import Response

from coterie.engine.running.answers import Status
from coterie.web.api.routes import Here, Routes

routes = Routes("status")


class SenderTold(Struct, frozen=True, kw_only=True):
    """A key by which events come in, and when it was last used."""

    id: str
    name: str
    used_at: int | None


class JournalTold(Struct, frozen=True, kw_only=True):
    """The journal of raw requests: its last durable position, the last one whose effects are committed, its size."""

    head: int
    committed: int
    waiting: int
    size_bytes: int


class CollectionTold(Struct, frozen=True, kw_only=True):
    """Everything that is sent to us."""

    journal: JournalTold
    keys: tuple[SenderTold, ...]


@routes.get("/status", Status)
async def read_status(desk: Here) -> Status:
    """Return what the service is doing and where it stands; also while it recovers."""
    return desk.runner.status()


@routes.get("/collection", CollectionTold)
async def read_collection(desk: Here) -> CollectionTold:
    """Return the state of the journal, and the keys by which events come in. What is read from elsewhere: GET /v1/sources."""
    status, head = desk.runner.status(), desk.journal.head
    journal = JournalTold(
        head=head,
        committed=status.journal_position,
        waiting=max(0, head - status.journal_position),
        size_bytes=desk.journal.size_bytes(),
    )
    keys = tuple(
        SenderTold(id=row.id, name=row.name, used_at=row.used_at)
        for row in desk.keys.rows()
        if row.scope == "write" and row.revoked_at is None
    )
    return CollectionTold(journal=journal, keys=keys)


@routes.get("/openapi.json", dict[str, Any])
async def read_openapi() -> Response:
    """Return this interface as an OpenAPI 3.1 document."""
    from coterie.web.api.application import document_text

    return Response(document_text(), media_type="application/json")

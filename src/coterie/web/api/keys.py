"""Keys: who may do what."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import Depends, Query
from msgspec import Struct

from coterie.errors import Problem
from coterie.limits import SECOND_US
from coterie.segments.instants import instant_of
from coterie.storage.access import KeyRow
from coterie.web.access import Issued, Scope
from coterie.web.api.pages import Rows
from coterie.web.api.routes import By, Here, Routes, Word, taken

routes = Routes("keys")


class KeyTold(Struct, frozen=True, kw_only=True):
    """A key, without its text. ``rotated_until``: until then the text before the last rotation works too."""

    id: str
    name: str
    scope: Scope
    events_per_s: float
    created_at: int
    expires_at: int | None
    revoked_at: int | None
    rotated_until: int | None
    used_at: int | None


class KeyMade(Struct, frozen=True, kw_only=True):
    """A key and its text, which is told this once."""

    key: KeyTold
    text: str


class NewKey(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key to be made. ``events_per_s`` 0 is no bound of its own."""

    name: str
    scope: Scope
    expires_at: str | None = None
    events_per_s: float = 0.0


@routes.get("/keys", Rows[KeyTold], scope="admin")
async def list_keys(desk: Here) -> Rows[KeyTold]:
    """Return every key that ever was, revoked ones too; never their texts."""
    return Rows(rows=tuple(map(_told, desk.keys.rows())), next=None)


@routes.post("/keys", KeyMade, body=NewKey, status=201)
async def create_key(desk: Here, by: By, body: Annotated[NewKey, Depends(taken(NewKey))]) -> KeyMade:
    """Make a key. Its text is in the answer and nowhere else."""
    expires_at = None
    if body.expires_at is not None:
        expires_at = instant_of(body.expires_at, desk.project.settings.time_zone)
        if expires_at is None:
            raise Problem("not an instant", where="body.expires_at", received=body.expires_at, allowed="RFC 3339")
    made = await asyncio.to_thread(
        desk.keys.create, body.name, body.scope, by, expires_at=expires_at, events_per_s=body.events_per_s
    )
    return _made(made)


@routes.post("/keys/{key_id}/rotate", KeyMade)
async def rotate_key(
    desk: Here,
    by: By,
    key_id: Word,
    grace_s: Annotated[
        int | None, Query(ge=0, le=2_592_000, description="Seconds the old text goes on working.")
    ] = None,
) -> KeyMade:
    """Give a key a new text; the old one works a day longer, or as long as `grace_s` says."""
    grace_us = None if grace_s is None else grace_s * SECOND_US
    return _made(await asyncio.to_thread(desk.keys.rotate, key_id, by, grace_us=grace_us))


@routes.delete("/keys/{key_id}", KeyTold)
async def revoke_key(desk: Here, by: By, key_id: Word) -> KeyTold:
    """Make a key useless at once and for ever. The last admin key cannot be revoked."""
    return _told(await asyncio.to_thread(desk.keys.revoke, key_id, by))


def _made(made: Issued) -> KeyMade:
    return KeyMade(key=_told(made.key), text=made.text)


def _told(row: KeyRow) -> KeyTold:
    return KeyTold(
        id=row.id, name=row.name, scope=row.scope, events_per_s=row.events_per_s, created_at=row.created_at,  # type: ignore[arg-type]
        expires_at=row.expires_at, revoked_at=row.revoked_at, rotated_until=row.before_until, used_at=row.used_at,
    )  # fmt: skip

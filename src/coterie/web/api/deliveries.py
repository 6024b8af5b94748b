"""Deliveries: what triggers decided to send, what became of it, and the dead letters that can be sent again."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import Depends, Query
from msgspec import Struct

from coterie.engine.outbox.health import Health
from coterie.errors import NotFound
from coterie.storage.state.outbox import Letter, Outbox
from coterie.web.api.desk import Office
from coterie.web.api.pages import Rows, number_of
from coterie.web.api.routes import By, Cursor, Here, Limit, Routes, Word, taken

routes = Routes("deliveries")


class DeliveryTold(Struct, frozen=True, kw_only=True):
    """One delivery. ``key`` is its idempotency key, the same at every try. ``state``: waiting, failed (to be tried again), sent, dead, cancelled, held_out."""

    id: int
    key: str
    trigger: str
    destination: str
    profile: str
    run: str
    state: str
    attempts: int
    last_error: str
    decided_at: int
    due_at: int
    tried_at: int | None
    finished_at: int | None
    body: Any


class Count(Struct, frozen=True, kw_only=True):
    """How many deliveries of a trigger to a destination are in a state."""

    destination: str
    trigger: str
    state: str
    deliveries: int


class ReplayAsked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which dead letters: these ids, those of a destination, or all."""

    ids: list[int] | None = None
    destination: str = ""


class ReplayDone(Struct, frozen=True, kw_only=True):
    """How many dead letters are tried again."""

    replayed: int


Word_ = Annotated[str, Query(max_length=1000)]


@routes.get("/deliveries", Rows[DeliveryTold])
async def list_deliveries(
    desk: Here,
    cursor: Cursor = None,
    limit: Limit = 100,
    state: Word_ = "",
    trigger: Word_ = "",
    profile: Word_ = "",
    destination: Word_ = "",
) -> Rows[DeliveryTold]:
    """Return deliveries, the latest first; dead letters with `state=dead`."""
    words = {"state": state, "trigger": trigger, "profile": profile, "destination": destination}
    found = await desk.ask(_letters, desk.office, words, number_of(cursor), limit, landed=False)
    return Rows(rows=tuple(map(_told, found)), next=str(found[-1].id) if len(found) == limit else None)


@routes.get("/deliveries/counts", Rows[Count])
async def count_deliveries(desk: Here) -> Rows[Count]:
    """Return how many deliveries are in which state, by destination and trigger."""
    return Rows(rows=tuple(await desk.ask(_counts, desk.office, landed=False)), next=None)


@routes.get("/deliveries/{delivery}", DeliveryTold)
async def read_delivery(desk: Here, delivery: Word) -> DeliveryTold:
    """Return one delivery, by id or idempotency key."""
    return _told(await desk.ask(_letter, desk.office, delivery, landed=False))


@routes.post("/deliveries/replay", ReplayDone, body=ReplayAsked)
async def replay_deliveries(
    desk: Here, by: By, body: Annotated[ReplayAsked, Depends(taken(ReplayAsked))]
) -> ReplayDone:
    """Try dead letters again, with the keys they had: a receiver that has one already can tell."""
    count = await desk.ask(_replay, desk.office, desk.now(), body.ids, body.destination, landed=False)
    await desk.record(by, "deliveries.replay", f"destination:{body.destination or '*'}", None, {"replayed": count})
    return ReplayDone(replayed=count)


@routes.get("/destinations", Rows[Health])
async def list_destinations(desk: Here) -> Rows[Health]:
    """Return the destinations and how each is doing: healthy, degraded, or down and probed with growing pauses."""
    return Rows(rows=tuple(one for _, one in sorted(desk.office.health().items())), next=None)


@routes.get("/destinations/{key}", Health)
async def read_destination(desk: Here, key: Word) -> Health:
    """Return how a destination is doing."""
    found = desk.office.health().get(key)
    if found is None:
        raise NotFound(f"no destination {key[:100]!r}", hint="see them: GET /v1/destinations")
    return found


def _letters(office: Office, words: dict[str, str], before: int, limit: int) -> list[Letter]:
    with office.opened() as connection:
        return Outbox(connection).letters(**words, before=before, limit=limit)


def _letter(office: Office, ident: str) -> Letter:
    with office.opened() as connection:
        found = Outbox(connection).letter(ident)
    if found is None:
        raise NotFound(f"no delivery {ident[:100]!r}", hint="see them: GET /v1/deliveries")
    return found


def _counts(office: Office) -> list[Count]:
    with office.opened() as connection:
        found = Outbox(connection).counts()
    return [
        Count(destination=destination, trigger=trigger, state=state, deliveries=count)
        for (destination, trigger, state), count in sorted(found.items())
    ]


def _replay(office: Office, now: int, ids: list[int] | None, destination: str) -> int:
    with office.opened() as connection:
        count = Outbox(connection).replay(now, ids, destination)
    office.wake()
    return count


def _told(one: Letter) -> DeliveryTold:
    return DeliveryTold(
        id=one.id, key=one.key, trigger=one.trigger, destination=one.destination, profile=one.profile, run=one.run,
        state=one.state, attempts=one.attempts, last_error=one.last_error, decided_at=one.decided_at, due_at=one.due_at,
        tried_at=one.tried_at or None, finished_at=one.finished_at or None, body=msgspec.json.decode(one.payload),
    )  # fmt: skip

"""``GET /v1/profiles/{profile}`` without the machinery: the question that other programs ask thousands of times a second."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

import msgspec
from msgspec import Struct

from coterie.engine.running.answers import ProfileState
from coterie.errors import Forbidden, NotFound, Problem
from coterie.segments.instants import from_us
from coterie.web.access import GRANTS, KeyFound
from coterie.web.front import Scope, Send

if TYPE_CHECKING:
    from coterie.web.api.desk import Desk

FAST = "/v1/profiles/"
_PREFIX = FAST.encode()


class TraitTold(Struct, frozen=True):
    """A trait's value, and the instant at which it was last written."""

    value: Any
    set_at: datetime


class SegmentTold(Struct, frozen=True, kw_only=True):
    """One membership: since when and why. ``changes_at`` (only with ``include=outlook``): when it ends if nothing arrives."""

    segment: str
    version: int
    since: datetime
    cause: str
    event_id: str
    changes_at: datetime | None | msgspec.UnsetType = msgspec.UNSET


class IdentifierTold(Struct, frozen=True):
    """What a touchpoint calls the person."""

    kind: str
    value: str


class ProfileTold(Struct, frozen=True, kw_only=True):
    """One person now. ``absorbed`` are the ids that were merged into it; ``asked_for`` is what was asked by."""

    profile: str
    asked_for: str
    first_seen: datetime
    traits: dict[str, TraitTold]
    segments: tuple[SegmentTold, ...]
    absorbed: tuple[str, ...]
    identifiers: tuple[IdentifierTold, ...] | msgspec.UnsetType = msgspec.UNSET


def state_of(desk: Desk, asked_for: str) -> ProfileState:
    """Return the committed state of the person that an id or ``kind:value`` belongs to. Raises: NotFound."""
    state = desk.runner.profile(asked_for)
    if state is None:
        found = desk.runner.find(asked_for)
        state = desk.runner.profile(found) if found is not None else None
    if state is None:
        raise NotFound(f"no profile {asked_for[:200]!r}", hint="ask by profile id, or by kind:value of an identifier")
    return state


def told_of(
    state: ProfileState, asked_for: str, outlook: dict[str, int | None] | None = None, **more: Any
) -> ProfileTold:
    """Return the person as it is answered."""
    return ProfileTold(
        profile=state.profile,
        asked_for=asked_for,
        first_seen=from_us(state.first_seen),
        traits={name: TraitTold(trait.value, from_us(trait.at)) for name, trait in state.traits.items()},
        segments=tuple(
            SegmentTold(
                segment=one.segment,
                version=one.version,
                since=from_us(one.since),
                cause=one.cause,
                event_id=one.event_id,
                changes_at=msgspec.UNSET if outlook is None else moment(outlook.get(one.segment)),
            )
            for one in state.memberships
        ),
        absorbed=state.absorbed,
        **more,
    )


def moment(at: int | None) -> datetime | None:
    """Return an instant as it is answered."""
    return None if at is None else from_us(at)


async def quick(desk: Desk, key: KeyFound, scope: Scope, send: Send) -> bool:
    """Return whether the request was one for a profile and nothing more, and is answered. Raises: NotFound, Problem, TimedOut."""
    raw: bytes = scope["raw_path"]
    ident = raw[len(_PREFIX) :].partition(b"?")[0]
    if not ident or b"/" in ident or not raw.startswith(_PREFIX):
        return False
    query: bytes = scope["query_string"]
    if query and not await _waited(desk, query):
        return False
    if "read" not in GRANTS[key.scope]:
        raise Forbidden(f"this needs a key with the scope read; this one has {key.scope}")
    asked_for = unquote(ident.decode("ascii", "replace"))
    body = msgspec.json.encode(told_of(state_of(desk, asked_for), asked_for))
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
    return True


async def _waited(desk: Desk, query: bytes) -> bool:
    """Return whether ``after`` was all that was asked for, and is reached."""
    from coterie.web.api.waiting import wait

    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    if len(pairs) != 1 or pairs[0][0] != "after":
        return False
    try:
        await wait(desk, pairs[0][1])
    except Problem:
        return False
    return True

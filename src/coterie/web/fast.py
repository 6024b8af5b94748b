"""``GET /v1/profiles/{profile}`` without the machinery: the question that other programs ask thousands of times a second."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import parse_qsl, unquote

import msgspec
from msgspec import Meta, Struct

from coterie.engine.running.answers import ProfileState
from coterie.errors import Forbidden, NotFound, Problem
from coterie.segments.instants import rfc3339
from coterie.web.access import GRANTS, KeyFound
from coterie.web.front import Scope, Send

if TYPE_CHECKING:
    from coterie.web.api.desk import Desk

FAST = "/v1/profiles/"
_PREFIX = FAST.encode()


class Route(Struct, frozen=True):
    """What metrics call the address."""

    path_format: str = "/v1/profiles/{profile}"


_ROUTE = Route()


Text = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
"""An instant as it is answered."""


class TraitTold(Struct, frozen=True, gc=False):
    """A trait's value, and the instant at which it was last written."""

    value: Any
    set_at: Text


class SegmentTold(Struct, frozen=True, gc=False):
    """One membership: since when and why. ``changes_at`` (only with ``include=outlook``): when it ends if nothing arrives."""

    segment: str
    version: int
    since: Text
    cause: str
    event_id: str
    changes_at: Text | None | msgspec.UnsetType = msgspec.UNSET


class IdentifierTold(Struct, frozen=True):
    """What a touchpoint calls the person."""

    kind: str
    value: str


class ProfileTold(Struct, frozen=True, kw_only=True):
    """One person now. ``absorbed`` are the ids that were merged into it; ``asked_for`` is what was asked by."""

    profile: str
    asked_for: str
    first_seen: Text
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
        first_seen=moment(state.first_seen),
        traits={name: TraitTold(trait.value, moment(trait.at)) for name, trait in state.traits.items()},
        segments=tuple(
            SegmentTold(
                one.segment,
                one.version,
                moment(one.since),
                one.cause,
                one.event_id,
                msgspec.UNSET if outlook is None else _perhaps(outlook.get(one.segment)),
            )
            for one in state.memberships
        ),
        absorbed=state.absorbed,
        **more,
    )


@lru_cache(maxsize=1 << 16)
def moment(at: int) -> str:
    """Return an instant as it is answered. What one person did at once has one instant, so most are met again."""
    return rfc3339(at)


def _perhaps(at: int | None) -> str | None:
    return None if at is None else rfc3339(at)


async def quick(desk: Desk, key: KeyFound, scope: Scope, send: Send) -> bool:
    """Return whether the request was one for a profile and nothing more, and is answered. Raises: NotFound, Problem, TimedOut."""
    raw: bytes = scope["raw_path"]
    ident = raw[len(_PREFIX) :].partition(b"?")[0]
    if not ident or b"/" in ident or not raw.startswith(_PREFIX):
        return False
    if "read" not in GRANTS[key.scope]:
        raise Forbidden(f"this needs a key with the scope read; this one has {key.scope}")
    query: bytes = scope["query_string"]
    if query and not await _waited(desk, query):
        return False
    scope["route"] = _ROUTE
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

"""People: traits, identifiers, segments with cause and predicted end, timeline, aggregates."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import Depends, Query
from msgspec import Struct

from coterie.engine.asking import aggregate, timeline
from coterie.errors import Problem
from coterie.model import Event
from coterie.segments.conditions.measured import NumberKind, ValueKind
from coterie.values import flatten
from coterie.web.api.identities import identifiers_of
from coterie.web.api.pages import Rows
from coterie.web.api.routes import At, By, Cursor, Here, Limit, Profile, Routes, instant, taken
from coterie.web.fast import IdentifierTold, ProfileTold, state_of, told_of

routes = Routes("profiles")
INCLUDE = ("identifiers", "outlook")


@routes.get("/profiles", Rows[str])
async def list_profiles(desk: Here, cursor: Cursor = None, limit: Limit = 1000) -> Rows[str]:
    """Return the ids of everybody, in order; those that were merged into others are left out."""
    page = await desk.read(desk.runner.profiles, cursor or "", limit, rows=limit)
    return Rows(rows=page.rows, next=None if page.next is None else str(page.next))


@routes.get("/profiles/{profile}", ProfileTold)
async def read_profile(
    desk: Here,
    profile: Profile,
    include: Annotated[
        str,
        Query(
            pattern=r"^((identifiers|outlook)(,|$))*$", description="`identifiers`, `outlook`, or both with a comma."
        ),
    ] = "",
) -> ProfileTold:
    """Return a person: traits, segments with since and why, and on demand identifiers and predicted ends.

    By profile id, or by `kind:value` of any identifier. An absorbed id answers for the person that absorbed it. About 50 µs.
    """
    wanted = {one for one in include.split(",") if one}
    state = state_of(desk, profile)
    outlook = await desk.ask(desk.runner.outlook, state.profile, landed=False) if "outlook" in wanted else None
    more: dict[str, Any] = {}
    if "identifiers" in wanted:
        more["identifiers"] = tuple(IdentifierTold(*one) for one in await identifiers_of(desk, state.profile))
    return told_of(state, profile, outlook, **more)


@routes.get("/profiles/{profile}/timeline", Rows[Event])
async def read_timeline(
    desk: Here,
    profile: Profile,
    cursor: Cursor = None,
    limit: Limit = 100,
    name: Annotated[str, Query(description="Only events with this name.", max_length=500)] = "",
) -> Rows[Event]:
    """Return what the person did, the latest first. Ids that were absorbed are included."""
    found = await desk.ask(timeline, desk.project, desk.known(profile), name=name, cursor=cursor, limit=limit)
    return Rows(rows=found.events, next=found.next)


class Number(Struct, frozen=True, kw_only=True):
    """A number or value computed from a person's events at an instant; `null` when it is missing."""

    profile: str
    at: int
    value: Any
    says: str


class AggregateAsked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to compute: the fields of the condition ``aggregate`` without its comparison."""

    kind: str
    event: str | list[str] | None = None
    like: str | None = None
    where: dict[str, Any] | None = None
    property: str | None = None
    gap: str | None = None
    within: str | None = None
    between_ago: tuple[str, str] | None = None
    during: dict[str, Any] | None = None
    after: str | None = None
    before: str | None = None
    time_zone: str | None = None


Asked = Annotated[AggregateAsked, Depends(taken(AggregateAsked))]


@routes.get("/profiles/{profile}/aggregate", Number)
async def read_aggregate(
    desk: Here,
    profile: Profile,
    kind: Annotated[
        NumberKind | ValueKind,
        Query(description="What to compute."),
    ] = "count",
    event: Annotated[str, Query(description="Name of the events; any event when left out.", max_length=500)] = "any",
    property: Annotated[str | None, Query(description="Property of the events.", max_length=500)] = None,
    within: Annotated[str | None, Query(description="The last so long: `24h`, `30d`; ever when left out.")] = None,
    at: At = None,
) -> Number:
    """Return a number over the person's events, computed by the oracle from the raw records."""
    data: dict[str, Any] = {"kind": kind, "event": event, "property": property, "within": within}
    return await _aggregated(desk, profile, {key: one for key, one in data.items() if one is not None}, at)


@routes.post("/profiles/{profile}/aggregate", Number, body=AggregateAsked, scope="read")
async def compute_aggregate(desk: Here, profile: Profile, body: Asked, at: At = None) -> Number:
    """Return a number over the person's events, with any filter and window that definitions have."""
    asked = {key: one for key, one in msgspec.structs.asdict(body).items() if one is not None}
    return await _aggregated(desk, profile, asked, at)


async def _aggregated(desk: Here, profile: str, asked: dict[str, Any], at: str | None) -> Number:
    who, when = desk.known(profile), instant(at, desk)
    value, says = await desk.ask(aggregate, desk.project, who, asked, when)
    return Number(profile=who, at=when, value=value, says=says)


class ConsentSaid(Struct, frozen=True, kw_only=True):
    """What the person has agreed to now, and the journal position of this."""

    consent: dict[str, bool]
    position: int


Purposes = Annotated[dict[str, bool], Depends(taken(dict[str, bool]))]


@routes.put("/profiles/{profile}/consent", ConsentSaid, body=dict[str, bool])
async def put_consent(desk: Here, by: By, profile: Profile, body: Purposes) -> ConsentSaid:
    """The person has given (`true`) or withdrawn (`false`) consent for the purposes that the body names."""
    if not body or len(body) > 100 or any(not 0 < len(purpose) <= 100 for purpose in body):
        raise Problem("not purposes", where="body", allowed='{"<purpose>": true or false}, 1 to 100 of them')
    who = desk.anybody(profile)
    before = _consent(desk, who)
    properties = {f"consent.{purpose}": given for purpose, given in body.items()}
    fact = {"id": desk.fact_id("consent"), "name": "$set", "profile": who, "properties": properties}
    position = await desk.put([fact])
    after = _consent(desk, who)
    await desk.record(by, "consent.put", f"profile:{who}", before, after)
    return ConsentSaid(consent=after, position=position)


class TraitsSaid(Struct, frozen=True, kw_only=True):
    """The journal position at which the traits are set."""

    profile: str
    position: int


Said = Annotated[dict[str, Any], Depends(taken(dict[str, Any]))]
OWN_DOORS = ("consent", "list", "manual")
"""First words of traits that have an address of their own."""


@routes.put("/profiles/{profile}/traits", TraitsSaid, body=dict[str, Any])
async def put_traits(desk: Here, by: By, profile: Profile, body: Said) -> TraitsSaid:
    """Set traits that other programs computed, such as a score; `null` takes one away. It identifies nobody, unlike `identify`."""
    properties = flatten(body)
    if not 0 < len(properties) <= 100 or any(not 0 < len(name) <= 500 for name in properties):
        raise Problem("not traits", where="body", allowed='{"<trait>": value}, 1 to 100 of them')
    for name in properties:
        if name.partition(".")[0] in OWN_DOORS:
            raise Problem(
                "this trait is not set here",
                where=f"body.{name}",
                hint=f"it has an address of its own: {name.partition('.')[0]}",
            )
    who = desk.anybody(profile)
    fact = {"id": desk.fact_id("traits"), "name": "$set", "profile": who, "properties": properties}
    position = await desk.put([fact])
    await desk.record(by, "traits.put", f"profile:{who}", None, properties)
    return TraitsSaid(profile=who, position=position)


def _consent(desk: Here, profile: str) -> dict[str, bool]:
    traits = state_of(desk, profile).traits if desk.runner.find(profile) is not None else {}
    return {name[8:]: bool(one.value) for name, one in traits.items() if name.startswith("consent.")}

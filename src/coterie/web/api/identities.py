"""Who is who: identifiers, merges with their causes, links by hand, unmerge, and matches that wait for a decision."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends
from msgspec import Struct

from coterie.errors import NotFound, Problem
from coterie.web.api.desk import Desk
from coterie.web.api.routes import By, Here, Profile, Routes, taken
from coterie.web.fast import IdentifierTold

routes = Routes("identities")


class MergeTold(Struct, frozen=True, kw_only=True):
    """A merge: ``survivor`` absorbed ``loser`` at ``at``, because of an identifier (``kind:value``) or by hand.

    ``until`` is when it was undone, ``null`` if it was not.
    """

    survivor: str
    loser: str
    at: int
    because: str
    event_id: str
    until: int | None


class IdentityTold(Struct, frozen=True, kw_only=True):
    """Everything that makes these touchpoints one person."""

    profile: str
    identifiers: tuple[IdentifierTold, ...]
    merges: tuple[MergeTold, ...]


class Link(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The identifier belongs to the profile from now on. ``why`` is kept in the audit log."""

    profile: str
    kind: str
    value: str
    why: str = ""


class Pair(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Two profiles. ``why`` is kept in the audit log."""

    profile: str
    loser: str
    why: str = ""


class Changed(Struct, frozen=True, kw_only=True):
    """Who the person is now, and the journal position of the change."""

    identity: IdentityTold
    position: int


async def identifiers_of(desk: Desk, profile: str) -> list[tuple[str, str]]:
    """Return (kind, value) of everything that a person is known by, sorted."""
    found = await desk.at_rest(lambda state: list(state.identities.identifiers_of(profile)))
    return [(one.kind, one.value) for one in found]


async def identity(desk: Desk, who: str) -> IdentityTold:
    """Return what makes a profile one person; nothing yet for one that was never seen."""
    merges = await desk.at_rest(lambda state: list(state.identities.merges_of(who)))
    return IdentityTold(
        profile=who,
        identifiers=tuple(IdentifierTold(*one) for one in await identifiers_of(desk, who)),
        merges=tuple(
            MergeTold(
                survivor=one.into,
                loser=one.loser,
                at=one.at,
                because=one.because,
                event_id=one.event_id,
                until=one.until,
            )
            for one in merges
        ),
    )


@routes.get("/profiles/{profile}/identity", IdentityTold)
async def read_identity(desk: Here, profile: Profile) -> IdentityTold:
    """Return a person's identifiers and the merges behind them, each with its cause."""
    return await identity(desk, desk.known(profile))


@routes.post("/identities/link", Changed, body=Link)
async def link_identifier(desk: Here, by: By, body: Annotated[Link, Depends(taken(Link))]) -> Changed:
    """An identifier belongs to a profile from now on, by hand."""
    _worded(kind=body.kind, value=body.value)
    who = desk.known(body.profile)
    return await _put(desk, by, "$link", who, {"kind": body.kind, "value": body.value}, body.why)


@routes.post("/identities/merge", Changed, body=Pair)
async def merge_profiles(desk: Here, by: By, body: Annotated[Pair, Depends(taken(Pair))]) -> Changed:
    """Two profiles are one person, by hand: `profile` absorbs `loser`."""
    _worded(profile=body.profile, loser=body.loser)
    who, loser = desk.anybody(body.profile), desk.anybody(body.loser)
    if who == loser:
        raise Problem("these are one person already", where="body.loser", received=body.loser)
    return await _put(desk, by, "$merge", who, {"loser": loser, "because": "hand"}, body.why)


@routes.post("/identities/unmerge", Changed, body=Pair)
async def unmerge_profiles(desk: Here, by: By, body: Annotated[Pair, Depends(taken(Pair))]) -> Changed:
    """An absorbed profile stands on its own again, with everything it had; both sides are rebuilt from the log."""
    who = desk.known(body.profile)
    if desk.runner.identities.canonical(body.loser) != who or body.loser == who:
        raise NotFound(f"{body.loser!r} was not absorbed by {who!r}", hint=f"GET /v1/profiles/{who}/identity")
    return await _put(desk, by, "$unmerge", who, {"loser": body.loser}, body.why)


async def _put(desk: Desk, by: Any, name: str, who: str, properties: dict[str, Any], why: str) -> Changed:
    before = await identity(desk, who)
    fact = {"id": desk.fact_id(name), "name": name, "profile": who, "properties": properties}
    position = await desk.put([fact])
    after = await identity(desk, desk.anybody(who))
    told = {"why": why, "properties": properties, "identity": after}
    await desk.record(by, f"identity.{name.removeprefix('$')}", f"profile:{who}", before, told)
    return Changed(identity=after, position=position)


def _worded(**words: str) -> None:
    for name, text in words.items():
        if not 0 < len(text) <= 1000:
            raise Problem(
                "not an identifier", where=f"body.{name}", received=text[:100], allowed="1 to 1000 characters"
            )

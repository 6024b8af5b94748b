"""Matches: people who are probably one, although no identifier says so; found by a batch job, accepted or rejected by somebody."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from fastapi import Depends, Query
from msgspec import Struct

from coterie.engine import matching
from coterie.engine.records import Fact
from coterie.errors import NotFound
from coterie.identity.matching.proposal import Step
from coterie.storage.matches import Match
from coterie.web.api.desk import Desk
from coterie.web.api.pages import Rows, sliced
from coterie.web.api.routes import By, Cursor, Here, Limit, Routes, Word, taken

routes = Routes("matches")


class MatchTold(Struct, frozen=True, kw_only=True):
    """Two profiles, how probable it is that they are one person, and what speaks for and against it (in bits), step by step."""

    id: str
    state: Literal["proposed", "accepted", "rejected"]
    survivor: str
    loser: str
    probability: float
    weight: float
    steps: tuple[Step, ...]
    proposed_at: int
    decided_at: int | None
    decided_by: str


class ProposalDone(Struct, frozen=True, kw_only=True):
    """What a run found: people compared, pairs proposed, of which new, and those that the settings accepted by themselves."""

    people: int
    proposed: int
    new: int
    accepted: int


class Accepted(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which of the two absorbs the other; the one that was proposed when left out."""

    survivor: str | None = None


@routes.get("/matches", Rows[MatchTold])
async def list_matches(
    desk: Here,
    cursor: Cursor = None,
    limit: Limit = 100,
    state: Annotated[Literal["proposed", "accepted", "rejected"], Query()] = "proposed",
) -> Rows[MatchTold]:
    """Return matches, the most probable first."""
    found = await desk.ask(lambda: matching.store_of(desk.project).all(state), landed=False)
    page = sliced(found, cursor, limit)
    return Rows(rows=tuple(map(_told, page.rows)), next=page.next)


@routes.get("/matches/{match_id}", MatchTold)
async def read_match(desk: Here, match_id: Word) -> MatchTold:
    """Return a match with what speaks for and against it."""
    return _told(await desk.ask(_match, desk, match_id, landed=False))


@routes.post("/matches/propose", ProposalDone)
async def propose_matches(desk: Here, by: By) -> ProposalDone:
    """Compare everybody with everybody who is alike, and keep what is probable. Reads the traits of all; takes minutes for millions."""
    found = await desk.ask(matching.propose, desk.project, desk.now())
    facts = [fact for one in found.accepted for fact in matching.facts_of(one.proposal)]
    if facts:
        await desk.put([_fact(one) for one in facts])
    done = ProposalDone(people=found.people, proposed=found.proposed, new=found.new, accepted=len(found.accepted))
    await desk.record(by, "matches.propose", "matches", None, done)
    return done


@routes.post("/matches/{match_id}/accept", MatchTold, body=Accepted)
async def accept_match(
    desk: Here, by: By, match_id: Word, body: Annotated[Accepted, Depends(taken(Accepted))]
) -> MatchTold:
    """Merge the two people of a match. An unmerge takes it back."""
    before = _told(await desk.ask(_match, desk, match_id, landed=False))
    facts = await desk.ask(
        matching.accept, desk.project, match_id, by.key_name, desk.now(), body.survivor, landed=False
    )
    await desk.put([_fact(one) for one in facts])
    return await _decided(desk, by, match_id, "match.accept", before)


@routes.post("/matches/{match_id}/reject", MatchTold)
async def reject_match(desk: Here, by: By, match_id: Word) -> MatchTold:
    """Remember that these are different people; they are not proposed again."""
    before = _told(await desk.ask(_match, desk, match_id, landed=False))
    await desk.ask(matching.reject, desk.project, match_id, by.key_name, desk.now(), landed=False)
    return await _decided(desk, by, match_id, "match.reject", before)


async def _decided(desk: Desk, by: Any, match_id: str, action: str, before: MatchTold) -> MatchTold:
    after = _told(await desk.ask(_match, desk, match_id, landed=False))
    await desk.record(by, action, f"match:{match_id}", before, after)
    return after


def _match(desk: Desk, match_id: str) -> Match:
    if not match_id.isalnum():
        raise NotFound(f"no match {match_id[:100]!r}", hint="see them: GET /v1/matches")
    return matching.store_of(desk.project).get(match_id)


def _fact(one: Fact) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.structs.asdict(one)
    return told


def _told(match: Match) -> MatchTold:
    one = match.proposal
    return MatchTold(
        id=one.id, state=match.state, survivor=one.survivor, loser=one.loser, probability=one.probability,
        weight=one.weight, steps=one.steps, proposed_at=match.proposed_at, decided_at=match.decided_at,
        decided_by=match.decided_by,
    )  # fmt: skip

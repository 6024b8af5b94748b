"""Matches of a project: people read from its log, proposals kept beside it, what is accepted written into the log."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from coterie.engine.history import merges_of
from coterie.engine.project import HIDDEN, Project
from coterie.engine.records import Fact, event_of, put
from coterie.errors import Problem
from coterie.identity.matching.fields import Matching, Person, matching_of
from coterie.identity.matching.model import propose as find
from coterie.identity.matching.proposal import Proposal
from coterie.identity.merges import LOSER, Merges
from coterie.identity.resolution import BECAUSE
from coterie.model import IDENTIFY, MERGE, SET, Event
from coterie.profiles.traits import fold_traits, in_order, present
from coterie.storage.matches import Match, MatchStore

RULE = "rule"
"""Who decided, when the settings did."""


class Found(Struct, frozen=True):
    """What a run came to. ``accepted`` are those that the settings accept by themselves; their facts must be put into the log."""

    people: int
    proposed: int
    new: int
    accepted: tuple[Match, ...]


def store_of(project: Project) -> MatchStore:
    """Return the matches of a project."""
    return MatchStore(project.root / HIDDEN / "matches.db")


def people_of(project: Project, merges: Merges) -> list[Person]:
    """Return everybody with a trait, ids that are one person together. Cost: the records that write traits, in memory."""
    records: dict[str, list[Event]] = {}
    for row in project.events.scan(names=[IDENTIFY, SET]).to_pylist():
        records.setdefault(merges.canonical(row["profile"]), []).append(event_of(row))
    return [Person(profile, present(fold_traits(in_order(events)))) for profile, events in sorted(records.items())]


def propose(project: Project, at: int, people: Sequence[Person] | None = None) -> Found:
    """Return what a run over ``people`` (everybody of the log when not given) found; proposals are kept.

    Pairs that somebody separated by hand are not proposed.
    """
    matching: Matching = matching_of(project.settings.identity.get("matching"))
    merges = merges_of(project.events)
    people = people_of(project, merges) if people is None else people
    apart = _separated(merges)
    proposals = find(people, matching, lambda one, other: frozenset((one, other)) in apart)
    store = store_of(project)
    new = store.put(proposals, at)
    sure = [] if matching.accept_above is None else _at_least(store.all("proposed"), matching.accept_above)
    for match in sure:
        store.decide(match.proposal.id, "accepted", at, RULE)
    return Found(len(people), len(proposals), new, tuple(sure))


def _separated(merges: Merges) -> set[frozenset[str]]:
    undone = (link for link in merges.links() if link.until is not None)
    return {frozenset((merges.canonical(link.into), merges.canonical(link.absorbed))) for link in undone}


def _at_least(matches: Iterable[Match], probability: float) -> list[Match]:
    return [match for match in matches if match.proposal.probability >= probability]


def facts_of(proposal: Proposal, survivor: str | None = None) -> list[Fact]:
    """Return what an accepted match adds to the log: a ``$merge`` whose cause is the match. ``survivor`` may be the other one."""
    into = survivor or proposal.survivor
    if into not in (proposal.survivor, proposal.loser):
        allowed = f"{proposal.survivor} | {proposal.loser}"
        raise Problem("neither of the two", where="survivor", received=survivor, allowed=allowed)
    loser = proposal.loser if into == proposal.survivor else proposal.survivor
    said = {LOSER: loser, BECAUSE: f"match:{proposal.id}"}
    return [Fact(f"match:{proposal.id}", into, MERGE, dict(said))]


def accept(project: Project, match_id: str, by: str, at: int, survivor: str | None = None) -> list[Fact]:
    """Return the facts of a match that is accepted now; they are not in the log yet."""
    match = store_of(project).get(match_id)
    facts = facts_of(match.proposal, survivor)
    store_of(project).decide(match.proposal.id, "accepted", at, by)
    return facts


def write(project: Project, facts: Sequence[Fact]) -> int:
    """Return how many of the facts were new to the log, which holds them now."""
    return put(project, facts, project.next_instant())


def reject(project: Project, match_id: str, by: str, at: int) -> Match:
    """Return the match, which is rejected and will not be proposed again."""
    match = store_of(project).get(match_id)
    store_of(project).decide(match.proposal.id, "rejected", at, by)
    return match

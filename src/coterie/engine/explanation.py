"""Why a person is in a segment or not, in words: leaf by leaf, with the events that count and what would change it."""

from __future__ import annotations

from msgspec import Struct

from coterie.engine import definitions
from coterie.engine.leaf_words import said
from coterie.engine.project import Project
from coterie.engine.records import person
from coterie.model import Event, Value
from coterie.segments.core import Absent, Aggregate, Compare, Elapsed, Holds, InSegment, Leaf, Selector, Sequence
from coterie.segments.oracle import LeafVerdict, Oracle

EVIDENCE_MAX = 12
"""Events told per leaf: the latest so many."""


class Told(Struct, frozen=True, kw_only=True):
    """An event as evidence."""

    id: str
    name: str
    occurred_at: int
    received_at: int
    properties: dict[str, Value]


class LeafTold(Struct, frozen=True, kw_only=True):
    """A part of the rule: its words, whether it holds, the value it looked at, how many events count, the latest of them."""

    says: str
    holds: bool
    value: Value
    evidence_count: int
    evidence: tuple[Told, ...]
    next_change: int | None
    listens_to: tuple[str, ...]


class Explanation(Struct, frozen=True, kw_only=True):
    """The answer. ``next_change`` is when membership changes if nothing arrives; ``unless`` are events that may prevent it."""

    key: str
    version: int
    sentence: str
    profile: str
    asked_for: str
    at: int
    member: bool
    known: bool
    leaves: tuple[LeafTold, ...]
    next_change: int | None
    unless: tuple[str, ...]


def explain(project: Project, key: str, profile: str, at: int) -> Explanation:
    """Return why ``profile`` is in the segment at ``at`` or not, as the oracle sees it. Raises: NotFound.

    Cost: the records of one person.
    """
    segments = definitions.candidates(project)
    segment = definitions.named(segments, key)
    catalog = definitions.catalog(project, segments).closure(key)
    who = person(project, profile)
    events = who.events()
    oracle = Oracle(catalog, events)
    owner = oracle.canonical(profile, at)
    verdict = oracle.verdict(key, owner, at)
    by_id = {event.id: event for event in events}
    leaves = tuple(_leaf(leaf, by_id) for leaf in verdict.leaves)
    return Explanation(
        key=key,
        version=segment.version,
        sentence=segment.says(),
        profile=owner,
        asked_for=profile,
        at=at,
        member=verdict.member,
        known=oracle.facts(owner, at) is not None,
        leaves=leaves,
        next_change=verdict.next_change,
        unless=tuple(dict.fromkeys(name for leaf in leaves for name in leaf.listens_to)),
    )


def _leaf(verdict: LeafVerdict, by_id: dict[str, Event]) -> LeafTold:
    latest = verdict.evidence[-EVIDENCE_MAX:]
    return LeafTold(
        says=said(verdict.leaf),
        holds=verdict.holds,
        value=verdict.value,
        evidence_count=len(verdict.evidence),
        evidence=tuple(_told(by_id[one]) for one in latest if one in by_id),
        next_change=verdict.next_change,
        listens_to=listens_to(verdict.leaf),
    )


def _told(event: Event) -> Told:
    return Told(
        id=event.id,
        name=event.name,
        occurred_at=event.occurred_at,
        received_at=event.received_at,
        properties=event.properties,
    )


def listens_to(leaf: Leaf) -> tuple[str, ...]:
    """Return the names of the events that can change a leaf; ``any`` stands for all of a person's activity."""
    found: dict[str, None] = {}

    def note(selector: Selector) -> None:
        for name in selector.names or (selector.pattern or "any event",):
            found[name] = None

    if isinstance(leaf, Sequence):
        for step in leaf.steps:
            note(step.selector)
        if isinstance(leaf.absent, Absent):
            note(leaf.absent.selector)
    elif isinstance(leaf, Compare | Holds):
        term = leaf.term.of if isinstance(leaf.term, Elapsed) else leaf.term
        if isinstance(term, Aggregate):
            note(term.selector)
    elif isinstance(leaf, InSegment):
        found[f"a change of {leaf.key}"] = None
    return tuple(found)

"""Why a person is in a segment or not, in words: leaf by leaf, with the events that count and what would change it."""

from __future__ import annotations

from msgspec import Struct

from coterie.engine import definitions
from coterie.engine.leaf_words import said
from coterie.engine.project import Project
from coterie.engine.records import person
from coterie.model import Event, Value
from coterie.segments.core import (
    Absent,
    Aggregate,
    Compare,
    Elapsed,
    Holds,
    InSegment,
    Leaf,
    Selector,
    Sequence,
    Trait,
    TraitSince,
    Until,
)
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
    reads: tuple[str, ...]
    """Properties of the events that this part looks at."""


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
        reads=reads(verdict.leaf),
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
    if isinstance(leaf, InSegment):
        return (f"a change of {leaf.key}",)
    names = (name for one in _selectors(leaf) for name in one.names or (one.pattern or "any event",))
    return tuple(dict.fromkeys(names))


def reads(leaf: Leaf) -> tuple[str, ...]:
    """Return the properties or traits that a leaf looks at."""
    found = [field.key for one in _selectors(leaf) for field in one.where]
    if isinstance(leaf, Sequence):
        found.append(leaf.same)
    elif isinstance(leaf, Compare | Holds):
        term = leaf.term.of if isinstance(leaf.term, Elapsed | Until) else leaf.term
        found += (
            [term.field] if isinstance(term, Aggregate) else [term.name] if isinstance(term, Trait | TraitSince) else []
        )
        found += [leaf.value.name] if isinstance(leaf, Compare) and isinstance(leaf.value, Trait) else []
    return tuple(dict.fromkeys(name for name in found if name))


def _selectors(leaf: Leaf) -> tuple[Selector, ...]:
    if isinstance(leaf, Sequence):
        absent = (leaf.absent.selector,) if isinstance(leaf.absent, Absent) else ()
        return (*(step.selector for step in leaf.steps), *absent)
    if isinstance(leaf, Compare | Holds):
        term = leaf.term.of if isinstance(leaf.term, Elapsed) else leaf.term
        return (term.selector,) if isinstance(term, Aggregate) else ()
    return ()

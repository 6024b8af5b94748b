"""Which records count for a leaf."""

from __future__ import annotations

from collections.abc import Iterable

from coterie.aggregates.fact import text_of_present
from coterie.model import Value
from coterie.segments.core import Aggregate, Compare, Hash, Holds, InSegment, Leaf, Trait, TraitSince, leaves
from coterie.segments.oracle import sequences
from coterie.segments.oracle.facts import Facts, Record, property_of
from coterie.segments.oracle.terms import Term, value_of
from coterie.values import number_of


def value_at(leaf: Leaf, facts: Facts, at: int) -> Value:
    """Return the value that ``leaf`` asks about at ``at``; ``None`` when it is missing, or when the leaf asks about none."""
    return value_of(leaf.term, facts, at) if isinstance(leaf, Compare | Holds) else None


def evidence_of(leaf: Leaf, facts: Facts, at: int) -> tuple[str, ...]:
    """Return the ids of the events that ``leaf`` counts at ``at``, in the order in which they happened.

    For a trait they are the records that wrote it, for a sequence the steps that were found, for a reference what its
    leaves count.
    """
    if isinstance(leaf, InSegment):
        inner = (evidence_of(each, facts, at) for each in leaves(facts.catalog[leaf.key].node))
        return tuple(dict.fromkeys(event_id for ids in inner for event_id in ids))
    if isinstance(leaf, Compare | Holds):
        compared = leaf.value if isinstance(leaf, Compare) else None
        other = _counted(compared, facts, at) if isinstance(compared, Trait) else ()
        return tuple(dict.fromkeys((*_counted(leaf.term, facts, at), *other)))
    return tuple(record.event.id for record in sequences.witness(leaf, facts, at).steps)


def _counted(term: Term, facts: Facts, at: int) -> tuple[str, ...]:
    if isinstance(term, Hash):
        return ()
    if isinstance(term, Aggregate):
        return tuple(record.event.id for record in _aggregated(term, facts, at))
    if isinstance(term, Trait):
        held = facts.traits.get(term.name)
        return () if held is None else (held.event_id,)
    if isinstance(term, TraitSince):
        held = facts.traits.get(term.name)
        return () if held is None else (held.since_event_id,)
    return _counted(term.of, facts, at)


def _aggregated(term: Aggregate, facts: Facts, at: int) -> Iterable[Record]:
    """Return the records inside the window whose value counts for the kind."""
    records = facts.selected(term.selector).within(term.window, at)
    if term.kind in ("first", "first_at"):
        return records[:1]
    if term.kind in ("latest", "latest_at"):
        return records[-1:]
    if term.kind in ("sum", "mean", "smallest", "largest"):
        return [record for record in records if number_of(property_of(record.event, term.field)) is not None]
    if term.kind in ("distinct", "repeats", "most_frequent"):
        return [record for record in records if text_of_present(property_of(record.event, term.field)) is not None]
    return records

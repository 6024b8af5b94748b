"""The truth of every node at an instant, and the next instant at which it differs."""

from __future__ import annotations

from collections.abc import Iterator

from coterie.segments.core import All, Any, AtLeast, Compare, Holds, InSegment, Leaf, Node, Not, Trait, leaves
from coterie.segments.holds import compare, holds
from coterie.segments.measures import Measurable
from coterie.segments.oracle import sequences
from coterie.segments.oracle.facts import Facts
from coterie.segments.oracle.terms import turns, value_of
from coterie.segments.oracle.windows import LATEST
from coterie.values import number_of


def evaluate(node: Node, facts: Facts, at: int) -> bool:
    """Return whether ``node`` is true of ``facts`` at ``at``; every record of ``facts`` has happened by then."""
    if isinstance(node, All):
        return all(evaluate(item, facts, at) for item in node.items)
    if isinstance(node, Any):
        return any(evaluate(item, facts, at) for item in node.items)
    if isinstance(node, Not):
        return not evaluate(node.item, facts, at)
    if isinstance(node, AtLeast):
        return sum(evaluate(item, facts, at) for item in node.items) >= node.count
    if isinstance(node, Compare):
        left, right = number_of(value_of(node.term, facts, at)), right_of(node, facts, at)
        return left is not None and right is not None and compare(node.op, left, right)
    if isinstance(node, Holds):
        return holds(node.test, value_of(node.term, facts, at))
    if isinstance(node, InSegment):
        return evaluate(facts.catalog[node.key].node, facts, at)
    return sequences.witness(node, facts, at).holds


def measure(term: Measurable, facts: Facts, at: int) -> float | None:
    """Return what ``term`` measures of ``facts`` at ``at``; ``None`` when it is missing."""
    if isinstance(term, Leaf):
        return 1.0 if evaluate(term, facts, at) else 0.0
    return number_of(value_of(term, facts, at))


def right_of(node: Compare, facts: Facts, at: int) -> float | None:
    """Return the number that ``node`` compares with; ``None`` when it is a trait that holds no number."""
    if isinstance(node.value, Trait):
        return number_of(value_of(node.value, facts, at))
    return float(node.value)


def next_change(node: Node, facts: Facts, at: int) -> int | None:
    """Return the earliest instant after ``at`` at which ``node`` differs if nothing arrives, or ``None`` if it never does.

    Only at finitely many instants can any leaf differ; each is tried in turn. Cost: one evaluation per instant.
    """
    now = evaluate(node, facts, at)
    candidates = {turn for leaf in leaves(node) for turn in turns_of(leaf, facts, at) if at < turn < LATEST}
    return next((turn for turn in sorted(candidates) if evaluate(node, facts, turn) is not now), None)


def turns_of(leaf: Leaf, facts: Facts, at: int) -> Iterator[int]:
    """Yield every instant at which ``leaf`` may differ while nothing arrives (and others, past ones too)."""
    if isinstance(leaf, Compare):
        yield from turns(leaf.term, right_of(leaf, facts, at), facts, at)
    elif isinstance(leaf, Holds):
        yield from turns(leaf.term, None, facts, at)
    elif isinstance(leaf, InSegment):
        for inner in leaves(facts.catalog[leaf.key].node):
            yield from turns_of(inner, facts, at)
    else:
        yield from sequences.turns(leaf, facts)

"""What a condition says of a profile of which nothing is known."""

from __future__ import annotations

from coterie.segments.core import (
    Aggregate,
    All,
    Any,
    AtLeast,
    Compare,
    Node,
    Not,
    Trait,
)
from coterie.segments.holds import compare

ZERO = frozenset({"count", "sum", "distinct", "repeats", "days"})
"""Kinds that are 0, not missing, of no events."""


def holds_of_nothing(node: Node) -> bool:
    """Return the truth of ``node`` for a profile without events; references and hashes count as false."""
    if isinstance(node, Not):
        return not holds_of_nothing(node.item)
    if isinstance(node, All):
        return all(map(holds_of_nothing, node.items))
    if isinstance(node, Any):
        return any(map(holds_of_nothing, node.items))
    if isinstance(node, AtLeast):
        return sum(map(holds_of_nothing, node.items)) >= node.count
    if isinstance(node, Compare) and isinstance(node.term, Aggregate) and not isinstance(node.value, Trait):
        return node.term.kind in ZERO and compare(node.op, 0.0, float(node.value))
    return False

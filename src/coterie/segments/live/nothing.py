"""What a condition says of a profile of which nothing is known."""

from __future__ import annotations

from coterie.segments.core import (
    ZERO_KINDS,
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
        return node.term.kind in ZERO_KINDS and compare(node.op, 0.0, float(node.value))
    return False

"""Logic as a postfix program over leaves, cheap ones first, with jumps over what can no longer matter."""

from __future__ import annotations

from coterie.segments.core import All, Any, AtLeast, Node, Not
from coterie.segments.live import layout as at
from coterie.segments.live.draft import Draft
from coterie.segments.live.lowering import Expression, constant, lower_leaf

COST = {at.OP_CONSTANT: 0, at.OP_SEGMENT: 1, at.OP_WITHIN: 2, at.OP_REACHED: 2, at.OP_CODE: 3, at.OP_CALENDAR: 5}


def lower_node(draft: Draft, node: Node, order: dict[str, int]) -> Expression:
    """Return ``node`` as an expression over the leaves of the plan."""
    if isinstance(node, Not):
        return "not", 0, (lower_node(draft, node.item, order),)
    if not isinstance(node, All | Any | AtLeast):
        return lower_leaf(draft, node, order)
    parts = tuple(lower_node(draft, item, order) for item in node.items)
    if isinstance(node, AtLeast):
        if node.count <= 0 or not parts:
            return constant(draft, node.count <= 0)
        return "at_least", node.count, parts
    if not parts:
        return constant(draft, isinstance(node, All))
    parts = tuple(sorted(parts, key=lambda part: cost_of(draft, part)))
    return ("and" if isinstance(node, All) else "or"), 0, parts


def cost_of(draft: Draft, expression: Expression) -> int:
    """Return roughly how much work an expression is."""
    kind, number, parts = expression
    if kind == "leaf":
        return COST.get(draft.leaves[number].fields[at.L_OP], 10)
    return 1 + sum(cost_of(draft, part) for part in parts)


def encode(expression: Expression, places: list[int]) -> list[int]:
    """Return the program of an expression: operation | argument << 8, operands before operations.

    ``places`` says where each leaf's record begins.
    """
    kind, number, parts = expression
    if kind == "leaf":
        return [at.P_LEAF | places[number] << 8]
    if kind == "not":
        return [*encode(parts[0], places), at.P_NOT]
    if kind == "at_least":
        codes = [code for part in parts for code in encode(part, places)]
        return [*codes, at.P_AT_LEAST | (number << 16 | len(parts)) << 8]
    join, skip = (at.P_AND, at.P_UNLESS_FALSE) if kind == "and" else (at.P_OR, at.P_UNLESS_TRUE)
    codes = []
    for part in reversed(parts[1:]):
        codes = [*encode(part, places), join, *([skip | len(codes) << 8] if codes else []), *codes]
    return [*encode(parts[0], places), *([skip | len(codes) << 8] if codes else []), *codes]


def depth_of(expression: Expression) -> int:
    """Return how many truths the program keeps at once."""
    kind, _, parts = expression
    if kind in ("leaf", "number"):
        return 1
    if kind == "not":
        return depth_of(parts[0])
    if kind == "at_least":
        return max(i + depth_of(part) for i, part in enumerate(parts))
    return max(min(i, 1) + depth_of(part) for i, part in enumerate(parts))

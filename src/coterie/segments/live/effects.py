"""Which way an arrival can turn a segment: what can only turn on need not be asked again while it is on."""

from __future__ import annotations

from coterie.segments.live import layout as at
from coterie.segments.live.draft import Draft, Leaf
from coterie.segments.live.lowering import Expression

ON, OFF, EITHER = 1, 2, 3
RISING = frozenset(
    {at.T_SUM, at.T_RUN_COUNT, at.T_RUN_SUM, at.T_RUN_DISTINCT, at.T_RUN_REPEATS, at.T_RUN_DAYS, at.T_RUN_ACTIVE}
)
"""Numbers that an arrival never lowers (a sum, as long as what is added is not negative)."""
TURNED = {ON: OFF, OFF: ON, EITHER: EITHER}


def effect_of(leaf: Leaf) -> int:
    """Return how an arrival that a leaf's store takes may change the leaf's truth."""
    op, store = leaf.fields[at.L_OP], leaf.store
    if store is None:
        return EITHER
    if op in (at.OP_WITHIN, at.OP_CALENDAR):
        return EITHER if store.kind == at.K_EARLIEST else ON
    if op == at.OP_REACHED:
        return ON if store.kind == at.K_EARLIEST else EITHER
    if op != at.OP_COMPARE or leaf.trait is not None:
        return EITHER
    term, above = leaf.fields[at.L_TERM], leaf.fields[at.L_COMPARE] in (at.GT, at.GE)
    if leaf.fields[at.L_COMPARE] == at.EQ:
        return EITHER
    if term in RISING or (term == at.T_SLOT and store.kind == at.K_COUNT):
        return ON if above else OFF
    if store.kind == at.K_LARGEST or term == at.T_RUN_LARGEST:
        return ON if above else EITHER
    if store.kind == at.K_SMALLEST or term == at.T_RUN_SMALLEST:
        return EITHER if above else ON
    return EITHER


def note_effects(draft: Draft, segment: int, expression: Expression, turned: bool = False) -> None:
    """Every store that the expression reads knows which way it can turn the segment."""
    kind, number, parts = expression
    for part in parts:
        note_effects(draft, segment, part, turned != (kind == "not"))
    if kind != "leaf":
        return
    leaf = draft.leaves[number]
    effect = effect_of(leaf)
    for store in (leaf.store, leaf.trait):
        if store is not None and store.kind != at.K_HASH:
            store.segments[segment] = store.segments.get(segment, 0) | (TURNED[effect] if turned else effect)

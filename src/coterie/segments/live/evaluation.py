"""A segment's program over its leaves: its truth at an instant, and until when it surely stays so."""

from __future__ import annotations

import math

from coterie.segments.live.calendars import start_of, unit_at
from coterie.segments.live.layout import (
    BITS,
    HIGH,
    L_CALENDAR,
    L_COMPARE,
    L_COUNT,
    L_OP,
    L_SEQUENCE,
    L_SLOT,
    L_SPAN,
    L_TABLE,
    L_TRAIT,
    L_TRAIT_TABLE,
    LOW,
    OP_CALENDAR,
    OP_CODE,
    OP_COMPARE,
    OP_CONSTANT,
    OP_REACHED,
    OP_RUN_CODE,
    OP_SEGMENT,
    OP_WITHIN,
    P_AND,
    P_AT_LEAST,
    P_LEAF,
    P_NOT,
    P_OR,
    P_UNLESS_FALSE,
    P_UNLESS_TRUE,
    Plan,
    State,
    Tables,
    kernel,
    small,
)
from coterie.segments.live.sequences import scan
from coterie.segments.live.summaries import compares
from coterie.segments.live.terms import code_of_run, number_of

Truth = tuple[bool, int]


@kernel
def compared(plan: Plan, tables: Tables, state: State, leaf: int, base: int, now: int) -> Truth:
    """Return how a term compares with a constant or a numeric trait."""
    against, trait = plan.leaf_numbers[leaf], plan.leaves[leaf, L_TRAIT]
    if trait >= 0:
        code = state.rows[base + trait]
        against = math.nan if code < 0 else tables.numbers[plan.leaves[leaf, L_TRAIT_TABLE] + code]
    number, until = number_of(plan, tables, state, leaf, base, now, against)
    return compares(plan.leaves[leaf, L_COMPARE], number, against), until


@kernel
def in_calendar(plan: Plan, leaf: int, at: int, now: int) -> Truth:
    """Return whether an instant of the past lies in the last calendar units."""
    if at == LOW:
        return False, HIGH
    calendar, units = plan.leaves[leaf, L_CALENDAR], plan.leaves[leaf, L_COUNT]
    if at < start_of(plan, calendar, unit_at(plan, calendar, now) - units + 1):
        return False, HIGH
    return True, start_of(plan, calendar, unit_at(plan, calendar, at) + units)


@kernel
def seldom(plan: Plan, tables: Tables, state: State, leaf: int, base: int, now: int) -> Truth:
    """Return the truth of a leaf that is more than one look at the row."""
    op, word = plan.leaves[leaf, L_OP], base + plan.leaves[leaf, L_SLOT]
    if op == OP_COMPARE:
        return compared(plan, tables, state, leaf, base, now)
    if op == OP_CALENDAR:
        return in_calendar(plan, leaf, state.rows[word], now)
    if op == OP_CODE:
        code = state.rows[word]
        return code >= 0 and tables.verdicts[plan.leaves[leaf, L_TABLE] + code] != 0, HIGH
    if op == OP_RUN_CODE:
        code, until = code_of_run(plan, state, leaf, base, now)
        return code >= 0 and tables.verdicts[plan.leaves[leaf, L_TABLE] + code] != 0, until
    return scan(plan, state, word, plan.leaves[leaf, L_SEQUENCE], now)


@small
def truth_of(plan: Plan, tables: Tables, state: State, leaf: int, base: int, now: int) -> Truth:
    """Return the truth of a leaf at ``now`` and the first later instant at which it may differ if nothing arrives."""
    op = plan.leaves[leaf, L_OP]
    if op == OP_WITHIN:
        at, span = state.rows[base + plan.leaves[leaf, L_SLOT]], plan.leaves[leaf, L_SPAN]
        if at == LOW or at == HIGH:
            return False, HIGH
        if span == HIGH:
            return True, HIGH
        return (True, at + span) if at > now - span else (False, HIGH)
    if op == OP_REACHED:
        at = state.rows[base + plan.leaves[leaf, L_SLOT]]
        if at == LOW or at == HIGH:
            return False, HIGH
        at += plan.leaves[leaf, L_SPAN]
        return (True, HIGH) if at <= now else (False, at)
    if op == OP_SEGMENT:
        segment = plan.leaves[leaf, L_SLOT]
        return (state.rows[base + BITS + (segment >> 6)] >> (segment & 63)) & 1 != 0, HIGH
    if op == OP_CONSTANT:
        return plan.leaves[leaf, L_SLOT] != 0, HIGH
    return seldom(plan, tables, state, leaf, base, now)


@small
def both(one: bool, one_until: int, other: bool, other_until: int) -> Truth:
    """Return the conjunction: a false one stays false as long as its longest-lived false part."""
    if one and other:
        return True, min(one_until, other_until)
    if one:
        return False, other_until
    if other:
        return False, one_until
    return False, max(one_until, other_until)


@kernel
def at_least(state: State, top: int, count: int, items: int) -> Truth:
    """Return whether at least ``count`` of the ``items`` on top of the stack hold."""
    holding, until = 0, HIGH
    for i in range(top - items + 1, top + 1):
        holding += state.stack[2 * i]
        until = min(until, state.stack[2 * i + 1])
    return holding >= count, until


@kernel
def evaluate(plan: Plan, tables: Tables, state: State, segment: int, base: int, now: int) -> Truth:
    """Return the truth of a segment for the profile at ``base``, and the first later instant at which it may differ."""
    stack, top, holds, until = state.stack, -1, False, HIGH
    at, end = plan.program_at[segment], plan.program_at[segment + 1]
    while at < end:
        code = plan.program[at]
        op, argument = code & 255, code >> 8
        at += 1
        if op == P_LEAF:
            if top >= 0:
                stack[2 * top], stack[2 * top + 1] = holds, until
            top += 1
            holds, until = truth_of(plan, tables, state, argument, base, now)
        elif op == P_NOT:
            holds = not holds
        elif op == P_AND:
            top -= 1
            holds, until = both(stack[2 * top] != 0, stack[2 * top + 1], holds, until)
        elif op == P_OR:
            top -= 1
            holds, until = both(stack[2 * top] == 0, stack[2 * top + 1], not holds, until)
            holds = not holds
        elif op == P_UNLESS_FALSE:
            if not holds and until == HIGH:
                at += argument
        elif op == P_UNLESS_TRUE:
            if holds and until == HIGH:
                at += argument
        elif op == P_AT_LEAST:
            stack[2 * top], stack[2 * top + 1] = holds, until
            items = argument & 0xFFFF
            holds, until = at_least(state, top, argument >> 16, items)
            top -= items - 1
    return holds, until

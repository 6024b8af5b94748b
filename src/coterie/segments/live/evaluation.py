"""A segment's program over its leaves: its truth at an instant, and until when it surely stays so."""

from __future__ import annotations

import math

from coterie.segments.live.calendars import start_of, unit_at
from coterie.segments.live.layout import (
    BITS,
    EQ,
    G_BEGIN,
    G_END,
    HIGH,
    L_BITS,
    L_CALENDAR,
    L_COMPARE,
    L_COUNT,
    L_NEWER,
    L_OP,
    L_SEQUENCE,
    L_SLOT,
    L_SPAN,
    L_TABLE,
    L_TERM,
    L_TRAIT,
    L_TRAIT_TABLE,
    LOW,
    M_HUGE,
    M_NEGATIVE,
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
    PROGRAMS,
    SEGMENT_WORDS,
    STACK,
    T_RUN_SUM,
    Ints,
    State,
    Tables,
    float_of,
    kernel,
    small,
    whole,
)
from coterie.segments.live.sequences import scan
from coterie.segments.live.summaries import compares
from coterie.segments.live.terms import code_of_run, number_of, sum_until

Truth = tuple[bool, int]


@small
def compared(plan: Ints, tables: Tables, state: State, leaf: int, base: int, now: int) -> Truth:
    """Return how a term compares with a constant or a numeric trait."""
    against, trait = float_of(plan[leaf + L_BITS]), plan[leaf + L_TRAIT]
    if trait >= 0:
        code = state.rows[base + trait]
        against = math.nan if code < 0 else tables.numbers[plan[leaf + L_TRAIT_TABLE] + code]
    number, until = number_of(plan, tables, state, leaf, base, now, against)
    order = plan[leaf + L_COMPARE]
    holds = compares(order, number, against)
    plain = state.meta[M_NEGATIVE] == 0 and state.meta[M_HUGE] == 0
    if plan[leaf + L_TERM] == T_RUN_SUM and order != EQ and plain and plan[leaf + L_NEWER] == 0:
        return holds, sum_until(plan, state, leaf, base, now, against, until)
    return holds, until


@kernel
def in_calendar(plan: Ints, leaf: int, at: int, now: int) -> Truth:
    """Return whether an instant of the past lies in the last calendar units."""
    if at == LOW:
        return False, HIGH
    calendar, units = plan[leaf + L_CALENDAR], plan[leaf + L_COUNT]
    if at < start_of(plan, calendar, unit_at(plan, calendar, now) - units + 1):
        return False, HIGH
    return True, start_of(plan, calendar, unit_at(plan, calendar, at) + units)


@kernel
def seldom(plan: Ints, tables: Tables, state: State, leaf: int, base: int, now: int) -> Truth:
    """Return the truth of a leaf that is more than one look at the row."""
    op, word = plan[leaf + L_OP], base + plan[leaf + L_SLOT]
    if op == OP_COMPARE:
        return compared(plan, tables, state, leaf, base, now)
    if op == OP_CALENDAR:
        return in_calendar(plan, leaf, state.rows[word], now)
    if op == OP_CODE:
        code = state.rows[word]
        return code >= 0 and tables.verdicts[plan[leaf + L_TABLE] + code] != 0, HIGH
    if op == OP_RUN_CODE:
        code, until = code_of_run(plan, state, leaf, base, now)
        return code >= 0 and tables.verdicts[plan[leaf + L_TABLE] + code] != 0, until
    return scan(plan, state, word, plan[leaf + L_SEQUENCE], now)


@small
def truth_of(plan: Ints, tables: Tables, state: State, leaf: int, base: int, now: int) -> Truth:
    """Return the truth of a leaf at ``now`` and the first later instant at which it may differ if nothing arrives."""
    op = plan[leaf + L_OP]
    if op == OP_WITHIN:
        at, span = state.rows[base + plan[leaf + L_SLOT]], plan[leaf + L_SPAN]
        if at in (LOW, HIGH):
            return False, HIGH
        if span == HIGH:
            return True, HIGH
        return (True, at + span) if at > now - span else (False, HIGH)
    if op == OP_REACHED:
        at = state.rows[base + plan[leaf + L_SLOT]]
        if at in (LOW, HIGH):
            return False, HIGH
        at += plan[leaf + L_SPAN]
        return (True, HIGH) if at <= now else (False, at)
    if op == OP_SEGMENT:
        segment = plan[leaf + L_SLOT]
        return (state.rows[base + BITS + (segment >> 6)] >> (segment & 63)) & 1 != 0, HIGH
    if op == OP_CONSTANT:
        return plan[leaf + L_SLOT] != 0, HIGH
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


@small
def at_least(stack: Ints, top: int, count: int, items: int) -> Truth:
    """Return whether at least ``count`` of the ``items`` on top of the stack hold."""
    holding, until = 0, whole(HIGH)
    for i in range(top - items + 1, top + 1):
        holding += stack[2 * i]
        until = min(until, stack[2 * i + 1])
    return holding >= count, until


@kernel
def judge(plan: Ints, tables: Tables, state: State, at: int, end: int, base: int, now: int) -> Truth:
    """Return the truth of a program for the profile at ``base``, and the first later instant at which it may differ."""
    stack, top, holds, until = state.scratch[plan[STACK] :], whole(-1), False, whole(HIGH)
    while at < end:
        code = plan[at]
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
            holds, until = at_least(stack, top, argument >> 16, items)
            top -= items - 1
    return holds, until


@small
def evaluate(plan: Ints, tables: Tables, state: State, segment: int, base: int, now: int) -> Truth:
    """Return the truth of a segment for the profile at ``base``, and the first later instant at which it may differ."""
    about = plan[PROGRAMS] + segment * SEGMENT_WORDS
    return judge(plan, tables, state, plan[about + G_BEGIN], plan[about + G_END], base, now)

"""The number a term has for one profile at an instant, and how long it surely stays so."""

from __future__ import annotations

import math

import numpy as np

from coterie.segments.live.calendars import days_until_return, start_of, unit_at
from coterie.segments.live.layout import (
    CELLS,
    ENTRIES,
    GT,
    HIGH,
    L_CALENDAR,
    L_COMPARE,
    L_COUNT,
    L_NEWER,
    L_OFFSET,
    L_OLDER,
    L_SLOT,
    L_SPAN,
    L_STRIDE,
    L_TABLE,
    L_TERM,
    L_WINDOW,
    LE,
    LOW,
    M_HUGE,
    M_SATURATED,
    NUMBERS,
    OFFSET,
    ROUNDS,
    SATURATED,
    T_ANNIVERSARY,
    T_ELAPSED,
    T_ELAPSED_CODE,
    T_ELAPSED_FIRST,
    T_ELAPSED_SINCE,
    T_FIRST_AT,
    T_FLOAT,
    T_INSTANT,
    T_MEAN,
    T_NUMBER,
    T_RUN_ACTIVE,
    T_RUN_COUNT,
    T_RUN_DAYS,
    T_RUN_DISTINCT,
    T_RUN_FIRST,
    T_RUN_FREQUENT,
    T_RUN_LARGEST,
    T_RUN_LAST,
    T_RUN_MEAN,
    T_RUN_SESSIONS,
    T_RUN_SMALLEST,
    T_RUN_SUM,
    T_SLOT,
    T_SUM,
    T_UNTIL,
    W_CALENDAR,
    W_ROLLING,
    Ints,
    State,
    Tables,
    float_of,
    kernel,
    small,
    whole,
)
from coterie.segments.live.runs import first_after
from coterie.segments.live.tallies import tally

MISSING = math.nan


@small
def window_of(plan: Ints, leaf: int, now: int) -> tuple[int, int, int]:
    """Return the window as (after, up to, instant at which a calendar window moves on)."""
    kind = plan[leaf + L_WINDOW]
    if kind == W_ROLLING:
        older, newer = plan[leaf + L_OLDER], plan[leaf + L_NEWER]
        return LOW if older == HIGH else now - older, now - newer, HIGH
    if kind == W_CALENDAR:
        calendar = plan[leaf + L_CALENDAR]
        unit = unit_at(plan, calendar, now)
        last = unit - plan[leaf + L_OFFSET]
        start = start_of(plan, calendar, last - plan[leaf + L_COUNT] + 1)
        return start - 1, start_of(plan, calendar, last + 1) - 1, start_of(plan, calendar, unit + 1)
    return LOW, HIGH, HIGH


@kernel
def span_of(plan: Ints, state: State, leaf: int, base: int, now: int) -> tuple[int, int, int]:
    """Return (first, end) of the entries inside the leaf's window, and the next instant at which they may change."""
    head = state.rows[base + plan[leaf + L_SLOT]]
    offset, entries, stride = head >> OFFSET, head & ENTRIES, plan[leaf + L_STRIDE]
    if entries == 0:
        return 0, 0, HIGH
    after, until, moves = window_of(plan, leaf, now)
    first = first_after(state.arena, offset, entries, stride, after)
    end = first_after(state.arena, offset, entries, stride, until)
    if plan[leaf + L_WINDOW] == W_ROLLING:
        older, newer = plan[leaf + L_OLDER], plan[leaf + L_NEWER]
        if first < end and older != HIGH:
            moves = min(moves, state.arena[offset + first * stride] + older)
        if end < entries:
            moves = min(moves, state.arena[offset + end * stride] + newer)
    return first, max(first, end), moves


@small
def days_in(plan: Ints, state: State, leaf: int, offset: int, first: int, end: int) -> float:
    """Return how many local days hold an entry."""
    stride, calendar, i, days = plan[leaf + L_STRIDE], plan[leaf + L_TABLE], first, 0
    while i < end:
        days += 1
        day = unit_at(plan, calendar, state.arena[offset + i * stride])
        tomorrow = start_of(plan, calendar, day + 1)
        while i < end and state.arena[offset + i * stride] < tomorrow:
            i += 1
    return float(days)


@kernel
def sessions_in(state: State, offset: int, first: int, end: int, gap: int, active: bool) -> float:
    """Return how many sessions the entries are, or how many seconds they lasted."""
    runs, inside = 0, whole(0)
    for i in range(offset + first, offset + end):
        since = gap + 1 if i == offset + first else state.arena[i] - state.arena[i - 1]
        if since > gap:
            runs += 1
        else:
            inside += since
    return float(inside) / 1e6 if active else float(runs)


@small
def extreme(state: State, offset: int, first: int, end: int, largest: bool) -> float:
    """Return the smallest or largest number of the entries."""
    if first == end:
        return MISSING
    best = float_of(state.arena[offset + 2 * first + 1])
    for i in range(first + 1, end):
        number = float_of(state.arena[offset + 2 * i + 1])
        if (number > best) if largest else (number < best):
            best = number
    return best


@kernel
def code_of_run(plan: Ints, state: State, leaf: int, base: int, now: int) -> tuple[int, int]:
    """Return the code of the first, last or most frequent value in the window (-1: none), and how long it stays."""
    first, end, moves = span_of(plan, state, leaf, base, now)
    if first == end:
        return -1, moves
    offset = state.rows[base + plan[leaf + L_SLOT]] >> OFFSET
    term, stride = plan[leaf + L_TERM], plan[leaf + L_STRIDE]
    if term == T_RUN_FIRST:
        return state.arena[offset + first * stride + 2], moves
    if term == T_RUN_LAST:
        return state.arena[offset + end * stride - 1], moves
    _, _, code = tally(state, plan[CELLS], offset, first, end, stride)
    return code, moves


@kernel
def total_of_huge(state: State, offset: int, first: int, end: int, micro: int) -> float:
    """Return the micro-units of entries, ``micro`` modulo 2**64, saturated. A sum of floats tells how often they went round."""
    rough, before = 0.0, whole(0)
    if first > 0:
        before = state.arena[offset + 2 * first - 1]
    for i in range(first, end):
        here = state.arena[offset + 2 * i + 1]
        rough += float(here - before)
        before = here
    if abs(rough - float(micro)) < SATURATED:
        return float(micro)
    state.meta[M_SATURATED] += 1
    return SATURATED if rough > 0.0 else -SATURATED


@small
def total_of(state: State, word: int) -> float:
    """Return the micro-units of a total of the row, saturated."""
    rounds = state.rows[word + 1] >> ROUNDS
    if rounds == 0:
        return float(state.rows[word])
    state.meta[M_SATURATED] += 1
    return SATURATED if rounds > 0 else -SATURATED


@kernel
def number_of_run(plan: Ints, tables: Tables, state: State, leaf: int, base: int, now: int) -> tuple[float, int]:
    """Return a number over the entries in the leaf's window (NaN: missing), and how long it stays."""
    term, stride = plan[leaf + L_TERM], plan[leaf + L_STRIDE]
    if term in (T_RUN_FIRST, T_RUN_LAST, T_RUN_FREQUENT):
        code, moves = code_of_run(plan, state, leaf, base, now)
        return MISSING if code < 0 else tables.numbers[plan[leaf + L_TABLE] + code], moves
    first, end, moves = span_of(plan, state, leaf, base, now)
    offset = state.rows[base + plan[leaf + L_SLOT]] >> OFFSET
    if term == T_RUN_COUNT:
        return float(end - first), moves
    if term in (T_RUN_SUM, T_RUN_MEAN):
        micro = 0
        if first < end:
            micro = state.arena[offset + 2 * end - 1]
            if first > 0:
                micro -= state.arena[offset + 2 * first - 1]
        total = float(micro) / 1e6
        if state.meta[M_HUGE] != 0:
            total = total_of_huge(state, offset, first, end, micro) / 1e6
        if term == T_RUN_SUM:
            return total, moves
        return MISSING if first == end else total / float(end - first), moves
    if term == T_RUN_DAYS:
        return days_in(plan, state, leaf, offset, first, end), moves
    if term in (T_RUN_SESSIONS, T_RUN_ACTIVE):
        return sessions_in(state, offset, first, end, plan[leaf + L_SPAN], term == T_RUN_ACTIVE), moves
    if term in (T_RUN_SMALLEST, T_RUN_LARGEST):
        return extreme(state, offset, first, end, term == T_RUN_LARGEST), moves
    distinct, most, _ = tally(state, plan[CELLS], offset, first, end, stride)
    return float(distinct if term == T_RUN_DISTINCT else most), moves


@kernel
def sum_until(plan: Ints, state: State, leaf: int, base: int, now: int, against: float, moves: int) -> int:
    """Return when a rolling sum of numbers that are not negative falls to the other side of ``against``.

    ``moves`` is when it first falls at all. Adding up from the latest entry back, one entry is the first to matter.
    """
    if plan[leaf + L_WINDOW] != W_ROLLING or moves == HIGH:
        return moves
    strict = plan[leaf + L_COMPARE] in (GT, LE)
    head = state.rows[base + plan[leaf + L_SLOT]]
    offset, end = head >> OFFSET, head & ENTRIES
    total = state.arena[offset + 2 * end - 1]
    first = first_after(state.arena, offset, end, 2, now - plan[leaf + L_OLDER])
    low, high = first, end
    while low < high:
        middle = (low + high) >> 1
        rest = float(total - state.arena[offset + 2 * middle + 1]) / 1e6
        if (rest > against) if strict else (rest >= against):
            low = middle + 1
        else:
            high = middle
    if low == end:
        return HIGH
    whole = total if first == 0 else total - state.arena[offset + 2 * first - 1]
    if low == first and not ((float(whole) / 1e6 > against) if strict else (float(whole) / 1e6 >= against)):
        return HIGH
    return state.arena[offset + 2 * low] + plan[leaf + L_OLDER]


@small
def held_since(state: State, word: int) -> int:
    """Return since when the last value of a run of writes, null included, has been held; LOW when there is none."""
    head = state.rows[word]
    offset, i = head >> OFFSET, (head & ENTRIES) - 1
    if i < 0:
        return LOW
    code = state.arena[offset + 3 * i + 2]
    while i > 0 and state.arena[offset + 3 * i - 1] == code:
        i -= 1
    return state.arena[offset + 3 * i]


@small
def instant_of(plan: Ints, tables: Tables, state: State, leaf: int, base: int, now: int) -> tuple[int, int]:
    """Return the instant a term speaks of (LOW: missing), and how long it stays the same."""
    term, word = plan[leaf + L_TERM], base + plan[leaf + L_SLOT]
    if term in (T_ELAPSED, T_INSTANT):
        at = state.rows[word]
        return LOW if at == HIGH else at, HIGH
    if term == T_ELAPSED_CODE:
        code = state.rows[word]
        return LOW if code < 0 else tables.instants[plan[leaf + L_TABLE] + code], HIGH
    if term == T_ELAPSED_SINCE:
        return held_since(state, word), HIGH
    first, end, moves = span_of(plan, state, leaf, base, now)
    if first == end:
        return LOW, moves
    offset, stride = state.rows[word] >> OFFSET, plan[leaf + L_STRIDE]
    if term in (T_ELAPSED_FIRST, T_FIRST_AT):
        return state.arena[offset + first * stride], moves
    return state.arena[offset + (end - 1) * stride], moves


@small
def crossing(at: int, number: float, now: int) -> int:
    """Return the first instant after ``now`` at which the time since ``at`` passes ``number`` microseconds."""
    if not abs(number) < 4e18:
        return HIGH
    reached = at + math.ceil(number)
    if reached > now:
        return reached
    passed = at + math.floor(number) + 1
    return passed if passed > now else HIGH


@small
def units_until(plan: Ints, tables: Tables, state: State, leaf: int, base: int, now: int) -> tuple[float, int]:
    """Return the calendar units until a trait's instant, and when the present unit ends."""
    code = state.rows[base + plan[leaf + L_SLOT]]
    if code < 0:
        return MISSING, HIGH
    there = tables.instants[plan[leaf + L_TABLE] + code]
    if there == LOW:
        return MISSING, HIGH
    calendar = plan[leaf + L_CALENDAR]
    unit = unit_at(plan, calendar, now)
    following = start_of(plan, calendar, unit + 1)
    if plan[leaf + L_TERM] == T_ANNIVERSARY:
        return float(days_until_return(unit, there)), following
    return float(there - unit), following


@kernel
def number_of(
    plan: Ints, tables: Tables, state: State, leaf: int, base: int, now: int, against: float
) -> tuple[float, int]:
    """Return the term's number (NaN: missing), and how long it surely compares alike with ``against``."""
    term, word = plan[leaf + L_TERM], base + plan[leaf + L_SLOT]
    if term == T_SLOT:
        return float(state.rows[word]), HIGH
    if term == T_SUM:
        return total_of(state, word) / 1e6, HIGH
    if term == T_MEAN:
        numbers = state.rows[word + 1] & NUMBERS
        return MISSING if numbers == 0 else total_of(state, word) / 1e6 / float(numbers), HIGH
    if term == T_FLOAT:
        return float_of(state.rows[word]), HIGH
    if term == T_NUMBER:
        code = state.rows[word]
        return MISSING if code < 0 else tables.numbers[plan[leaf + L_TABLE] + code], HIGH
    if term in (T_UNTIL, T_ANNIVERSARY):
        return units_until(plan, tables, state, leaf, base, now)
    if term >= T_RUN_COUNT and term <= T_RUN_FREQUENT:
        return number_of_run(plan, tables, state, leaf, base, now)
    at, moves = instant_of(plan, tables, state, leaf, base, now)
    if at == LOW:
        return MISSING, moves
    if term >= T_FIRST_AT:
        return np.float64(at), moves
    return np.float64(now - at), min(moves, crossing(at, against, now))

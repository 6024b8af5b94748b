"""One arrival after another: what is due fires, summaries are kept, segments that may have changed are asked again."""

from __future__ import annotations

from coterie.segments.live.arena import block_words
from coterie.segments.live.evaluation import evaluate
from coterie.segments.live.layout import (
    B_CAUSE,
    B_CLASS,
    B_RECEIVED,
    B_ROW,
    BUCKET,
    C_SEGMENTS,
    C_SEGMENTS_END,
    C_STORES,
    C_STORES_END,
    CLOCK,
    DUE,
    FIRST,
    FIRST_END,
    LOW,
    M_CHANGES,
    M_LARGEST,
    M_STAMP,
    M_TOP,
    RUNS,
    S_SEGMENTS,
    S_SEGMENTS_END,
    SEGMENTS,
    WIDTH,
    Batch,
    Ints,
    State,
    Tables,
    kernel,
    small,
    whole,
)
from coterie.segments.live.prefetch import to_cache
from coterie.segments.live.summaries import keep
from coterie.segments.live.timers import bound_of, flip, is_member, settle
from coterie.segments.live.wheel import arm

AHEAD = 12
"""Arrivals between asking for a row and needing it."""
LINE = 8
NEARBY = 64
"""Words of a cache line, and how many of a row are asked for."""


@small
def review(
    plan: Ints, tables: Tables, state: State, out: Ints, profile: int, segment: int, at: int, cause: int, arrival: int
) -> None:
    """The profile's membership of the segment is as it should be at ``at``, and so is its due bound."""
    base = profile * plan[WIDTH]
    holds, until = evaluate(plan, tables, state, segment, base, at)
    if holds != is_member(state, base, segment):
        flip(plan, state, out, profile, segment, at, cause, arrival, state.meta[M_STAMP])
    bound = bound_of(until)
    state.timers[2 * base + plan[DUE] + segment] = bound
    if bound < whole(state.timers[2 * base + 2]):
        state.timers[2 * base + 2] = bound


@small
def rearm(state: State, base: int, profile: int) -> None:
    """The wheel shows the profile by its least due bound."""
    least = state.timers[2 * base + 2]
    if least < state.timers[2 * base + 3]:
        state.timers[2 * base + 3] = least
        arm(state, profile, whole(least))


@small
def touch(
    plan: Ints, tables: Tables, state: State, batch: Batch, out: Ints, e: int, profile: int, all_of: bool
) -> None:
    """Event ``e`` is remembered, and every segment it may concern (or ``all_of`` them) has been reviewed."""
    base, now, group = profile * plan[WIDTH], batch.columns[B_RECEIVED, e], batch.columns[B_CLASS, e]
    state.meta[M_STAMP] += 1
    stamp = state.meta[M_STAMP]
    fresh = state.rows[base + CLOCK] == LOW
    state.rows[base + CLOCK] = now
    for k in range(plan[group + C_STORES], plan[group + C_STORES_END]):
        store = plan[k]
        news = keep(plan, tables, state, batch, e, store, base)
        if news != 0:
            for s in range(plan[store + S_SEGMENTS], plan[store + S_SEGMENTS_END]):
                segment, ways = plan[s] >> 2, plan[s] & 3
                if ways == 3 or news == 2 or is_member(state, base, segment) == (ways == 2):
                    state.scratch[segment] = stamp
    cause = batch.columns[B_CAUSE, e]
    if fresh or all_of:
        for s in range(plan[FIRST], plan[FIRST_END]):
            state.scratch[plan[s]] = stamp
        for segment in range(plan[SEGMENTS]):
            if all_of or state.scratch[segment] == stamp:
                review(plan, tables, state, out, profile, segment, now, cause, e)
    else:
        for s in range(plan[group + C_SEGMENTS], plan[group + C_SEGMENTS_END]):
            segment = plan[s]
            if state.scratch[segment] == stamp:
                review(plan, tables, state, out, profile, segment, now, cause, e)
    rearm(state, base, profile)


@small
def fetch(plan: Ints, state: State, base: int) -> None:
    """The words of a row are on their way to the cache."""
    for word in range(base, base + min(plan[WIDTH], NEARBY), LINE):
        to_cache(state.rows, word)


@small
def has_room(plan: Ints, state: State, out: Ints) -> bool:
    """Return whether the arena and the list of changes can take whatever one more arrival brings."""
    words = plan[RUNS] * block_words(state.meta[M_LARGEST] + 1)
    if state.meta[M_TOP] + words > state.arena.shape[0]:
        return False
    return state.meta[M_CHANGES] + 2 * plan[SEGMENTS] <= out.shape[0]


@kernel
def step(plan: Ints, tables: Tables, state: State, batch: Batch, out: Ints, begin: int, end: int) -> int:
    """Return the first arrival of ``begin`` to ``end`` not applied yet; it waits for room."""
    width, timers = plan[WIDTH], state.timers
    for e in range(begin, end):
        if e + AHEAD < end:
            fetch(plan, state, batch.columns[B_ROW, e + AHEAD] * width)
        profile = batch.columns[B_ROW, e]
        if profile < 0:
            continue
        now = batch.columns[B_RECEIVED, e]
        if whole(timers[2 * profile * width + 2]) <= now >> BUCKET and not settle(
            plan, tables, state, out, profile, now
        ):
            return e
        if not has_room(plan, state, out):
            return e
        touch(plan, tables, state, batch, out, e, profile, False)
    return end


@kernel
def fold(plan: Ints, tables: Tables, state: State, batch: Batch, begin: int, end: int) -> int:
    """As ``step``, but only summaries are kept: no timer fires, nothing is evaluated."""
    for e in range(begin, end):
        profile, group = batch.columns[B_ROW, e], batch.columns[B_CLASS, e]
        words = plan[RUNS] * block_words(state.meta[M_LARGEST] + 1)
        if state.meta[M_TOP] + words > state.arena.shape[0]:
            return e
        if profile >= 0:
            for k in range(plan[group + C_STORES], plan[group + C_STORES_END]):
                keep(plan, tables, state, batch, e, plan[k], profile * plan[WIDTH])
    return end


@kernel
def review_all(plan: Ints, tables: Tables, state: State, out: Ints, begin: int, end: int, at: int, cause: int) -> int:
    """Return the first profile of ``begin`` to ``end`` whose segments are not all reviewed at ``at`` for want of room."""
    segments, width = plan[SEGMENTS], plan[WIDTH]
    for profile in range(begin, end):
        base = profile * width
        if state.rows[base + CLOCK] == LOW:
            continue
        if state.meta[M_CHANGES] + segments > out.shape[0]:
            return profile
        state.meta[M_STAMP] += 1
        state.rows[base + CLOCK] = at
        for segment in range(segments):
            review(plan, tables, state, out, profile, segment, at, cause, -1)
        rearm(state, base, profile)
    return end
